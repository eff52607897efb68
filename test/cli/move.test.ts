/** `torrewind move`: files of a transfer go elsewhere, and the next `get` and `seed` go on there without hashing anything. */
import { mkdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exists } from '../../src/node/content.js'
import { inPlace } from './place.js'
import { assertSame, makeSample, startSeed, stop } from './rig.js'
import { Cli, cli, jsonLines, lastLine } from './run-cli.js'

const test = suite('move')

const claim = (what: string, work: (folder: string) => Promise<void>): void => {
  test(`move: ${what}`, () => inPlace(work))
}

claim(
  'what was fetched in part is moved, and the next get goes on with it and hashes nothing again',
  async (folder) => {
    const sample = await makeSample(folder, { scale: 6 })
    const seed = await startSeed(folder, sample, '--upload-limit', '2M')
    const [data, out, there] = ['data', 'out', 'there'].map((name) => path.join(folder, name)) as [
      string,
      string,
      string,
    ]
    const get = ['--data', data, '--peer', seed.address, '--json']
    const first = new Cli(['get', sample.torrent, '-d', out, ...get])
    await first.until((stdout) => jsonLines(stdout).find(({ storedBytes }) => Number(storedBytes) > sample.bytes / 4))
    await stop(first)
    const stopped = lastLine(await first.ended)
    const moved = await cli('move', sample.torrent, '--to', there, '--data', data, '--json')
    assert.is(moved.code, 0, moved.stderr)
    const { infoHash } = lastLine(moved)
    const { name, cid } = sample
    assert.equal(lastLine(moved), { type: 'moved', infoHash, cid, name, from: out, to: there })
    assert.is(await exists(path.join(out, name)), false)
    const second = await cli('get', sample.torrent, '-d', there, ...get)
    assert.is(second.code, 0, second.stderr)
    const done = lastLine(second)
    assert.is(done.rehashedPieces, 0)
    assert.is(done.downloadedBytes, sample.bytes - Number(stopped.storedBytes))
    await assertSame(sample, there)
    await stop(seed.cli)
  },
)

claim('a running one is left alone, a whole one goes, and where its files are away nothing is done', async (folder) => {
  const sample = await makeSample(folder)
  const seed = await startSeed(folder, sample)
  const data = path.join(folder, 'seed-data')
  const to = (name: string) => path.join(folder, name)
  const move = (...words: readonly string[]) => cli('move', ...words, '--data', data, '--json')
  assert.is(lastLine(await move('--to', to('a'))).code, 'DATA_LOCKED')
  await stop(seed.cli)
  const { infoHash } = lastLine(await move('--to', to('a')))
  const moved = lastLine(await move(`magnet:?xt=urn:btih:${String(infoHash)}`, '--to', to('b')))
  assert.equal([moved.from, moved.to], [to('a'), to('b')])
  const from = to('b')
  await assertSame(sample, from)
  await mkdir(to('away'))
  await rename(path.join(from, sample.name), path.join(to('away'), sample.name))
  const gone = await move('--to', to('c'))
  assert.is(gone.code, 1)
  assert.is(lastLine(gone).code, 'CONTENT_MISSING')
  await rename(path.join(to('away'), sample.name), path.join(from, sample.name))
  const again = await startSeed(folder, { ...sample, dir: from })
  await stop(again.cli)
  const lines = jsonLines((await again.cli.ended).stdout)
  assert.is(lines.find(({ type }) => type === 'seeding')?.rehashedPieces, 0)
})

test.run()
