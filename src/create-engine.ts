/** createEngine: the engine on the real ports of this machine. */
import type { BlocklistSource, Engine, EngineOptions } from './api.js'
import { TorrentEngine } from './engine.js'
import { TorrewindError } from './errors.js'
import { readConnectionLimits } from './goals.js'
import { LIMITS } from './limits.js'
import { readBlocklistFile } from './node/blocklist-file.js'
import { nodeClock } from './node/clock.js'
import { loadDataChannels } from './node/data-channels.js'
import { defaultDataFolder, dhtFile, logFolder } from './node/machine.js'
import { nodePorts } from './node/ports.js'
import { readableOf } from './node/readable.js'
import { readTorrentFile } from './node/torrent-file.js'
import type { DataChannels } from './ports.js'
import { readQueueBounds } from './queue.js'
import type { Retention } from './replay/compact.js'
import { openLevelLogStore } from './store/level-log.js'
import type { Encryption } from './transports/dialing.js'
import type { TransportSettings } from './transports/transports.js'
import { isAddress, type PeerAddress } from './values.js'
import { VERSION } from './version.js'
import { AddressFilter, type Blocklist, BlocklistReader } from './wire/blocklist.js'
import { LOCAL_REQUESTS, type LocalRequests } from './wire/networks.js'
import { readProxy } from './wire/proxy.js'

const wholeWithin = (value: number | undefined, most: number, option: string): number => {
  if (value === undefined) return 0
  if (Number.isSafeInteger(value) && value >= 0 && value <= most) return value
  throw new TorrewindError('OPTION_INVALID', `${option} must be a whole number from 0 to ${most}, not ${value}`)
}

/** Throws `OPTION_INVALID`. */
const readRetention = (retention: Retention | undefined): Retention | undefined => {
  if (retention === undefined) return undefined
  for (const [name, value] of Object.entries(retention)) {
    if (name !== 'maxAgeMs' && name !== 'maxBytes')
      throw new TorrewindError('OPTION_INVALID', `retention has maxAgeMs and maxBytes, and no ${name}`)
    wholeWithin(value, Number.MAX_SAFE_INTEGER, `retention.${name}`)
  }
  return retention
}

const ENCRYPTIONS: readonly Encryption[] = ['off', 'prefer', 'require']

/** Throws `OPTION_INVALID`. */
const readEncryption = (encryption: Encryption | undefined): Encryption => {
  if (encryption === undefined) return 'prefer'
  if (ENCRYPTIONS.includes(encryption)) return encryption
  throw new TorrewindError('OPTION_INVALID', `encryption is one of ${ENCRYPTIONS.join(', ')}, not ${encryption}`)
}

/** Throws `OPTION_INVALID`. */
const readTransports = ({ encryption, tcp, utp, proxy: url }: EngineOptions): TransportSettings => {
  const proxy = url === undefined ? undefined : readProxy(String(url))
  if (url !== undefined && proxy === undefined)
    throw new TorrewindError('OPTION_INVALID', 'proxy is socks5://[USER:PASSWORD@]HOST[:PORT], or the same with http')
  if (proxy !== undefined && tcp === false)
    throw new TorrewindError('OPTION_INVALID', 'through a proxy peers are reached by tcp alone, which is switched off')
  if (tcp === false && utp === false)
    throw new TorrewindError('OPTION_INVALID', 'peers can be reached by tcp or by utp, and one of them must be left on')
  return { encryption: readEncryption(encryption), tcp: tcp !== false, utp: utp !== false, proxy }
}

/** Throws `OPTION_INVALID`. */
const readBootstrap = (nodes: EngineOptions['dhtBootstrap']): readonly PeerAddress[] | undefined => {
  for (const address of nodes ?? [])
    if (!isAddress(address))
      throw new TorrewindError('OPTION_INVALID', `no node of the DHT can be at ${JSON.stringify(address)}`)
  return nodes
}

const isLoopback = (host: string | undefined): boolean =>
  host !== undefined && (host === 'localhost' || host === '::1' || host.startsWith('127.'))

/** Throws `OPTION_INVALID`. */
const readLocalRequests = (value: LocalRequests | undefined): LocalRequests => {
  if (value === undefined || LOCAL_REQUESTS.includes(value)) return value ?? 'limited'
  throw new TorrewindError(
    'OPTION_INVALID',
    `localRequests is one of ${LOCAL_REQUESTS.join(', ')}, not ${String(value)}`,
  )
}

/** Throws `BLOCKLIST_UNREADABLE` or `OPTION_INVALID`. */
const readBlocklist = async ({ files = [], ranges = [] }: BlocklistSource): Promise<Blocklist> => {
  const reader = new BlocklistReader()
  for (const list of [files, ranges])
    if (!Array.isArray(list)) throw new TorrewindError('OPTION_INVALID', 'files and ranges of a blocklist are lists')
  for (const file of files) await readBlocklistFile(file, reader)
  for (const line of ranges) reader.line(String(line))
  return reader.finish()
}

