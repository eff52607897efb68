/** What a magnet says beside the hash, as `torrewind get` takes it. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inPlace } from './place.js'
import { assertSame, makeSample, startSeed, stop } from './rig.js'
import { Cli, cli, lastLine } from './run-cli.js'

const test = suite('get of a magnet')

const claim = (what: string, work: (folder: string) => Promise<void>): void => {
  test(`get of a magnet: ${what}`, () => inPlace(work))
}

const infoHashOf = async (torrent: string): Promise<unknown> =>
  lastLine(await cli('info', torrent, '--json')).infoHashV1

claim('files that it selects are fetched and no more, until somebody asks for others', async (folder) => {
  const sample = await makeSample(folder)
  const seed = await startSeed(folder, sample)
  const magnet = `magnet:?xt=urn:btih:${String(await infoHashOf(sample.torrent))}&x.pe=${seed.address}`
  const out = path.join(folder, 'out')
  const get = async (source: string, ...flags: readonly string[]): Promise<string[]> => {
    const ended = await cli('get', source, '-d', out, '--data', path.join(folder, 'data'), '--json', ...flags)
    assert.is(ended.code, 0, ended.stderr)
    return (await readdir(path.join(out, sample.name), { recursive: true })).sort()
  }
  assert.equal(await get(`${magnet}&so=3`), ['d.txt'])
  assert.equal(await get(`${magnet}&so=3`, '--select', 'b/*'), ['b', 'b/c.bin', 'b/empty', 'd.txt'])
  assert.is((await get(magnet)).length, 5)
  await assertSame(sample, out)
  await stop(seed.cli)
})

claim('it counts, too, where a catalogue has the .torrent', async (folder) => {
  const tracker = new Cli(['tracker', '--host', '127.0.0.1', '--http', '0', '--json'])
  const url = `http://127.0.0.1:${String((await tracker.line('listening')).http)}/announce`
  const sample = await makeSample(folder)
  const data = ['--data', path.join(folder, 'data')]
  const published = await cli('publish', sample.torrent, '--tracker', url, ...data, '--json')
  assert.is(published.code, 0, published.stderr)
  // Nobody announces: its address is in the magnet alone.
  const seed = await startSeed(folder, sample)
  const magnet = `magnet:?xt=urn:btih:${String(await infoHashOf(sample.torrent))}&x.pe=${seed.address}&so=3`
  const out = path.join(folder, 'out')
  const ended = await cli('get', magnet, '-d', out, ...data, '--tracker', url, '--log-level', 'debug', '--json')
  assert.is(ended.code, 0, ended.stderr)
  assert.match(ended.stderr, /from the catalogue of/)
  assert.equal(await readdir(path.join(out, sample.name)), ['d.txt'])
  await stop(seed.cli)
  await stop(tracker)
})

test.run()
