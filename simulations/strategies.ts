/** Strategies: the picker and the choker that a scenario puts in place of the engine's own, and what they become. */
import { OURS, type Strategy } from '../src/actors/strategy.js'
import type { Asking } from './answers.js'
import { type Choker, chokerOf } from './choker.js'
import { type Picker, pickerOf } from './picker.js'

/** Each must be a function of its view alone: what it remembers from call to call makes runs differ. */
export interface Strategies {
  readonly picker?: Picker | undefined
  readonly choker?: Choker | undefined
}

/** The strategy of one engine. */
export const strategyOf = ({ picker, choker }: Strategies, asking: Asking): Strategy => ({
  ...OURS,
  ...(picker === undefined ? {} : { pickBlocks: pickerOf(picker, asking) }),
  ...(choker === undefined ? {} : chokerOf(choker, asking)),
})
