/** The queue of an engine: bounded downloads and seeds, in order, over pauses, ends and changes of the bounds. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Engine } from '../../src/index.js'
import { type Content, compareContent, makeContent, writeContent } from './content.js'
import { guard } from './guard.js'
import { codeOf, eventsOf, progressWhen, rigged, within } from './rig.js'

const test = guard(suite('engine: queue'))

const contents: readonly Content[] = [1, 2, 3].map((number) =>
  makeContent({ files: 256 * 1_024 + number, name: `c${number}` }),
)

test(
  'queue: one after the other is fetched, and each explains what it waits for',
  rigged(async (rig) => {
    const seeds = await Promise.all(contents.map((content) => rig.seed(content)))
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'), { queue: { maxDownloads: 1 } })
    const transfers = []
    for (const { torrent } of contents) transfers.push(await engine.add(torrent, { path: folder }))
    const [first, second, third] = transfers
    if (first === undefined || second === undefined || third === undefined) throw new Error('three were added')
    await progressWhen(third, ({ phase }) => phase === 'queued')
    const why = await third.explain()
    assert.equal(
      why.causes.map(({ code }) => code),
      ['queued'],
    )
    assert.equal(
      engine.transfers.map(({ place }) => place),
      [0, 1, 2],
    )
    third.place = 1
    assert.equal(engine.transfers, [first, third, second])
    for (const [at, transfer] of transfers.entries()) transfer.addPeer(seeds[at]?.address ?? { host: '', port: 0 })
    await within(Promise.all(transfers.map(({ done }) => done)), 'all of them')
    const began = []
    for (const transfer of [first, third, second])
      began.push((await eventsOf(transfer)).find(({ event }) => event.type === 'download-began')?.at ?? 0)
    assert.equal(
      [...began].sort((a, b) => a - b),
      began,
    )
    for (const content of contents) await compareContent(content, folder)
    assert.is(
      engine.transfers.every(({ progress }) => progress.phase === 'seeding'),
      true,
    )
    engine.queue = { maxSeeds: 1 }
    assert.equal(
      engine.transfers.map(({ progress }) => progress.phase),
      ['seeding', 'queued', 'queued'],
    )
    await first.pause()
    assert.equal(
      engine.transfers.map(({ progress }) => progress.phase),
      ['paused', 'seeding', 'queued'],
    )
    await first.resume()
    assert.is(third.progress.phase, 'queued')
    await first.close()
    assert.is(third.progress.phase, 'seeding')
    assert.is(await codeOf(() => (engine.queue = { maxDownloads: -1 })), 'OPTION_INVALID')
    assert.is(await codeOf(() => (third.place = -1)), 'OPTION_INVALID')
  }),
)

test(
  'queue: who waits for a turn to seed is done all the same, whether it was complete before or is found to be',
  rigged(async (rig) => {
    const folder = await rig.folder()
    for (const content of contents) await writeContent(content, folder)
    const open = () => rig.engine(join(folder, 'data'), { queue: { maxSeeds: 1 } })
    for (let session = 1; session <= 2; session++) {
      const engine = await open()
      const transfers = []
      for (const { torrent } of contents) transfers.push(await engine.add(torrent, { path: folder }))
      await within(Promise.all(transfers.map(({ done }) => done)), `all of them in session ${session}`)
      assert.equal(
        transfers.map(({ progress }) => progress.phase),
        ['seeding', 'queued', 'queued'],
      )
      await engine.close()
    }
  }),
)

test(
  'queue: transfers have the places they had when they are added again in the next session, in whatever order',
  rigged(async (rig) => {
    const folder = await rig.folder()
    const open = () => rig.engine(join(folder, 'data'), { queue: { maxDownloads: 1 } })
    const add = (engine: Engine, at: number) => engine.add(contents[at]?.torrent ?? '', { path: folder })
    const orderOf = (engine: Engine) => engine.transfers.map(({ name }) => name)
    const engine = await open()
    await add(engine, 0)
    await add(engine, 1)
    const third = await add(engine, 2)
    third.place = 0
    await engine.close()
    const next = await open()
    const second = await add(next, 1)
    assert.is(second.progress.phase, 'downloading')
    await add(next, 0)
    const first = await add(next, 2)
    assert.equal(orderOf(next), ['c3', 'c1', 'c2'])
    assert.equal(
      next.transfers.map(({ progress }) => progress.phase),
      ['downloading', 'queued', 'queued'],
    )
    await first.remove()
    await add(next, 2)
    assert.equal(orderOf(next), ['c1', 'c2', 'c3'], 'whoever was removed is new')
  }),
)

test.run()
