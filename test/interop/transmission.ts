/**
 * Transmission 3.00, from Debian's `transmission-daemon`: one daemon for any number of torrents, told what to do over
 * its JSON interface. It looks at interest and chokes every 10 s only, so one daemon takes all torrents at once.
 * It needs a place of its own in a network: see there. Files of no bytes it never makes.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Child } from './child.js'
import { missing, type Peer, START_BOUND_MS } from './client.js'
import type { Sample } from './corpus.js'
import { networkUnavailable } from './network.js'
import type { Place } from './place.js'
import { freePort } from './ports.js'
import { type Rig, until } from './rig.js'

const CALL_BOUND_MS = 5_000
const PULSE_MS = 10_000
export const TRANSMISSION_BOUND_MS = 6 * PULSE_MS

export const transmission: Peer = {
  name: 'Transmission',
  available: () =>
    missing('transmission-daemon', 'Debian: apt-get install transmission-daemon') ??
    missing('ip', 'Debian: apt-get install iproute2') ??
    networkUnavailable(),
}

export interface TransmissionDaemon {
  readonly place: Place
  /** Where it takes peers. */
  readonly address: string
  /** Adds a torrent whose content is, or will be, under `dir`. */
  add(sample: Pick<Sample, 'torrent' | 'infoHash'>, dir: string): Promise<void>
  /** Resolves when the torrent is whole, checked and seeding; called for content that is there already, it checks that. */
  complete(sample: Pick<Sample, 'name' | 'infoHash'>, boundMs?: number): Promise<void>
  /** Resolves when the torrent's tracker has answered an announce. */
  announced(sample: Pick<Sample, 'name' | 'infoHash'>): Promise<void>
}

interface TorrentState {
  readonly hashString: string
  readonly percentDone: number
  readonly status: number
  readonly errorString: string
  readonly trackerStats: readonly { readonly lastAnnounceSucceeded: boolean; readonly lastAnnounceResult: string }[]
}

/** `status` of a torrent that is complete and serving. */
const STATUS_SEED = 6

const settings = (host: string, rpcPort: number, peerPort: number, dir: string) => ({
  'bind-address-ipv4': host,
  'blocklist-enabled': false,
  'cache-size-mb': 4,
  'dht-enabled': false,
  'download-dir': dir,
  // No more than five torrents at once, it would be.
  'download-queue-enabled': false,
  encryption: 0,
  'lpd-enabled': false,
  'peer-port': peerPort,
  'peer-port-random-on-start': false,
  'pex-enabled': false,
  'port-forwarding-enabled': false,
  'ratio-limit-enabled': false,
  'rpc-authentication-required': false,
  'rpc-bind-address': host,
  'rpc-enabled': true,
  'rpc-host-whitelist-enabled': false,
  'rpc-port': rpcPort,
  'rpc-whitelist-enabled': false,
  'speed-limit-down-enabled': false,
  'speed-limit-up-enabled': false,
  'trash-original-torrent-files': false,
  'utp-enabled': false,
})

/** Calls of the daemon's JSON interface, each with a bound. */
class Remote {
  #session = ''
  constructor(readonly url: string) {}

  async call(method: string, args: object): Promise<Record<string, unknown>> {
    const body = JSON.stringify({ method, arguments: args })
    for (let tries = 0; tries < 2; tries++) {
      const headers = { 'x-transmission-session-id': this.#session }
      const reply = await fetch(this.url, { method: 'POST', body, headers, signal: AbortSignal.timeout(CALL_BOUND_MS) })
      if (reply.status === 409) {
        // The first call is refused, and is told what to say from now on.
        this.#session = reply.headers.get('x-transmission-session-id') ?? ''
        await reply.body?.cancel()
        continue
      }
      const answer = (await reply.json()) as { result: string; arguments: Record<string, unknown> }
      if (answer.result !== 'success') throw new Error(`Transmission on ${method}: ${answer.result}`)
      return answer.arguments
    }
    throw new Error(`Transmission refuses ${method}`)
  }
}

export const startTransmission = async (rig: Rig, place: Place): Promise<TransmissionDaemon> => {
  const [config, rpcPort, peerPort] = [await rig.folder('transmission'), await freePort(), await freePort()]
  const downloads = path.join(config, 'downloads')
  await mkdir(downloads)
  await writeFile(
    path.join(config, 'settings.json'),
    JSON.stringify(settings(place.host, rpcPort, peerPort, downloads)),
  )
  const child: Child = rig.start({
    name: 'Transmission',
    command: 'transmission-daemon',
    args: ['--foreground', '--log-info', '--config-dir', config],
    place,
  })
  const remote = new Remote(`http://${place.host}:${rpcPort}/transmission/rpc`)
  await until(
    'Transmission answering',
    () =>
      remote.call('session-get', {}).then(
        () => true,
        () => undefined,
      ),
    START_BOUND_MS,
  )
  const stateOf = async ({ infoHash }: Pick<Sample, 'infoHash'>): Promise<TorrentState | undefined> => {
    const fields = ['hashString', 'percentDone', 'status', 'errorString', 'trackerStats']
    const { torrents } = await remote.call('torrent-get', { ids: [infoHash], fields })
    return (torrents as TorrentState[])[0]
  }
  /** Waits until its state is one that will do. */
  const settled = async (
    what: string,
    sample: Pick<Sample, 'name' | 'infoHash'>,
    isSettled: (state: TorrentState) => boolean,
    boundMs: number,
  ): Promise<void> => {
    let last: TorrentState | undefined
    const look = async (): Promise<true | undefined> => {
      last = await stateOf(sample)
      return last !== undefined && isSettled(last) ? true : undefined
    }
    try {
      await until(`Transmission ${what} ${sample.name}`, look, boundMs, 200)
    } catch (error) {
      throw child.failure(`${error instanceof Error ? error.message : error}; last seen ${JSON.stringify(last)}`)
    }
  }
  return {
    place,
    address: `${place.host}:${peerPort}`,
    add: async (sample, dir) => {
      const metainfo = (await readFile(sample.torrent)).toString('base64')
      await remote.call('torrent-add', { metainfo, 'download-dir': dir, paused: false })
    },
    complete: (sample, boundMs = TRANSMISSION_BOUND_MS) =>
      settled('completing', sample, ({ percentDone, status }) => percentDone === 1 && status === STATUS_SEED, boundMs),
    announced: (sample) =>
      settled(
        'announcing',
        sample,
        ({ trackerStats }) => trackerStats.some(({ lastAnnounceSucceeded }) => lastAnnounceSucceeded),
        TRANSMISSION_BOUND_MS,
      ),
  }
}
