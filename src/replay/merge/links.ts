/**
 * Links: which connection of one log is which of the other.
 *
 * Where both sides say who they are, their peer ids tell. Where one was redacted, the conversation does: what one side
 * heard over a connection is the beginning of what the other said over it, and no two conversations about blocks are alike.
 */
import type { Conversation, Messages } from './conversations.js'

export interface Link {
  readonly a: Conversation
  readonly b: Conversation
  readonly by: 'peer ids' | 'conversation'
  /** Messages of which both sides tell. */
  readonly messages: number
}

/** So many requests and blocks make a conversation that nobody else had. */
const PAYLOADS_MIN = 4

const timesOf = (messages: Messages): number => {
  let times = 0
  for (const { length } of messages.values()) times += length
  return times
}

/** Of what was received, how much was sent. */
const common = (sent: Messages, received: Messages, prefix = ''): number => {
  let times = 0
  for (const [word, told] of received)
    if (word.startsWith(prefix)) times += Math.min(told.length, sent.get(word)?.length ?? 0)
  return times
}

/** Of all pairs most are told apart by the first request or block that either side heard. */
const mayBeSame = (a: Conversation, b: Conversation): boolean =>
  (a.firstHeard === undefined || b.sent.has(a.firstHeard)) && (b.firstHeard === undefined || a.sent.has(b.firstHeard))

const linkOf = (a: Conversation, b: Conversation, identified: boolean): Link | undefined => {
  if (a.dialed === b.dialed) return undefined
  if (identified ? a.otherId !== b.ownId || b.otherId !== a.ownId : !mayBeSame(a, b)) return undefined
  const messages = common(a.sent, b.received) + common(b.sent, a.received)
  if (identified) return messages > 0 ? { a, b, by: 'peer ids', messages } : undefined
  const heard = timesOf(a.received) + timesOf(b.received)
  const payloads = ['request', 'block'].reduce(
    (sum, word) => sum + common(a.sent, b.received, word) + common(b.sent, a.received, word),
    0,
  )
  // What one side heard the other must have said, but for what was said before the first event.
  return payloads >= PAYLOADS_MIN && messages >= 0.9 * heard ? { a, b, by: 'conversation', messages } : undefined
}

/** Each connection is linked once at most, and those with the most in common first. */
export const linksBetween = (
  of: readonly Conversation[],
  others: readonly Conversation[],
  identified: boolean,
): readonly Link[] => {
  const found: Link[] = []
  for (const a of of)
    for (const b of others) {
      const link = linkOf(a, b, identified)
      if (link !== undefined) found.push(link)
    }
  const taken = new Set<Conversation>()
  return found
    .sort((left, right) => right.messages - left.messages)
    .filter(({ a, b }) => {
      if (taken.has(a) || taken.has(b)) return false
      taken.add(a).add(b)
      return true
    })
    .sort((left, right) => left.a.peer - right.a.peer)
}
