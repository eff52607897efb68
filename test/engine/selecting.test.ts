/** Selecting: files are fetched, no longer fetched and fetched again, and what is not wanted is kept apart. */
import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Engine, Transfer } from '../../src/index.js'
import { toHex } from '../../src/values.js'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { codeOf, eventsOf, eventWhen, progressWhen, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: selecting'))

const KIB = 1_024
const PIECE = 32 * KIB
/** Piece 2 is of `a` and `b`, piece 5 of `b` and `c`, and `tiny` lies within it too. */
const content = makeContent({
  pieceLength: PIECE,
  files: { a: 2 * PIECE + 5_000, b: 3 * PIECE, tiny: 100, c: 2 * PIECE, none: 0 },
})
const parts = `.${toHex(content.metainfo.infoHash)}.parts`

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

interface Download {
  readonly folder: string
  readonly engine: Engine
  readonly transfer: Transfer
  again(options?: object): Promise<Transfer>
}

const download = async (rig: Rig, options: object): Promise<Download> => {
  const seed = await rig.seed(content)
  const folder = await rig.folder()
  const engine = await rig.engine(join(folder, 'data'))
  const add = (more: object = {}) => engine.add(content.torrent, { path: folder, peers: [seed.address], ...more })
  return { folder, engine, transfer: await add(options), again: add }
}

const bytesOf = (name: string): Uint8Array =>
  content.files.find(([path]) => path.endsWith(`/${name}`))?.[1] ?? new Uint8Array(0)

test(
  'selecting: of files that are not wanted nothing is on disk but what shared pieces have of them, in the part file',
  rigged(async (rig) => {
    const { folder, transfer } = await download(rig, { select: ['b'] })
    await within(transfer.done, 'what is wanted')
    assert.equal((await readdir(join(folder, 'content'))).sort(), ['b'])
    assert.is(await isThere(join(folder, parts)), true)
    assert.equal(new Uint8Array(await readFile(join(folder, 'content/b'))), bytesOf('b'))
    assert.equal([...transfer.state.apart], [0, 2, 3])
  }),
)

test(
  'selecting: what was kept apart is moved into its file where that is selected later, and fetched by nobody again',
  rigged(async (rig) => {
    const { folder, transfer, again } = await download(rig, { select: ['b'] })
    await within(transfer.done, 'what is wanted')
    const before = transfer.state.nextSeq
    transfer.select('a', { also: true })
    await eventWhen(transfer, 'file-placed')
    await progressWhen(transfer, ({ storedPieces, phase }) => storedPieces === 6 && phase === 'seeding')
    assert.equal(new Uint8Array(await readFile(join(folder, 'content/a'))), bytesOf('a'))
    const asked = (await eventsOf(transfer))
      .slice(before)
      .flatMap(({ event }) => (event.type === 'piece-stored' ? [event.piece as number] : []))
    assert.equal([...asked].sort(), [0, 1])
    await transfer.close()
    const next = await again({ select: ['**'] })
    await within(next.done, 'all of it')
    assert.is(next.progress.rehashedPieces, 0)
    await compareContent(content, folder)
    await next.close()
    assert.is(await isThere(join(folder, parts)), false)
  }),
)

test(
  'selecting: a session later what is kept apart is trusted, and who has less is told that it changed',
  rigged(async (rig) => {
    const { transfer, again } = await download(rig, { select: ['b'] })
    await within(transfer.done, 'what is wanted')
    await transfer.close()
    const next = await again()
    await within(next.done, 'what is wanted')
    assert.is(next.progress.rehashedPieces, 0)
    assert.equal(
      next.files.map(({ path, priority }) => `${path} ${priority}`),
      ['content/a skip', 'content/b normal', 'content/tiny skip', 'content/c skip', 'content/none skip'],
    )
    await next.recheck()
    await progressWhen(next, ({ phase }) => phase === 'seeding')
    assert.is(next.progress.storedPieces, 4)
  }),
)

test(
  'selecting: each file says how much of it is stored and how much it is wanted',
  rigged(async (rig) => {
    const { transfer } = await download(rig, { select: ['b'] })
    await within(transfer.done, 'what is wanted')
    transfer.prioritize([0, 'tiny'], 'high')
    transfer.deselect('b')
    const stored = Object.fromEntries(transfer.files.map(({ path, storedBytes }) => [path, storedBytes]))
    assert.is(stored['content/b'], 3 * PIECE)
    assert.is(stored['content/a'], 5_000)
    assert.is(stored['content/tiny'], 100)
    assert.equal(
      transfer.files.map(({ priority }) => priority),
      ['high', 'skip', 'high', 'skip', 'skip'],
    )
    assert.is(await codeOf(() => transfer.prioritize('b', 'huge' as 'high')), 'OPTION_INVALID')
    assert.is(await codeOf(() => transfer.deselect(9)), 'OPTION_INVALID')
    assert.is(await codeOf(() => transfer.prioritizePieces({ from: 0, to: 99 }, 'low')), 'OPTION_INVALID')
    assert.is(transfer.sequential, false)
    transfer.sequential = true
    assert.is(transfer.state.sequential, true)
  }),
)

test.run()
