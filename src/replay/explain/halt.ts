/** A halt: why a transfer as a whole does not fetch, whatever there is to fetch. */
import { type Claim, claim, showMany, type View } from './claim.js'
import { findEvidence, lastOf } from './evidence.js'

const pause = lastOf('paused')
const goal = lastOf('goal-reached')
const waiting = lastOf('queued')
const endOfSession = lastOf('session-ended')

/** Between sessions a transfer is stopped, and for a moment at the beginning of each. */
const ofStopped = async ({ state, history }: View): Promise<Claim> => {
  const found = await findEvidence(history, state.nextSeq, [endOfSession])
  return state.session > 0 && found.get(endOfSession)?.length === 0
    ? claim('starting', 'the session has begun, and its files are yet to be looked at', lastOf('session-began'))
    : claim('not-running', 'no process has the transfer open', endOfSession)
}

/** Undefined where the transfer is fetching or serving. */
export const haltOf = async (view: View): Promise<Claim | undefined> => {
  const { state, history } = view
  const { tags } = state.standing
  if (tags.paused === true) {
    const found = await findEvidence(history, state.nextSeq, [pause, goal])
    const [pausedAt = -1] = found.get(pause) ?? []
    return found.get(goal)?.[0] === pausedAt - 1
      ? claim('enough-seeded', 'the ratio or the time to seed that the user set was reached', goal, pause)
      : claim('paused', 'the user paused the transfer', pause)
  }
  if (tags.failed === true && state.metadata !== undefined && !/^(?:LOG|DISK)_/.test(state.failure?.code ?? ''))
    return claim('metadata-unusable', state.failure?.message ?? 'they are of no use', lastOf('transfer-failed'))
  if (tags.failed === true) {
    const code = state.failure?.code === 'DISK_FULL' ? 'disk-full' : 'disk-failed'
    return claim(code, state.failure?.message ?? 'the disk failed', lastOf('transfer-failed'))
  }
  if (tags.ending === true) return claim('ending', 'the session is being closed', lastOf('session-ending'))
  if (tags.checking === true) {
    const left = showMany(state.checking.count, 'piece')
    return claim('being-checked', `what is on disk is being checked: ${left} left`, lastOf('check-began'))
  }
  if (tags.stopped === true && state.queued !== undefined) {
    const { of, most } = state.queued
    if (most === 0) return claim('queued', 'the engine is offline: nothing is fetched or served', waiting)
    const rule = most === 1 ? `one of the ${of} may be active` : `${most} of the ${of} may be active`
    return claim('queued', `${rule} at one time, and others come first`, waiting)
  }
  return tags.stopped === true ? ofStopped(view) : undefined
}
