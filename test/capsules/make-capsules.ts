/**
 * How the capsules of this folder were made: `node --import tsx test/capsules/make-capsules.ts`. They are not made anew
 * when the engine changes; that they were written by an older one is what they are good for.
 */
import { writeFile } from 'node:fs/promises'
import type { EventType } from '../../src/events/vocabulary.js'
import type { CapsuleSource } from '../../src/replay/capsule-writer.js'
import { capsuleOf, type Simulated, simulated } from '../replay/simulated.js'

const nodeWith = ({ histories }: Simulated, type: EventType, times: number): number =>
  histories.findIndex((events) => events.filter(({ event }) => event.type === type).length >= times)

const write = async (name: string, run: Simulated, node: number, options: Partial<CapsuleSource>): Promise<void> =>
  writeFile(new URL(name, import.meta.url), await capsuleOf(run, node, options))

const poisoned = await simulated('poisoners', 1, { peers: 3, contentBytes: 300_000, pieceLength: 65_536 })
await write('poisoned.car', poisoned, nodeWith(poisoned, 'address-banned', 1), { redact: true })
const settings = { peers: 3, contentBytes: 400_000, pieceLength: 32_768, faultSeconds: 60 }
const storm = await simulated('crash-storm', 1, settings)
await write('crashed.car', storm, nodeWith(storm, 'session-began', 2), { about: { seed: 1, settings } })
