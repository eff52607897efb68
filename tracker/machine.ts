/** The clock and the chance of this machine, for a tracker that is given none. */
import { randomBytes, randomInt } from 'node:crypto'

/** Asked for once, as time is with every request. */
const BEGUN_MS = performance.timeOrigin

/** Milliseconds since the epoch, by a clock that nobody sets: an hour put on it would make every peer expire. */
export const machineNow = (): number => Math.floor(BEGUN_MS + performance.now())

/** Milliseconds since the epoch, by the clock on the wall: what tokens expire by, and what people are shown. */
export const machineWallClock = (): number => Date.now()

/** Who is in an answer may be guessed: nothing depends on it. */
export const machineRandom = (below: number): number => Math.floor(Math.random() * below)

/** 32 bits that cannot be guessed. */
export const machineSeed = (): number => randomInt(0x1_0000_0000)

/** So many bytes that cannot be guessed. */
export const machineKey = (length: number): Uint8Array => randomBytes(length)
