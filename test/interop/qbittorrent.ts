/**
 * qBittorrent 4.5, from Debian's `qbittorrent-nox`: told what to do over its web interface, as its users do. Its engine is
 * libtorrent 2; what it adds is what people meet: the magnets that they copy from it, its settings, its limits.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import type { Child } from './child.js'
import { GET_BOUND_MS, missing, type Peer, START_BOUND_MS } from './client.js'
import { networkUnavailable } from './network.js'
import { LOOPBACK, type Place } from './place.js'
import { freePort } from './ports.js'
import { type Rig, until } from './rig.js'

const CALL_BOUND_MS = 5_000

export const qbittorrent: Peer = {
  name: 'qBittorrent',
  available: () => missing('qbittorrent-nox', 'Debian: apt-get install qbittorrent-nox'),
}

/** Network namespaces, which a network that can be pulled out is made of. */
export const namespaces: Peer = {
  name: 'network namespaces',
  available: () => missing('ip', 'Debian: apt-get install iproute2') ?? networkUnavailable(),
}

export interface QbittorrentOptions {
  readonly place?: Place
  /** As its settings say: 0 prefers encryption, 1 requires it, 2 has none. */
  readonly encryption?: 0 | 1 | 2
  readonly protocol?: 'Both' | 'TCP' | 'UTP'
}

/** What it says of a torrent, as far as tests ask. */
export interface QbittorrentTorrent {
  readonly hash: string
  readonly state: string
  readonly progress: number
  readonly magnet_uri: string
  readonly uploaded: number
  readonly downloaded: number
}

export interface Qbittorrent {
  readonly child: Child
  /** Where it takes peers. */
  readonly address: string
  /** Adds a .torrent file, or a magnet, whose content is, or will be, under `dir`. */
  add(source: string, dir: string): Promise<void>
  /** The torrent of this hash: that of version 1, or the first 20 bytes of that of version 2. */
  torrent(infoHash: string): Promise<QbittorrentTorrent>
  /** Resolves when the torrent is whole and serving. */
  seeding(infoHash: string, boundMs?: number): Promise<QbittorrentTorrent>
  /** The same, and it lets peers in, which it does a second after it says so. It must take them without encryption. */
  serving(infoHash: string): Promise<QbittorrentTorrent>
  addPeer(infoHash: string, address: string): Promise<void>
  /** Bytes a second over all torrents. */
  limitUpload(rate: number): Promise<void>
}

/** Whether somebody who asks for this torrent there has an answer. */
const letsIn = (host: string, port: number, infoHash: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: CALL_BOUND_MS })
    const settle = (answer: boolean) => (): void => {
      socket.destroy()
      resolve(answer)
    }
    const hash = Buffer.from(infoHash, 'hex')
    socket.write(Buffer.concat([Buffer.from('\x13BitTorrent protocol'), Buffer.alloc(8), hash, Buffer.alloc(20, 1)]))
    socket.on('data', settle(true)).on('close', settle(false)).on('error', settle(false)).on('timeout', settle(false))
  })

const settings = ({ place = LOOPBACK, encryption = 0, protocol = 'Both' }: QbittorrentOptions, ports: Ports): string =>
  `[BitTorrent]
Session\\Port=${ports.peers}
Session\\BTProtocol=${protocol}
Session\\Encryption=${encryption}
Session\\DHTEnabled=false
Session\\LSDEnabled=false
Session\\PeXEnabled=false
Session\\QueueingSystemEnabled=false
Session\\MultiConnectionsPerIp=true

[LegalNotice]
Accepted=true

[Network]
PortForwardingEnabled=false

[Preferences]
WebUI\\Address=${place.host}
WebUI\\Port=${ports.web}
WebUI\\UPnP=false
WebUI\\LocalHostAuth=false
WebUI\\AuthSubnetWhitelistEnabled=true
WebUI\\AuthSubnetWhitelist=127.0.0.0/8, 198.18.0.0/15
`

interface Ports {
  readonly peers: number
  readonly web: number
}

export const startQbittorrent = async (rig: Rig, options: QbittorrentOptions = {}): Promise<Qbittorrent> => {
  const { place = LOOPBACK } = options
  const [profile, ports] = [await rig.folder('qbittorrent'), { peers: await freePort(), web: await freePort() }]
  const config = path.join(profile, 'qBittorrent', 'config')
  await mkdir(config, { recursive: true })
  await writeFile(path.join(config, 'qBittorrent.conf'), settings(options, ports))
  const child = rig.start({
    name: 'qBittorrent',
    command: 'qbittorrent-nox',
    args: [`--profile=${profile}`],
    place,
  })
  const call = async (method: string, form?: Readonly<Record<string, string>> | FormData): Promise<string> => {
    const body = form === undefined || form instanceof FormData ? form : new URLSearchParams(form)
    const request = { signal: AbortSignal.timeout(CALL_BOUND_MS), ...(body !== undefined && { method: 'POST', body }) }
    const reply = await fetch(`http://${place.host}:${ports.web}/api/v2/${method}`, request)
    const text = await reply.text()
    if (!reply.ok || text === 'Fails.') throw child.failure(`answered ${reply.status} "${text}" to ${method}`)
    return text
  }
  const listed = async (infoHash: string): Promise<QbittorrentTorrent | undefined> => {
    const torrents = JSON.parse(await call('torrents/info')) as QbittorrentTorrent[]
    return torrents.find(({ hash }) => hash === infoHash)
  }
  await until(
    'qBittorrent answering',
    () =>
      call('app/version').then(
        () => true,
        () => undefined,
      ),
    START_BOUND_MS,
  )
  const seeding = (infoHash: string, boundMs = GET_BOUND_MS): Promise<QbittorrentTorrent> =>
    until(
      `qBittorrent seeding ${infoHash}`,
      async () => {
        const torrent = await listed(infoHash)
        return torrent?.progress === 1 && /UP$|uploading/.test(torrent.state) ? torrent : undefined
      },
      boundMs,
    )
  return {
    child,
    address: `${place.host}:${ports.peers}`,
    add: async (source, dir) => {
      const form = new FormData()
      if (source.startsWith('magnet:')) form.set('urls', source)
      else form.set('torrents', new Blob([await readFile(source)]), 'a.torrent')
      form.set('savepath', dir)
      await call('torrents/add', form)
    },
    torrent: (infoHash) => until(`qBittorrent having ${infoHash}`, () => listed(infoHash), START_BOUND_MS),
    seeding,
    serving: async (infoHash) => {
      const torrent = await seeding(infoHash)
      const admitted = async () => (await letsIn(place.host, ports.peers, infoHash)) || undefined
      await until(`qBittorrent serving ${infoHash}`, admitted, START_BOUND_MS)
      return torrent
    },
    addPeer: async (infoHash, address) => {
      await call('torrents/addPeers', { hashes: infoHash, peers: address })
    },
    limitUpload: async (rate) => {
      await call('transfer/setUploadLimit', { limit: `${rate}` })
    },
  }
}
