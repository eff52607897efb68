/** The log store in memory, with the semantics of the one on disk: for tests and simulations. */
import type { Clock, LogStore } from '../ports.js'
import { ShelfStore } from './log-store.js'
import { MemoryMedium } from './memory-medium.js'
import { MemoryShelf, type MemoryWorld } from './memory-shelf.js'

/**
 * Opens the logs on a medium. Commits take the clock's time, none but a turn unless the world says otherwise. Opening
 * the same medium again is what a restart after a crash is: whatever was not committed is lost, and the former store
 * does nothing more.
 */
export const createMemoryLogStore = (
  clock: Clock,
  medium: MemoryMedium = new MemoryMedium(),
  world?: MemoryWorld,
): LogStore => new ShelfStore(new MemoryShelf(medium, clock, world), clock)
