/** Folds: what one event makes of the state. */
import type { Instant } from '../values.js'
import type { TransferState } from './state.js'
import type { EventOf, EventType } from './vocabulary.js'

/** What one event makes of the state, in place. `state.at` is still the time of the event before. */
export type Fold<Type extends EventType> = (state: TransferState, event: EventOf<Type>, at: Instant) => void
export type Folds<Types extends EventType = EventType> = { readonly [Type in Types]: Fold<Type> }