const STUN_SERVER = /^stun:(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i

/** Throws `OPTION_INVALID` or `WEBRTC_MISSING`. */
const readWebRtc = (
  { webrtc, stunServers = [], host, proxy }: EngineOptions,
  isBlocked: (host: string) => boolean,
): DataChannels | undefined => {
  const isWrong = !Array.isArray(stunServers) || stunServers.length > LIMITS.webRtcStunServersMax
  const wrong = isWrong ? String(stunServers) : stunServers.find((url) => !STUN_SERVER.test(String(url)))
  if (wrong !== undefined)
    throw new TorrewindError(
      'OPTION_INVALID',
      `stunServers are at most ${LIMITS.webRtcStunServersMax} as stun:HOST:PORT, not ${wrong}`,
    )
  if (webrtc !== true) return undefined
  if (proxy !== undefined)
    throw new TorrewindError('OPTION_INVALID', 'through a proxy peers are reached by tcp alone, and not by webrtc')
  return loadDataChannels({ host: isEverywhere(host) ? undefined : host, stunServers, isBlocked })
}

/** All addresses of the machine. */
const isEverywhere = (host: string | undefined): boolean => host === '0.0.0.0' || host === '::'

const MEETING_NOBODY: EngineOptions = {
  ...{ host: '127.0.0.1', port: 0, proxy: undefined },
  ...{ lsd: false, pex: false, dht: false, portMapping: false, webrtc: false },
}

/**
 * Opens the data folder and listens. Throws `DATA_LOCKED`, `DATA_UNUSABLE`, `LOG_VERSION`, `PORT_TAKEN`, `WEBRTC_MISSING`
 * or `OPTION_INVALID`.
 */
export const createEngine = async (asked: EngineOptions = {}): Promise<Engine> => {
  const isOffline = asked.offline === true
  const options = isOffline ? { ...asked, ...MEETING_NOBODY } : asked
  const port = wholeWithin(options.port, 65_535, 'port')
  const downloadLimit = wholeWithin(options.downloadLimit, Number.MAX_SAFE_INTEGER, 'downloadLimit')
  const uploadLimit = wholeWithin(options.uploadLimit, Number.MAX_SAFE_INTEGER, 'uploadLimit')
  const retention = readRetention(options.retention)
  const leaseMs = options.portMappingLeaseMs ?? LIMITS.portMappingLeaseMs
  if (
    !Number.isSafeInteger(leaseMs) ||
    leaseMs < LIMITS.portMappingLeaseMinMs ||
    leaseMs > LIMITS.portMappingLeaseMaxMs
  )
    throw new TorrewindError(
      'OPTION_INVALID',
      `portMappingLeaseMs must be from ${LIMITS.portMappingLeaseMinMs} to ${LIMITS.portMappingLeaseMaxMs}, not ${leaseMs}`,
    )
  if (options.dataDir === '') throw new TorrewindError('OPTION_INVALID', 'dataDir must be the path of a folder')
  const transports = { ...readTransports(options), ...(isOffline ? { tcp: false, utp: false } : {}) }
  const filter = new AddressFilter()
  if (options.blocklist !== undefined) filter.set(await readBlocklist(options.blocklist))
  const rules = { local: readLocalRequests(options.localRequests), isBlocked: (host: string) => filter.refuses(host) }
  const channels = readWebRtc(options, rules.isBlocked)
  const dataFolder = options.dataDir ?? defaultDataFolder()
  const logs = await openLevelLogStore(logFolder(dataFolder), nodeClock(), { sync: options.syncLog === true })
  const onLoopback = isLoopback(options.host)
  // Nothing goes around a proxy.
  const isDirect = transports.proxy === undefined
  return TorrentEngine.open({
    ports: nodePorts(
      logs,
      isEverywhere(options.host) ? undefined : options.host,
      dhtFile(dataFolder),
      rules,
      transports.proxy,
      channels,
    ),
    filter,
    readBlocklist,
    version: VERSION,
    readTorrentFile,
    makeStream: readableOf,
    port,
    host: options.host,
    retention,
    connections: readConnectionLimits(options.connections ?? {}),
    queue: readQueueBounds(options.queue ?? {}),
    offline: isOffline,
    downloadLimit,
    uploadLimit,
    transports,
    reach: {
      lsd: (options.lsd ?? !onLoopback) && isDirect,
      pex: options.pex ?? !onLoopback,
      dht: (options.dht ?? !onLoopback) && isDirect ? { bootstrap: readBootstrap(options.dhtBootstrap) } : undefined,
      portMappingLeaseMs: options.portMapping !== false && !onLoopback && isDirect ? leaseMs : undefined,
    },
  })
}
