/** What the tests ask of every client, whoever wrote it: to seed a torrent, and to fetch one. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Sample } from './corpus.js'
import type { Place } from './place.js'
import type { Rig } from './rig.js'

/** What a test runs against: something real that may not be on this machine, or Torrewind itself. */
export interface Peer {
  readonly name: string
  /** Torrewind: where it is missing, that is a failure everywhere. */
  readonly ours?: true
  /** Why it cannot be used here; undefined where it can. */
  available(): string | undefined
}

export interface Job {
  readonly rig: Rig
  readonly sample: Pick<Sample, 'torrent' | 'name' | 'infoHash'>
  readonly place?: Place
}

export interface SeedJob extends Job {
  /** The folder that holds the content under the torrent's name. */
  readonly dir: string
  /** Bytes a second, for tests that must meet a download half way. */
  readonly uploadLimit?: number
}

export interface GetJob extends Job {
  /** `HOST:PORT` of peers to dial; those that the torrent's trackers know come on top. */
  readonly peers?: readonly string[]
  /** Go on serving after the last byte. */
  readonly stay?: boolean
  readonly boundMs?: number
}

export interface Seeding {
  /** `HOST:PORT` where it takes connections. */
  readonly address: string
}

export interface Fetched {
  /** The folder that holds the content under the torrent's name. */
  readonly dir: string
}

/** A client of which the tests need both directions. */
export interface Client extends Peer {
  /** Resolves as soon as it serves. */
  seed(job: SeedJob): Promise<Seeding>
  /** Resolves when every byte is stored. */
  get(job: GetJob): Promise<Fetched>
}

export interface Tracker extends Peer {
  /** Resolves with its announce URL as soon as it answers for these torrents. */
  track(rig: Rig, samples: readonly Pick<Sample, 'infoHash'>[], place?: Place): Promise<string>
}

export const GET_BOUND_MS = 40_000
export const START_BOUND_MS = 15_000

/** Why a program cannot be run; undefined where it can. Looked for and not run: not every program knows `--version`. */
export const missing = (program: string, hint: string): string | undefined => {
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  const found = folders.some((folder) => existsSync(path.join(folder, program)))
  return found ? undefined : `no program \`${program}\` on the path (${hint})`
}
