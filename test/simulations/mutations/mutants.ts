/** Mutants: engines with one bug each, made by a change of one place in the sources, and what is to find each bug. */
import type { Fault } from '../../../simulations/index.js'

export interface Mutant {
  readonly bug: string
  readonly file: string
  /** Is there once. */
  readonly from: string
  readonly to: string
  /** Any of these finds it. */
  readonly found: readonly string[]
  /** In a run of one of so many seeds, from 1 on. */
  readonly within: number
  /** `everything-at-once`, where it is left out. */
  readonly scenario?: string
  /** What the runs are like, beside `COMMON`. */
  readonly settings: Readonly<Record<string, string | number>>
  /** In place of what is drawn. */
  readonly faults?: readonly Fault[]
}

/** Small runs, so that many seeds are soon tried. */
export const COMMON = {
  peers: 4,
  seeds: 1,
  poisoners: 0,
  hostiles: 0,
  contentBytes: 400_000,
  pieceLength: 65_536,
  faultSeconds: 20,
} as const

/** Where chance takes many seeds to draw what it takes. */
const BLACKOUTS: readonly Fault[] = [10, 26, 42].flatMap((atSeconds) =>
  [2, 3, 4].map((node): Fault => ({ kind: 'crash', how: 'power', node, atSeconds: atSeconds + node, forSeconds: 1 })),
)
/** Of the scenario `queue`: users who move, pause and bound, and crashes. */
const QUEUE = { peers: 2, torrents: 4, contentBytes: 130_000, faultSeconds: 60, faults: 'crash' }
const FLOOD: Fault = { kind: 'hostile', node: 2, manner: 'floods', oneIn: 1, atSeconds: 0, forSeconds: 20 }

