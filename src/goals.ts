/** Goals and bounds that users set, read and checked. */
import type { ConnectionBounds, ConnectionLimits, SeedingGoals } from './api.js'
import { TorrewindError } from './errors.js'
import type { TransferState } from './events/state.js'
import { LIMITS } from './limits.js'
import type { SlotLimits } from './slots.js'

const within = (value: number, most: number, name: string): number => {
  if (Number.isFinite(value) && value >= 0 && value <= most) return Math.round(value)
  throw new TorrewindError('OPTION_INVALID', `${name} is from 0 to ${most}, not ${String(value)}`)
}

const YEARS_MS = 1e12

/** What is left out is as before. Throws `OPTION_INVALID`. */
export const readGoals = (goals: SeedingGoals, before: TransferState['goals']): TransferState['goals'] => ({
  ratioPermille:
    goals.ratio === undefined ? before.ratioPermille : within(goals.ratio * 1_000, 1e9, 'a ratio times 1000'),
  seedingMs: goals.seedingMs === undefined ? before.seedingMs : within(goals.seedingMs, YEARS_MS, 'seedingMs'),
})

/** The same of connections. */
export const readBounds = (bounds: ConnectionBounds, before: TransferState['bounds']): TransferState['bounds'] => ({
  peersMax: bounds.maxPeers === undefined ? before.peersMax : within(bounds.maxPeers, LIMITS.peersCeiling, 'maxPeers'),
  uploadSlots:
    bounds.uploadSlots === undefined
      ? before.uploadSlots
      : within(bounds.uploadSlots, LIMITS.peersCeiling, 'uploadSlots'),
})

/** Of all transfers of an engine; what is left out is by default. Throws `OPTION_INVALID`. */
export const readConnectionLimits = ({ maxConnections, maxHalfOpen }: ConnectionLimits): SlotLimits => {
  const limits = {
    maxConnections: maxConnections ?? LIMITS.engineConnectionsMax,
    maxHalfOpen: maxHalfOpen ?? LIMITS.engineHalfOpenMax,
  }
  for (const [name, value] of Object.entries(limits))
    if (!Number.isSafeInteger(value) || value < 0 || value > LIMITS.connectionsCeiling)
      throw new TorrewindError(
        'OPTION_INVALID',
        `${name} is a whole number from 0 to ${LIMITS.connectionsCeiling}, not ${String(value)}`,
      )
  return limits
}
