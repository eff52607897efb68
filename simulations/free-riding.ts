/** Free riding: an engine that takes from others as any, and never unchokes anybody. */
import type { Strategy } from '../src/actors/strategy.js'

export const freeRiding = (strategy: Strategy): Strategy => ({
  ...strategy,
  chooseSlots: () => ({ unchoke: [], choke: [], optimistic: undefined }),
  fillSlots: () => [],
})
