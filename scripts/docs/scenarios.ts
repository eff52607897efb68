/** The scenarios of simulations and what they set, for the manual. */
import { type Duration, type RunSettings, SCENARIOS, SETTINGS, type Stay } from '../../simulations/index.js'
import { table } from './markdown.js'

const durationWord = (length: Stay): string => {
  switch (length.type) {
    case 'forever':
    case 'session':
      return length.type
    case 'fixed':
      return String(length.seconds)
    case 'exponential':
      return `exponential:${length.mean}`
    case 'weibull':
    case 'pareto':
      return `${length.type}:${length.scale},${length.shape}`
    case 'lognormal':
      return `lognormal:${length.median},${length.sigma}`
    case 'samples':
      return 'trace:FILE'
  }
}

const isDuration = (value: object): value is Duration => 'type' in value

const classWord = ({ name, share, uploadRate, downloadRate }: RunSettings['classes'][number]): string =>
  [name, share, uploadRate, downloadRate].join(':')

/** As `--set` takes it. */
const wordOf = (settings: RunSettings, key: keyof RunSettings): string => {
  const value = settings[key]
  if (typeof value !== 'object') return String(value)
  if (isDuration(value)) return durationWord(value)
  return key === 'classes' ? settings.classes.map(classWord).join('+') : ''
}

const code = (text: string): string => (text === '' ? '' : `\`${text}\``)

const MEANINGS: { readonly [Key in keyof RunSettings]: string } = {
  peers: 'leechers; with a `trace` as many as it has, unless it is said',
  seeds: 'seeds that are there from the start',
  contentBytes: 'size of the content of each torrent',
  pieceLength: 'size of its pieces, from 16384',
  files: 'files of about equal size, that do not end where pieces do',
  torrents: 'torrents of the swarm, each with a content of its own; every peer wants all of them',
  maxDownloads: 'so many of them a leecher fetches at one time, the others wait in its queue; 0 for no bound',
  maxSeeds: 'the same of those that it seeds',
  seedUploadRate: 'bytes a second that each first seed can send; 0 for no limit',
  uploadRate: 'the same of each leecher',
  downloadRate: 'bytes a second that each peer can receive; 0 for no limit',
  classes: 'bandwidth classes of leechers, in place of the two before: see [churn](#churn)',
  roundTripMs: 'from one peer to another and back, decimals allowed',
  jitterMs: 'the most that a segment may take longer, by chance',
  lossRate:
    'share of packets that are lost: of connections, where what follows waits until they were sent again and less is sent from then on, as with TCP; and of datagrams; to 0.5',
  duplicateRate: 'share of datagrams (UDP) that arrive twice',
  reorderRate: 'share of datagrams that take up to 20 ms longer, so that those behind them come first',
  maxPeers: 'the most that each is connected with; with 40, a swarm of 10,000 takes half the memory',
  trackers: 'each a tier of its own; without any, leechers are told the addresses of the seeds',
  trackerIntervalSeconds: 'how often trackers want to hear from each peer',
  webTrackers:
    'trackers over WebSocket, each a tier of its own before the others: peers whom they introduce meet by WebRTC, and by TCP those who can be dialed',
  dht: '1 where all are nodes of the DHT, and begin with the first seed',
  pex: '1 where peers exchange the addresses of others (BEP 11)',
  transport:
    'what carries connections: `tcp`, `utp` (BEP 29) or `both`; near peers, as all are here, are dialed by TCP first',
  encryption:
    'whether they are encrypted: `off`, `prefer` or `require`; not followed by checkers of conversations, then',
  webSeeds: 'web servers that have the content',
  webSeedRate: 'bytes a second of each of their answers; 0 for no limit',
  arrivalsPerSecond: 'leechers arrive one by one at this rate (a Poisson process); 0 for all at once',
  arrivalsDecaySeconds:
    'in place of that, a crowd that thins out: the rate of arrivals falls to 37 % every so many seconds; 0 for none',
  trace: 'a file that says who arrives when and stays for how long, in place of both: see [traces](#traces)',
  sessions: 'how long a leecher stays at a time, unless it finishes: see [churn](#churn)',
  absences: 'how long one that left unfinished is away before it comes back, with what it stored; `forever` for never',
  seedStay:
    'how long a leecher stays once it finished: a duration from then on, or `session`, to the end of its session; it does not come back',
  seedsLeaveAtShare: 'the first seeds leave when the leechers between them have this share of the pieces; 0 for never',
  clubPeers: 'so many of the leechers are there from the start, and have everything but piece 0',
  poisoners: 'seeds that spoil one in 1, 4, 16 or 64 blocks',
  hostiles: 'peers that [faults](#faults) may make hostile',
  hostileHosts: 'addresses that those share; 0 where each has its own',
  natShare: 'share of leechers that nobody can dial',
  format: 'version of the torrent: `v1`, `v2` or `hybrid` (BEP 52)',
  natKind:
    'what lets datagrams through to those: `none`, `full-cone`, `restricted`, `port-restricted`, `symmetric` or `blocked`; see [datagrams](#datagrams)',
  natTimeoutSeconds: 'and for how long after the last that they sent',
  freeRiderShare: 'share of leechers that never serve anybody',
  warmupSeconds: 'when measuring begins: see [what is measured](#what-is-measured)',
  faultSeconds: 'faults are over by then',
  faults: 'kinds of [faults](#faults) to draw, as `crash+disk`; empty for some that chance has',
  limitSeconds: 'the run is given up then; who could have finished and did not is a violation',
  recordedNodes:
    'so many nodes, the first ones, record their inputs; all of their decisions are made again when they end, but for free riders, and for nodes with a picker or choker of yours',
}

export const settingsTable = (): string =>
  table(
    ['Setting', 'Default', 'Meaning'],
    (Object.keys(SETTINGS) as (keyof RunSettings)[]).map((key) => [
      code(key),
      code(wordOf(SETTINGS, key)),
      MEANINGS[key],
    ]),
  )

const changesOf = (defaults: RunSettings): string =>
  (Object.keys(SETTINGS) as (keyof RunSettings)[])
    .filter((key) => wordOf(defaults, key) !== wordOf(SETTINGS, key))
    .map((key) => code(`${key}=${wordOf(defaults, key)}`))
    .join(', ')

export const scenariosTable = (): string =>
  table(
    ['Scenario', 'What it is about', 'Its own defaults'],
    SCENARIOS.map(({ name, summary, defaults }) => [code(name), summary, changesOf(defaults)]),
  )
