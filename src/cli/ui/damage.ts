/** Damage: what the page is told of a history that cannot be read, or not to its end. */
import { messageOf, TorrewindError } from '../../errors.js'
import { CapsuleFault } from '../../replay/capsule-damage.js'
import { LogDamage } from '../../store/log-damage.js'
import type { Damage } from './page-types.js'

/** Whatever a history that was written by others makes of those who fold it is damage. */
export const damageOf = (error: unknown): Damage => {
  const code = error instanceof TorrewindError ? error.code : 'LOG_DAMAGED'
  const message = messageOf(error)
  if (error instanceof LogDamage) return { code, message, reason: error.reason, seq: error.seq, nextSeq: error.nextSeq }
  if (!(error instanceof CapsuleFault)) return { code, message, reason: message }
  return { code, message, reason: error.reason, seq: error.readable?.seq, nextSeq: error.readable?.nextSeq }
}
