/** Evidence: the events that prove what an explanation says, found from its moment backwards. */
import type { LoggedEvent } from '../../events/codec.js'
import type { EventOf, EventType, TransferEvent } from '../../events/vocabulary.js'
import type { History } from '../history.js'

/** An event that would prove something: the last one that fits, or the last few. */
export interface Sought {
  readonly type: EventType
  readonly fits: (event: TransferEvent) => boolean
  readonly count: number
  /** Earlier sessions prove nothing about it. */
  readonly inSession: boolean
}

export const lastOf = <Type extends EventType>(
  type: Type,
  fits: (event: EventOf<Type>) => boolean = () => true,
  { count = 1, inSession = true }: { readonly count?: number; readonly inSession?: boolean } = {},
): Sought => ({ type, fits: (event) => event.type === type && fits(event as EventOf<Type>), count, inSession })

/** The numbers of the events for each that is sought, oldest first. Goes back no further than it must. */
export const findEvidence = async (
  history: History,
  before: number,
  sought: readonly Sought[],
): Promise<ReadonlyMap<Sought, readonly number[]>> => {
  const found = new Map<Sought, number[]>(sought.map((each) => [each, []]))
  const open = new Map<EventType, Set<Sought>>()
  for (const each of sought) open.set(each.type, (open.get(each.type) ?? new Set()).add(each))
  if (open.size === 0) return found
  const settle = (each: Sought): void => {
    const left = open.get(each.type)
    left?.delete(each)
    if (left?.size === 0) open.delete(each.type)
  }
  const look = ({ seq, event }: LoggedEvent): void => {
    for (const each of open.get(event.type) ?? []) {
      if (!each.fits(event)) continue
      const seqs = found.get(each) ?? []
      seqs.unshift(seq)
      if (seqs.length === each.count) settle(each)
    }
    if (event.type === 'session-began') for (const each of sought) if (each.inSession) settle(each)
  }
  for await (const events of history.backwards(before))
    for (const logged of events) {
      look(logged)
      if (open.size === 0) return found
    }
  return found
}
