/** Rates: whether a limit of the user's bounds what comes. */
import { rateOf } from '../../events/meter.js'
import { type Claim, claim, showRate, type View } from './claim.js'
import { lastOf } from './evidence.js'

/** Of its limit a rate reaches no more than this where the limit is what holds it. */
const AT_THE_LIMIT = 0.85

/** The limit is that of the whole engine: other transfers may take a part of it. */
export const rateClaims = ({ state, now }: View): readonly Claim[] => {
  const rate = rateOf(state.downloaded, now)
  const isHeldBy = (limit: number): boolean => limit > 0 && rate >= AT_THE_LIMIT * limit
  const claims: Claim[] = []
  const { download: own } = state.ownLimits
  const { download: shared } = state.limits
  if (isHeldBy(own)) {
    const text = `${showRate(rate)} come, and the limit of this transfer is ${showRate(own)}`
    claims.push(claim('own-rate-limited', text, lastOf('transfer-limits-set', undefined, { inSession: false })))
  }
  if (isHeldBy(shared)) {
    const text = `${showRate(rate)} come, and the limit is ${showRate(shared)} over all transfers`
    claims.push(claim('rate-limited', text, lastOf('limits-set', undefined, { inSession: false })))
  }
  return claims
}
