/** Causes: which event of one log must have come before which of the other, as a message is sent before it is received. */
import type { Conversation, Told } from './conversations.js'
import type { Link } from './links.js'

export type Side = 'a' | 'b'

export interface Cause {
  /** The side on which it happened; its effect is on the other. */
  readonly side: Side
  readonly cause: Told
  readonly effect: Told
  /**
   * That a block was served is known when the system has let go of it, which may be after it arrived: it is shown before
   * its effect where that is possible, and says nothing of the clocks.
   */
  readonly certain: boolean
}

/** The same thing is said and heard in the same order over one connection, and what is lost is lost at its end. */
function* between(side: Side, from: Conversation, to: Conversation): Generator<Cause> {
  for (const [word, effects] of to.received) {
    const isBlock = word.startsWith('block ')
    const asked = isBlock ? from.received.get(word.replace('block', 'request')) : undefined
    const said = from.sent.get(word)
    for (const [at, effect] of effects.entries()) {
      const request = asked?.[at]
      // A block goes out after its request came in, whenever it is known to have gone.
      if (request !== undefined) yield { side, cause: request, effect, certain: true }
      const cause = said?.[at]
      if (cause !== undefined) yield { side, cause, effect, certain: !isBlock }
    }
  }
}

export const causesOf = (links: readonly Link[]): readonly Cause[] =>
  links.flatMap(({ a, b }) => [...between('a', a, b), ...between('b', b, a)])