export const MUTANTS: readonly Mutant[] = [
  {
    bug: 'takes pieces without looking at their hash',
    file: 'src/piece-work.ts',
    from: "const good = verdict === 'good'",
    to: 'const good = verdict.length > 0',
    found: ['bytesOnDiskRight', 'servedIsRight'],
    within: 3,
    settings: { poisoners: 1, faults: 'slow' },
  },
  {
    bug: 'announces pieces before they are durable',
    file: 'src/actors/transfer.ts',
    from: 'state.unannounced.filter(({ seq }) => seq < committedSeq)',
    to: 'state.unannounced.filter(() => true)',
    found: ['announcedIsDurable'],
    within: 5,
    settings: { faults: 'commits-slow' },
  },
  {
    bug: 'serves blocks of pieces that it has not announced',
    file: 'src/actors/peer-messages.ts',
    from: "if (!state.announced.has(range.piece)) return 'not-stored'",
    to: '',
    found: ['servedIsRight', 'failsOnlyWithItsDisk'],
    within: 2,
    settings: { peers: 2, hostiles: 1, contentBytes: 2_000_000 },
    faults: [FLOOD],
  },
  {
    bug: 'forgets that a request was cancelled',
    file: 'src/actors/peer-messages.ts',
    from: "effects: [{ type: 'withdraw', peer: peer.key, range }],",
    to: '',
    found: ['servesOnlyWhatIsAsked'],
    within: 10,
    settings: { faults: 'slow' },
  },
  {
    bug: 'does not cancel what somebody else brought',
    file: 'src/actors/piece.ts',
    from: 'if (peer.key !== from && peer.requested.has(key))',
    to: 'if (peer.key < 0)',
    found: ['ordersAddUp'],
    within: 5,
    settings: { peers: 8, faults: 'slow' },
  },
  {
    bug: 'goes on asking a peer that chokes it',
    file: 'src/actors/peer-messages.ts',
    from: 'if (tags.peerChoking === true) return NOTHING',
    to: 'if (tags.open === true) return NOTHING',
    found: ['asksOnlyWhenServed'],
    within: 5,
    settings: { peers: 8, faults: 'slow' },
  },
  {
    bug: 'takes a piece for whole before its last block',
    file: 'src/actors/piece.ts',
    from: 'ledger.received + kept.length < ledger.blocks)',
    to: 'ledger.received + kept.length < Math.max(1, ledger.blocks - 1))',
    found: ['noAssertionFails', 'noHonestPeerBanned', 'poisonersAreBanned'],
    within: 2,
    settings: { faults: 'slow' },
  },
  {
    bug: 'counts a block twice',
    file: 'src/events/ledger.ts',
    from: 'ledger.received++',
    to: 'ledger.received += ledger.received === 2 ? 2 : 1',
    found: ['ordersAddUp', 'noAssertionFails', 'noHonestPeerBanned'],
    within: 2,
    settings: { faults: 'crash' },
  },
  {
    bug: 'says that it committed what it did not write',
    file: 'src/store/log-appender.ts',
    from: 'this.#options.commit(parts, (failure)',
    to: 'this.#options.commit(parts.slice(0, endSeq > 200 ? -1 : undefined), (failure)',
    found: ['crashLosesNothing', 'foldGivesLiveState', 'starts', 'noAssertionFails'],
    within: 2,
    settings: { faults: 'crash' },
  },
  {
    bug: 'trusts after a loss of power what was not synced',
    file: 'src/actors/recheck.ts',
    from: 'state.powerLost ? [...state.unsynced, ...state.syncing] : []',
    to: '[]',
    found: ['bytesOnDiskRight', 'servedIsRight', 'failsOnlyWithItsDisk'],
    within: 2,
    settings: { peers: 3, contentBytes: 2_000_000, faultSeconds: 60, uploadRate: 30_000, seedUploadRate: 50_000 },
    faults: BLACKOUTS,
  },
  {
    bug: 'bans who gave the right blocks',
    file: 'src/actors/suspects.ts',
    from: 'fingerprints[block] !== right[block]',
    to: 'fingerprints[block] === right[block]',
    found: ['noHonestPeerBanned', 'poisonersAreBanned'],
    within: 5,
    settings: { peers: 3, poisoners: 6, contentBytes: 1_000_000, faults: 'slow' },
  },
  {
    bug: 'bans nobody whom it has to find out',
    file: 'src/actors/suspects.ts',
    from: 'return [...names]',
    to: 'return []',
    found: ['poisonersAreBanned'],
    within: 5,
    settings: { peers: 3, seeds: 3, poisoners: 2, contentBytes: 2_000_000, pieceLength: 262_144, faults: 'slow' },
  },
  {
    bug: 'keeps on order what a lost peer was to bring',
    file: 'src/events/peers.ts',
    from: 'releaseRequests(state, peer)\n  if (peer.hashesAsked > 0)',
    to: 'if (peer.hashesAsked > 0)',
    found: ['ordersAddUp', 'noAssertionFails'],
    within: 3,
    settings: { faults: 'resets' },
  },
  {
    bug: 'does not go on when a full disk has room again',
    file: 'src/actors/going.ts',
    from: 'if (!state.examined) return NOTHING',
    to: 'if (state.failure !== undefined || !state.examined) return NOTHING',
    found: ['coreFinishes'],
    within: 10,
    settings: { peers: 3, contentBytes: 1_000_000, faultSeconds: 30, faults: 'disk' },
  },
  {
    bug: 'takes any number of requests',
    file: 'src/actors/peer-messages.ts',
    from: "if (peer.asked.size >= LIMITS.requestsServedMax && !peer.asked.has(rangeName(range))) return 'too-many'",
    to: '',
    found: ['noQueuePastItsLimit'],
    within: 2,
    settings: { peers: 1, hostiles: 1, contentBytes: 9_000_000, uploadRate: 1_000_000, seedUploadRate: 1_000_000 },
    faults: [FLOOD],
  },
  {
    bug: 'changes its state without an event',
    file: 'src/actors/piece.ts',
    from: 'const giver = state.peers.get(from)',
    to: 'const giver = state.peers.get(from)\n  Object.assign(state.waste, { late: state.waste.late + 1 })',
    found: ['foldGivesLiveState'],
    within: 1,
    settings: { faults: 'slow' },
  },
  {
    bug: 'remembers something that is in no log',
    file: 'src/actors/peer.ts',
    from: 'orderTarget(peer) - peer.requested.size, random, now)',
    to: `Math.max(1, orderTarget(peer) - peer.requested.size - remembered()), random, now)
  function remembered() {
    const memory = globalThis as unknown as { asked?: number }
    memory.asked = (memory.asked ?? 0) + 1
    return memory.asked % 5
  }`,
    found: ['decidesTheSame'],
    within: 1,
    settings: { faults: 'slow', recordedNodes: 2 },
  },
  {
    bug: 'records another time than it decides by',
    file: 'src/actors/system.ts',
    from: 'this.surroundings.begin?.(now, input)',
    to: 'this.surroundings.begin?.((now + 1) as Instant, input)',
    found: ['decidesTheSame'],
    within: 1,
    settings: { faults: 'slow', recordedNodes: 2 },
  },
  {
    bug: 'lets one more be active than may be',
    file: 'src/queue.ts',
    from: '(left[kind] > 0 ? first : others)',
    to: '(left[kind] >= 0 ? first : others)',
    found: ['neverTooManyActive'],
    within: 2,
    scenario: 'queue',
    settings: QUEUE,
  },
  {
    bug: 'gives no place back when a transfer is complete',
    file: 'src/queue.ts',
    from: "'seeding-began': true,",
    to: '',
    found: ['firstAreActive', 'neverTooManyActive'],
    within: 5,
    scenario: 'queue',
    settings: QUEUE,
  },
  {
    bug: 'keeps a place for who is paused',
    file: 'src/queue.ts',
    from: 'tags.paused !== true && ',
    to: '',
    found: ['firstAreActive'],
    within: 5,
    scenario: 'queue',
    settings: { ...QUEUE, peers: 3, contentBytes: 200_000, faultSeconds: 80 },
  },
  {
    bug: 'does not log to which place of the queue a transfer is moved',
    file: 'src/transfer.ts',
    from: "this.#session.tell({ type: 'place-asked', rank })",
    to: 'void rank',
    found: ['ranksAreTheOrder'],
    within: 2,
    scenario: 'queue',
    settings: QUEUE,
  },
  {
    bug: 'takes up the queue in the order in which transfers are added again',
    file: 'src/queue.ts',
    from: 'if (session > 1) while',
    to: 'if (session > 1_000) while',
    found: ['orderIsKept'],
    within: 5,
    scenario: 'queue',
    settings: QUEUE,
  },
  {
    bug: 'keeps the connections of who waits for a turn',
    file: 'src/actors/going.ts',
    from: "return active === true ? halt(state, [queued], 'queued') : decided({ events: [queued] })",
    to: 'return active === true ? decided({ events: [queued] }) : decided({ events: [queued] })',
    found: ['queuedHasNoPeers', 'queuedIsQuiet'],
    within: 2,
    scenario: 'queue',
    settings: QUEUE,
  },
  {
    bug: 'asks the machine for the time',
    file: 'src/actors/choker.ts',
    from: 'const due = now - state.optimisticAt',
    to: 'const due = Date.now() - state.optimisticAt',
    found: ['noAssertionFails'],
    within: 1,
    settings: { faults: 'slow' },
  },
]
