/** Merging: the capsules of two peers of one swarm, in one order of causes and effects. */
import { TorrewindError } from '../../errors.js'
import { LIMITS } from '../../limits.js'
import { equalBytes, type PeerKey } from '../../values.js'
import type { Capsule } from '../capsule.js'
import { causesOf } from './causes.js'
import { type Offset, offsetsOf } from './clocks.js'
import { conversationsOf } from './conversations.js'
import { linksBetween } from './links.js'
import { type MergedEvent, type MergeTally, timelineOf } from './timeline.js'

export interface MergedLink {
  /** The connection, as each of the two numbers it. */
  readonly a: PeerKey
  readonly b: PeerKey
  /** By what it was found that they are the same. */
  readonly by: 'peer ids' | 'conversation'
  /** Messages that both sides tell of. */
  readonly messages: number
}

export interface Merged {
  /** Connections between the two. */
  readonly links: readonly MergedLink[]
  /** How far the clock of `b` is ahead of that of `a`; another one from where it was set, or ran away. */
  readonly offsets: readonly Offset[]
  /** In words, what cannot be known of the order of the events. */
  readonly unknown: readonly string[]
  /** Effects that could not be put after their causes, so far. */
  readonly contradictions: number
  /** All events of both, in order. To be read once. */
  events(): AsyncGenerator<MergedEvent, void, undefined>
}

const unknownOf = (links: readonly MergedLink[], offsets: readonly Offset[]): readonly string[] => {
  if (links.length === 0)
    return [
      'no connection between the two was found: their clocks are taken to be equal, and nothing orders their events',
    ]
  const said: string[] = []
  const uncertain = offsets.map(({ uncertaintyMs }) => uncertaintyMs)
  if (uncertain.includes(undefined))
    said.push('messages went in one direction only: how far the clocks are apart is known from one side alone')
  const most = Math.max(0, ...uncertain.map((each) => each ?? 0))
  said.push(
    `how long a message takes in each direction: only both together are known, and the clocks may be ${most} ms further apart or closer`,
    'the order of two events of the two sides that no message lies between, where they are less than that apart',
  )
  if (offsets.length > 1)
    said.push(`when exactly a clock was set or ran away: ${offsets.length} distances between them were found`)
  return said
}

const checkSame = (a: Capsule, b: Capsule): void => {
  const geometry = ({ root: { of } }: Capsule) => `${of.pieceLength}/${of.totalBytes}`
  const known = !a.root.redacted && !b.root.redacted
  if (geometry(a) !== geometry(b) || (known && !equalBytes(a.root.of.infoHash, b.root.of.infoHash)))
    throw new TorrewindError('OPTION_INVALID', 'the two capsules are of different torrents')
  for (const { root } of [a, b])
    if (root.endSeq - root.firstSeq > LIMITS.mergeEventsMax) {
      const reason = `a capsule has more than ${LIMITS.mergeEventsMax} events, which are too many to be merged`
      throw new TorrewindError(
        'OPTION_INVALID',
        `${reason}; \`capsule export --capsule FILE --from --to\` takes a part`,
      )
    }
}

/** Throws `OPTION_INVALID` where they are of different torrents, and as reading them does. */
export const mergeCapsules = async (a: Capsule, b: Capsule): Promise<Merged> => {
  checkSame(a, b)
  const [of, others] = [
    await conversationsOf(a.reader, a.root.firstSeq),
    await conversationsOf(b.reader, b.root.firstSeq),
  ]
  const links = linksBetween(of, others, !a.root.redacted && !b.root.redacted)
  const causes = causesOf(links)
  const offsets = offsetsOf(causes)
  const shown = links.map(({ a: one, b: other, by, messages }) => ({ a: one.peer, b: other.peer, by, messages }))
  const tally: MergeTally = { contradictions: 0 }
  return {
    links: shown,
    offsets,
    unknown: unknownOf(shown, offsets),
    get contradictions() {
      return tally.contradictions
    },
    events: () => timelineOf(a.reader.read(a.root.firstSeq), b.reader.read(b.root.firstSeq), causes, offsets, tally),
  }
}
