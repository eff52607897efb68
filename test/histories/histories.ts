/** The recorded histories: which there are, what each is to show, and the simulated run that it is made of. */

import type { Fault, SettingValues } from '../../simulations/index.js'
import type { EventType } from '../../src/events/vocabulary.js'

export interface HistoryCase {
  /** Of its file, beside which no other lies. */
  readonly name: string
  readonly about: string
  readonly seed: number
  /** What a flash crowd is to be, beside `SMALL`. */
  readonly settings: SettingValues
  readonly faults: readonly Fault[]
  /** Whose log it is: a leecher or a seed, by its number. */
  readonly of: { readonly leecher: number } | { readonly seed: number }
  /** It has events of all of these types. */
  readonly has: readonly EventType[]
}

export const SMALL: SettingValues = { peers: 3, contentBytes: 300_000, pieceLength: 32_768, recordedNodes: 100 }
/** A decision is seen in few events as well as in many. */
export const HISTORY_BYTES_MAX = 100_000

const slowLines = { uploadRate: 20_000, seedUploadRate: 20_000, downloadRate: 80_000 } as const

export const HISTORIES: readonly HistoryCase[] = [
  {
    name: 'plain-download',
    about: 'a download of ten pieces from a seed and two others',
    seed: 1,
    settings: {},
    faults: [],
    of: { leecher: 0 },
    has: ['announce-answered', 'piece-stored', 'pieces-announced', 'seeding-began', 'block-served'],
  },
  {
    name: 'choking',
    about: 'a downloader among sixteen, with fewer slots than there are peers who want one',
    seed: 2,
    settings: { peers: 16, contentBytes: 400_000, ...slowLines },
    faults: [],
    of: { leecher: 0 },
    has: ['choke-sent', 'unchoke-sent', 'optimistic-chosen', 'choke-round-ended', 'choke-received'],
  },
  {
    name: 'choking-of-a-seed',
    about: 'a seed whom sixteen peers want blocks from',
    seed: 3,
    settings: { peers: 16, ...slowLines },
    faults: [],
    of: { seed: 0 },
    has: ['choke-sent', 'unchoke-sent', 'optimistic-chosen', 'request-received', 'block-served'],
  },
  {
    name: 'endgame',
    about: 'the last blocks asked of two peers, as one of them is slow',
    seed: 4,
    settings: { peers: 3, seeds: 2, contentBytes: 400_000, downloadRate: 400_000 },
    faults: [{ kind: 'slow', node: 2, times: 50, atSeconds: 0.5, forSeconds: 60 }],
    of: { leecher: 0 },
    has: ['requests-cancelled'],
  },
  {
    name: 'corrupt-peer',
    about: 'a peer that spoils blocks, found out and banned',
    seed: 1,
    settings: { poisoners: 1 },
    faults: [],
    of: { leecher: 0 },
    has: ['piece-rejected', 'address-banned'],
  },
  {
    name: 'crash-and-resume',
    about: 'a process that is killed, and a loss of power after it',
    seed: 6,
    settings: { uploadRate: 60_000, seedUploadRate: 60_000 },
    faults: [
      { kind: 'crash', how: 'process', node: 2, atSeconds: 2, forSeconds: 1 },
      { kind: 'crash', how: 'power', node: 2, atSeconds: 5, forSeconds: 15 },
    ],
    of: { leecher: 0 },
    has: ['check-began', 'piece-checked', 'check-ended'],
  },
  {
    name: 'tracker-failures',
    about: 'trackers that refuse, are silent and answer nonsense while a download goes on',
    seed: 7,
    settings: { trackers: 3, trackerIntervalSeconds: 10, contentBytes: 200_000, ...slowLines },
    faults: [
      { kind: 'tracker', mood: 'refusing', atSeconds: 0, forSeconds: 6 },
      { kind: 'tracker', mood: 'silent', atSeconds: 8, forSeconds: 20 },
      { kind: 'tracker', mood: 'wrong', atSeconds: 30, forSeconds: 15 },
    ],
    of: { leecher: 0 },
    has: ['announce-failed', 'announce-answered'],
  },
  {
    name: 'disk-full',
    about: 'a disk that is full, and has room again',
    seed: 8,
    settings: {},
    faults: [{ kind: 'disk', node: 2, code: 'ENOSPC', oneIn: 1, atSeconds: 0.7, forSeconds: 5 }],
    of: { leecher: 0 },
    has: ['transfer-failed', 'resumed', 'piece-dropped'],
  },
]
