/**
 * Rewinds a transfer that a data folder has: folds its events again from the first one, shows when its pieces came and
 * from whom, and compares the state with the one that the engine says it had then.
 *
 *   node --import tsx examples/rewind.ts DATA TORRENT FOLDER      (as `download.ts` left them: FOLDER/.torrewind is DATA)
 */
import { createEngine } from 'torrewind'
import { evolve, initialState, stateHash } from 'torrewind/replay'

const [dataDir, torrent, path] = process.argv.slice(2)
if (dataDir === undefined || torrent === undefined || path === undefined) {
  console.error('usage: rewind.ts DATA TORRENT FOLDER')
  process.exit(2)
}

const engine = await createEngine({ dataDir, host: '127.0.0.1' })
const transfer = await engine.add(torrent, { path })
const last = transfer.state.nextSeq - 1

const state = initialState()
const bytesFrom = new Map<string, number>()
for await (const logged of transfer.events({ from: 0, to: last })) {
  evolve(state, logged)
  const { at, event } = logged
  if (event.type === 'session-began') console.log(`${new Date(at).toISOString()} session ${event.session}`)
  if (event.type === 'block-received') {
    const client = state.peers.get(event.peer)?.client ?? 'somebody'
    bytesFrom.set(client, (bytesFrom.get(client) ?? 0) + event.length)
  }
  if (event.type === 'piece-stored') {
    console.log(
      `${new Date(at).toISOString()} piece ${event.piece}, ${state.stored.count} of ${state.geometry.pieceCount}`,
    )
  }
}
for (const [client, bytes] of bytesFrom) console.log(`${bytes} bytes from ${client}`)

const same = stateHash(state) === stateHash(await transfer.stateAt(last))
console.log(`folded ${last + 1} events; the same state as the engine's: ${same}`)
await engine.close()
if (!same) process.exitCode = 1
