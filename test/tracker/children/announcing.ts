/**
 * Announces peers to a store in the folder of its first argument, for ever, and prints after each hundred how many peers
 * it has told of and when. Its parent kills it.
 */
import { writeSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { LevelDatabase } from '../../../tracker/level-database.js'
import { LevelStore } from '../../../tracker/level-store.js'
import { peer, seeded } from '../swarm-world.js'

const database = await LevelDatabase.open(process.argv[2] ?? '')
const settings = { intervalSeconds: 1_800, hashSeed: 1 }
const store = await LevelStore.open(database, {
  settings,
  random: seeded(1),
  nowMs: Date.now(),
  delayMs: Number(process.argv[3]),
  onFailed: ({ code }) => writeSync(1, `failed ${code}\n`),
})
for (let number = store.stats(Date.now()).peers + 1; ; number++) {
  store.announce(peer(number, { numwant: 0, leftBytes: number % 2 }), Date.now())
  if (number % 100 === 0) {
    writeSync(1, `${number} ${Date.now()}\n`)
    // Slower than a database can write.
    await setTimeout(2)
  }
}
