/** Torrewind itself, as a user has it: the built command line in a process of its own, read through `--json`. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Child } from './child.js'
import { type Client, GET_BOUND_MS, type GetJob, type SeedJob, START_BOUND_MS, type Tracker } from './client.js'
import { type JsonLine, numberOf, textOf, waitForJson } from './json.js'
import { LOOPBACK, type Place } from './place.js'
import type { Rig } from './rig.js'

export const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
const available = (): string | undefined =>
  existsSync(MAIN) ? undefined : 'dist/src/cli/main.js is not there (npm run build)'

/** Tests ask nobody beyond this machine, unless that is what they are about. */
const KEPT_IN: readonly string[] = ['--no-dht', '--no-lsd', '--no-upnp']

export const startTorrewind = (rig: Rig, place: Place, command: string, ...args: string[]): Child =>
  rig.start({
    name: `torrewind ${command}`,
    command: process.execPath,
    args: [
      ...['--enable-source-maps', MAIN, command],
      ...(['seed', 'get'].includes(command) ? KEPT_IN : []),
      ...[...args, '--json'],
    ],
    place,
  })

/** The last line of `get`. */
export interface GetDone {
  readonly bytes: number
  readonly downloadedBytes: number
  readonly wastedBytes: number
  readonly rehashedPieces: number
}

const readDone = (line: JsonLine): GetDone => {
  if (line.verified !== true) throw new Error(`done, but not verified: ${JSON.stringify(line)}`)
  return {
    bytes: numberOf(line, 'bytes'),
    downloadedBytes: numberOf(line, 'downloadedBytes'),
    wastedBytes: numberOf(line, 'wastedBytes'),
    rehashedPieces: numberOf(line, 'rehashedPieces'),
  }
}

export interface Getting {
  readonly child: Child
  readonly dir: string
  readonly data: string
  done(boundMs?: number): Promise<GetDone>
}

/** Starts `get`; run it with the `dir` and `data` of an earlier one to go on with that. */
export const startGet = async (job: GetJob, earlier?: Pick<Getting, 'dir' | 'data'>): Promise<Getting> => {
  const { rig, sample, place = LOOPBACK, peers = [], stay = false } = job
  const { dir, data } = earlier ?? { dir: await rig.folder('torrewind'), data: await rig.folder('torrewind-data') }
  const more = [...peers.flatMap((peer) => ['--peer', peer]), ...(stay ? ['--seed'] : [])]
  const child = startTorrewind(rig, place, 'get', sample.torrent, '-d', dir, '--data', data, '--port', '0', ...more)
  return {
    child,
    dir,
    data,
    done: async (boundMs = GET_BOUND_MS) => {
      const done = readDone(await waitForJson(child, 'done', boundMs))
      if (stay) return done
      const { code } = await child.end(START_BOUND_MS)
      if (code !== 0) throw child.failure(`ended with ${code} after it was done`)
      return done
    },
  }
}

const startSeed = async (job: SeedJob): Promise<{ child: Child; address: string }> => {
  const { rig, sample, dir, place = LOOPBACK, uploadLimit } = job
  const data = await rig.folder('torrewind-data')
  const limit = uploadLimit === undefined ? [] : ['--upload-limit', `${uploadLimit}`]
  const args = [sample.torrent, '--path', dir, '--data', data, '--port', '0', ...limit]
  const child = startTorrewind(rig, place, 'seed', ...args)
  const port = numberOf(await waitForJson(child, 'listening', START_BOUND_MS), 'port')
  await waitForJson(child, 'seeding', START_BOUND_MS)
  return { child, address: `${place.host}:${port}` }
}

export const torrewind: Client = {
  name: 'Torrewind',
  ours: true,
  available,
  seed: startSeed,
  get: async (job) => {
    const getting = await startGet(job)
    await getting.done(job.boundMs)
    return { dir: getting.dir }
  },
}

export interface Created {
  readonly torrent: string
  readonly infoHash: string
  readonly infoHashV2: string
  readonly bytes: number
  readonly pieces: number
}

/** Makes a .torrent of a file or folder with our own `create`. */
export const create = async (rig: Rig, root: string, ...options: string[]): Promise<Created> => {
  const torrent = path.join(await rig.folder('created'), 'made by torrewind.torrent')
  const child = startTorrewind(rig, LOOPBACK, 'create', root, '-o', torrent, ...options)
  const line = await waitForJson(child, 'created', START_BOUND_MS)
  const { code } = await child.end(START_BOUND_MS)
  if (code !== 0) throw child.failure(`ended with ${code} after it was done`)
  return {
    torrent,
    infoHash: line.infoHashV1 === null ? '' : textOf(line, 'infoHashV1'),
    infoHashV2: line.infoHashV2 === null ? '' : textOf(line, 'infoHashV2'),
    bytes: numberOf(line, 'bytes'),
    pieces: numberOf(line, 'pieces'),
  }
}

const WAYS = { http: '', udp: ' over UDP', ws: ' over WebSocket' } as const
type Way = keyof typeof WAYS

/** One tracker, and where it is announced to over each protocol. */
export const startTracker = async (rig: Rig, place: Place): Promise<Readonly<Record<Way, string>>> => {
  const child = startTorrewind(rig, place, 'tracker', '--host', place.host, '--http', '0', '--udp', '0', '--ws')
  const line = await waitForJson(child, 'listening', START_BOUND_MS)
  const urlOver = (way: Way): string => `${way}://${place.host}:${numberOf(line, way)}/announce`
  return { http: urlOver('http'), udp: urlOver('udp'), ws: urlOver('ws') }
}

const trackerOver = (way: Way): Tracker => ({
  name: `Torrewind's tracker${WAYS[way]}`,
  ours: true,
  available,
  track: async (rig, _samples, place = LOOPBACK) => (await startTracker(rig, place))[way],
})

export const torrewindTracker = trackerOver('http')
export const torrewindTrackerOverUdp = trackerOver('udp')
export const torrewindTrackerOverWebSocket = trackerOver('ws')
