/** An engine that is offline: nobody is met, and files are looked at, checked, moved and renamed all the same. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareContent, makeContent, writeContent } from './content.js'
import { guard } from './guard.js'
import { eventsOf, progressWhen, rigged, within } from './rig.js'

const test = guard(suite('engine: offline'))

test(
  'offline: what is there is checked, moved and renamed, nobody is dialed, and the next session goes on',
  rigged(async (rig) => {
    const content = makeContent({ files: { a: 70_000, b: 50_000 } })
    const seed = await rig.seed(content)
    const folder = await rig.folder()
    const [from, to] = [join(folder, 'from'), join(folder, 'to')]
    await mkdir(from)
    await writeContent(content, from)
    const engine = await rig.engine(join(folder, 'data'), { offline: true })
    const transfer = await engine.add(content.torrent, { path: from, peers: [seed.address] })
    await progressWhen(transfer, ({ storedPieces, pieces }) => storedPieces === pieces)
    await within(transfer.move(to), 'the move')
    await within(transfer.rename('a', 'content/c'), 'the renaming')
    await transfer.recheck()
    await progressWhen(transfer, ({ phase, checkingPieces }) => phase === 'queued' && checkingPieces === 0)
    const why = await transfer.explain()
    assert.equal(
      why.causes.map(({ code, text }) => [code, text.includes('offline')]),
      [['queued', true]],
    )
    const dialed = (await eventsOf(transfer)).filter(({ event }) => /^dial|^announce|began$/.test(event.type))
    assert.equal([...new Set(dialed.map(({ event }) => event.type))], ['session-began', 'check-began', 'move-began'])
    await engine.close()
    const online = await rig.engine(join(folder, 'data'))
    const again = await online.add(content.torrent, { path: to })
    await within(again.done, 'the next session')
    assert.is(again.progress.phase, 'seeding')
    await again.rename(0, 'content/a')
    await compareContent(content, to)
  }),
)

test.run()
