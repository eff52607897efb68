/** Where the log cannot keep up, peers are held back, whoever else holds them or lets them go; nothing is lost by it. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrentEngine } from '../../src/engine.js'
import { LIMITS } from '../../src/limits.js'
import { nodeClock } from '../../src/node/clock.js'
import { nodePorts } from '../../src/node/ports.js'
import { readTorrentFile } from '../../src/node/torrent-file.js'
import type { Clock } from '../../src/ports.js'
import { foldLog, stateHash } from '../../src/replay/index.js'
import { createMemoryLogStore } from '../../src/store/memory-log.js'
import { encodeMessage } from '../../src/wire/messages.js'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { allBits, RawPeer } from './raw-peer.js'
import { progressWhen, rigged, within } from './rig.js'

const test = guard(suite('engine: backpressure'))

const content = makeContent({ files: 200_000 })
const { infoHash, pieceCount } = content.metainfo

/** The clock of a log whose commits wait while it is held. */
class HeldClock implements Clock {
  readonly #clock = nodeClock()
  readonly #waiting: (() => void)[] = []
  #held = false

  now: Clock['now'] = () => this.#clock.now()
  wakeAt: Clock['wakeAt'] = (at, callback) => {
    if (!this.#held) return this.#clock.wakeAt(at, callback)
    this.#waiting.push(callback)
    return () => {
      const index = this.#waiting.indexOf(callback)
      if (index >= 0) this.#waiting.splice(index, 1)
    }
  }

  hold(): void {
    this.#held = true
  }

  letGo(): void {
    this.#held = false
    for (const callback of this.#waiting.splice(0)) callback()
  }
}

/** It chokes and unchokes until it is known to say nothing else. */
const EVENTS_OF_A_FLOODER = 2 * LIMITS.chatterMax

/** Two events for ten bytes, for as long as somebody reads them. */
const flood = (() => {
  const turn = Buffer.concat([encodeMessage({ type: 'unchoke' }), encodeMessage({ type: 'choke' })])
  return Buffer.concat(Array.from({ length: 100_000 }, () => turn))
})()

for (const downloadLimit of [0, 2_000_000])
  test(
    `backpressure: a flood waits for the log${downloadLimit > 0 ? ', with a limit on downloads too' : ''}`,
    rigged(async (rig) => {
      const folder = await rig.folder()
      const clock = new HeldClock()
      const ports = nodePorts(createMemoryLogStore(clock))
      const parts = {
        ports,
        version: '0.0.0',
        readTorrentFile,
        port: 0,
        host: '127.0.0.1',
        downloadLimit,
        uploadLimit: 0,
      }
      const engine = await TorrentEngine.open(parts)
      rig.later(() => engine.close())
      rig.later(() => clock.letGo())
      const transfer = await engine.add(content.torrent, { path: join(folder, 'files') })
      await within(transfer.ready, 'the start')
      const seed = await rig.seed(content)
      clock.hold()
      const before = transfer.state.nextSeq
      const pending = (): number => transfer.state.nextSeq - before
      // Each is closed after so much chatter, so that it takes some of them.
      const flooder = async (): Promise<RawPeer> => {
        const peer = await RawPeer.join(engine.port, { infoHash })
        peer.write(flood)
        return peer
      }
      const crowd = Math.ceil(LIMITS.logPendingEventsPause / EVENTS_OF_A_FLOODER)
      const flooders: RawPeer[] = []
      for (let place = 0; place < crowd; place++) flooders.push(await flooder())
      await progressWhen(transfer, () => pending() > LIMITS.logPendingEventsPause)
      // Who comes now is held back too.
      for (let place = 0; place < crowd; place++) flooders.push(await flooder())
      let ticks = 0
      await progressWhen(transfer, () => ++ticks > 1)
      assert.ok(pending() < (crowd + 1) * EVENTS_OF_A_FLOODER, `${pending()} events are pending`)
      clock.letGo()
      for (const peer of flooders) peer.close()
      await progressWhen(transfer, ({ peers }) => peers === 0)
      transfer.addPeer(seed.address)
      await within(transfer.done, 'the download')
      await compareContent(content, join(folder, 'files'))
      await transfer.close()
      const log = await ports.logs.open({ infoHash, torrent: content.torrent })
      assert.is(stateHash((await foldLog(log, { fromStart: true })).state), stateHash(transfer.state))
      assert.ok(allBits(pieceCount).every((byte, index) => byte === transfer.state.stored.bytes[index]))
    }),
  )

test.run()
