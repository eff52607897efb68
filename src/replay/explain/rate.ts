/** Rates: whether a limit of the user's bounds what comes. */
import { rateOf } from '../../events/meter.js'
import { type Claim, claim, showRate, type View } from './claim.js'
import { lastOf } from './evidence.js'

/** Of its limit a rate reaches no more than this where the limit is what holds it. */
const AT_THE_LIMIT = 0.85

/** The limit is that of the whole engine: other transfers may take a part of it. */
export const rateClaims = ({ state, now }: View): readonly Claim[] => {
  const { download } = state.limits
  if (download === 0) return []
  const rate = rateOf(state.downloaded, now)
  if (rate < AT_THE_LIMIT * download) return []
  const text = `${showRate(rate)} come, and the limit is ${showRate(download)} over all transfers`
  return [claim('rate-limited', text, lastOf('limits-set', undefined, { inSession: false }))]
}
