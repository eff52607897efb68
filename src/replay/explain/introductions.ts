/** Introductions: why offers of connections that trackers pass on (WebRTC) led to nobody. */
import type { TransferState } from '../../events/state.js'
import type { EventOf } from '../../events/vocabulary.js'
import { type Claim, claim, showMany } from './claim.js'
import { lastOf } from './evidence.js'

type Reason = EventOf<'introduction-failed'>['reason']

/** Nobody was found; and: somebody was, and there is no connection all the same. */
const NOBODY: readonly Reason[] = ['unanswered', 'tracker-lost', 'withdrawn']
const NO_CONNECTION: readonly Reason[] = ['not-described', 'unreadable', 'unreachable', 'timeout']

const WORDS: Readonly<Record<Reason, string>> = {
  'not-described': 'of which our side could not be described',
  unanswered: 'that nobody answered in time',
  'tracker-lost': 'lost with the connection to the tracker',
  withdrawn: 'taken back by us',
  unreadable: 'with a description that nobody can read',
  unreachable: 'between addresses that do not reach each other',
  timeout: 'that took too long',
}

const CITED = 5

/** How many of these there were, and in words. */
const countOf = (
  { introductions: { failed } }: Readonly<TransferState>,
  reasons: readonly Reason[],
): readonly [count: number, words: string] => {
  const there = reasons.flatMap((reason) => {
    const count = failed.get(reason) ?? 0
    return count === 0 ? [] : [{ count, words: `${count} ${WORDS[reason]}` }]
  })
  return [there.reduce((sum, { count }) => sum + count, 0), there.map(({ words }) => words).join(', ')]
}

const failedFor = (reasons: readonly Reason[]) =>
  lastOf('introduction-failed', ({ reason }) => reasons.includes(reason), { count: CITED })

export const ofIntroductions = (state: Readonly<TransferState>): readonly Claim[] => {
  const { offered, answered } = state.introductions
  const claims: Claim[] = []
  const [lost, why] = countOf(state, NOBODY)
  if (offered > 0 && answered === 0) {
    const became = lost === 0 ? 'all of them wait for an answer' : why
    const text = `${showMany(offered, 'offer')} of a connection went to trackers, and nobody answered: ${became}`
    claims.push(claim('offers-unanswered', text, lastOf('offers-made'), failedFor(NOBODY)))
  }
  const [failed, words] = countOf(state, NO_CONNECTION)
  if (failed > 0) {
    const text = `${showMany(failed, 'introduction')} came to no connection: ${words}`
    claims.push(claim('introductions-failed', text, lastOf('offer-answered'), failedFor(NO_CONNECTION)))
  }
  return claims
}
