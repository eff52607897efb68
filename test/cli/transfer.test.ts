/** `torrewind seed` and `torrewind get`, as processes that meet on loopback. */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inPlace } from './place.js'
import { assertSame, makeSample, numberOf, startSeed, stop } from './rig.js'
import { Cli, cli, jsonLines, lastLine } from './run-cli.js'

const test = suite('seed and get')

const claim = (what: string, work: (folder: string) => Promise<void>): void => {
  test(`seed and get: ${what}`, () => inPlace(work))
}

claim('through our tracker a folder arrives byte by byte, and every line is as the contract has it', async (folder) => {
  const tracker = new Cli(['tracker', '--host', '127.0.0.1', '--http', '0', '--json'])
  const { http } = await tracker.line('listening')
  const sample = await makeSample(folder, { trackers: [`http://127.0.0.1:${String(http)}/announce`] })
  const seed = await startSeed(folder, sample)
  const [out, data] = [path.join(folder, 'out'), path.join(folder, 'data')]
  const ended = await cli('get', sample.torrent, '-d', out, '--data', data, '--json')
  assert.is(ended.code, 0, ended.stderr)
  const lines = jsonLines(ended.stdout)
  assert.equal(lines[0], { type: 'listening', port: lines[0]?.port })
  assert.ok(lines.slice(1, -1).every(({ type }) => type === 'progress'))
  const done = lastLine(ended)
  assert.ok(numberOf(done, 'seconds') > 0)
  assert.equal(done, {
    type: 'done',
    bytes: sample.bytes,
    seconds: done.seconds,
    downloadedBytes: sample.bytes,
    wastedBytes: 0,
    rehashedPieces: 0,
    verified: true,
  })
  await assertSame(sample, out)
  await stop(seed.cli)
  assert.equal(lastLine(await seed.cli.ended), { type: 'stopped', uploadedBytes: sample.bytes })
  await stop(tracker)
})

claim('killed on the way, the same command goes on and fetches next to nothing again', async (folder) => {
  const sample = await makeSample(folder, { scale: 6 })
  const seed = await startSeed(folder, sample, '--upload-limit', '1M')
  const out = path.join(folder, 'out')
  const words = [
    'get',
    sample.torrent,
    '-d',
    out,
    '--data',
    path.join(folder, 'data'),
    '--peer',
    seed.address,
    '--json',
  ]
  const first = new Cli(words)
  const killedAt = await first.until((stdout) =>
    jsonLines(stdout)
      .filter(({ type }) => type === 'progress')
      .map((line) => numberOf(line, 'storedBytes'))
      .find((stored) => stored > sample.bytes / 4),
  )
  first.signal('SIGKILL')
  assert.is((await first.ended).code, 'SIGKILL')
  assert.ok(killedAt < sample.bytes)
  const second = await cli(...words)
  assert.is(second.code, 0, second.stderr)
  const done = lastLine(second)
  // What was said to be stored was committed but for the last moments, which are worth some 100 KiB at 1 MiB/s.
  assert.ok(numberOf(done, 'downloadedBytes') <= sample.bytes - killedAt + 262_144, JSON.stringify({ killedAt, done }))
  assert.ok(numberOf(done, 'rehashedPieces') <= 16, JSON.stringify(done))
  await assertSame(sample, out)
  await stop(seed.cli)
})

claim('Ctrl-C and SIGTERM let go in good order, with 130, and the next run hashes nothing again', async (folder) => {
  const sample = await makeSample(folder, { scale: 6 })
  const seed = await startSeed(folder, sample, '--upload-limit', '1M')
  const out = path.join(folder, 'out')
  const words = [
    'get',
    sample.torrent,
    '-d',
    out,
    '--data',
    path.join(folder, 'data'),
    '--peer',
    seed.address,
    '--json',
  ]
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const get = new Cli(words)
    await get.until((stdout) =>
      jsonLines(stdout).find((line) => line.type === 'progress' && numberOf(line, 'downloadedBytes') > 0),
    )
    get.signal(signal)
    const ended = await get.ended
    assert.is(ended.code, 130)
    assert.is(lastLine(ended).type, 'stopped')
    assert.match(ended.stderr, /the same command goes on from here/)
  }
  await stop(seed.cli)
  const again = await startSeed(folder, sample)
  const last = await cli(...words.map((word) => (word === seed.address ? again.address : word)))
  assert.is(last.code, 0, last.stderr)
  assert.is(lastLine(last).rehashedPieces, 0)
  await assertSame(sample, out)
  await stop(again.cli)
})

claim('--seed goes on seeding, and hands the torrent to the next one by its CID and address alone', async (folder) => {
  const sample = await makeSample(folder)
  const seed = await startSeed(folder, sample)
  const [one, two] = [path.join(folder, 'one'), path.join(folder, 'two')]
  const data = path.join(folder, 'data')
  const get = new Cli(['get', sample.torrent, '-d', one, '--data', data, '--peer', seed.address, '--seed', '--json'])
  const { port } = await get.line('listening')
  await get.line('seeding')
  assert.is((await get.line('done')).verified, true)
  await stop(seed.cli)
  const next = await cli(
    'get',
    sample.torrent,
    '-d',
    two,
    '--data',
    `${data}2`,
    '--peer',
    `127.0.0.1:${port}`,
    '--json',
  )
  assert.is(next.code, 0, next.stderr)
  await assertSame(sample, two)
  await stop(get)
  assert.is(lastLine(await get.ended).type, 'stopped')
  const known = await cli('get', sample.cid, '-d', one, '--data', data, '--json')
  assert.equal([known.code, lastLine(known).downloadedBytes], [0, 0])
})

claim('--select fetches the files that fit and no more', async (folder) => {
  const sample = await makeSample(folder)
  const seed = await startSeed(folder, sample)
  const out = path.join(folder, 'out')
  const words = ['get', sample.torrent, '-d', out, '--data', path.join(folder, 'data'), '--peer', seed.address]
  const ended = await cli(...words, '--select', 'b/*', '--select', 'd.txt', '--json')
  assert.is(ended.code, 0, ended.stderr)
  assert.ok(numberOf(lastLine(ended), 'downloadedBytes') < sample.bytes / 4)
  await assertSame(sample, out, ['b/c.bin', 'd.txt'])
  await stop(seed.cli)
  const nothing = await cli(...words, '--select', 'nothing', '--json')
  assert.equal([nothing.code, lastLine(nothing).code], [2, 'OPTION_INVALID'])
})

claim(
  'seed takes the content itself for its folder, and refuses what is not all there without changing it',
  async (folder) => {
    const sample = await makeSample(folder)
    const root = path.join(sample.dir, sample.name)
    const seedAt = (where: string) =>
      cli('seed', sample.torrent, '--path', where, '--data', path.join(folder, 'data'), '--json')
    const seed = new Cli(['seed', sample.torrent, '--path', root, '--data', path.join(folder, 'data'), '--json'])
    await seed.line('seeding')
    await stop(seed)

    const file = path.join(root, 'b', 'c.bin')
    const good = await readFile(file)
    const bad = Buffer.from(good)
    bad[100] = (bad[100] ?? 0) ^ 1
    await writeFile(file, bad)
    const wrong = await seedAt(sample.dir)
    assert.equal([wrong.code, lastLine(wrong).code], [1, 'CONTENT_MISSING'], wrong.stderr)
    assert.match(String(lastLine(wrong).message), /[12] of \d+ pieces are wrong/)
    assert.ok(bad.equals(await readFile(file)))

    await writeFile(file, good.subarray(1))
    const short = await seedAt(sample.dir)
    assert.equal([short.code, lastLine(short).code], [1, 'CONTENT_MISSING'])
    assert.match(String(lastLine(short).message), /c\.bin has 49150 bytes in place of 49151/)
    await rm(file)
    const missing = await seedAt(sample.dir)
    assert.match(String(lastLine(missing).message), /c\.bin is not there/)
    assert.not(await stat(file).catch(() => undefined))
  },
)

claim('get mends content of which a piece is wrong, and fetches no other', async (folder) => {
  const sample = await makeSample(folder)
  const seed = await startSeed(folder, sample)
  const out = path.join(folder, 'out')
  await mkdir(path.join(out, sample.name), { recursive: true })
  const bad = Buffer.from(sample.files['a.bin'] ?? [])
  bad[5 * 16_384] = (bad[5 * 16_384] ?? 0) ^ 1
  await writeFile(path.join(out, sample.name, 'a.bin'), bad)
  const ended = await cli(
    'get',
    sample.torrent,
    '-d',
    out,
    '--data',
    path.join(folder, 'data'),
    '--peer',
    seed.address,
    '--json',
  )
  assert.is(ended.code, 0, ended.stderr)
  // One piece of a.bin, and those of the files that were not there.
  assert.ok(numberOf(lastLine(ended), 'downloadedBytes') <= 6 * 16_384)
  await assertSame(sample, out)
  await stop(seed.cli)
})

claim('what cannot be done ends with 1 and a code', async (folder) => {
  const sample = await makeSample(folder)
  const seed = await startSeed(folder, sample)
  const out = path.join(folder, 'out')
  const get = (source: string, ...flags: readonly string[]) => cli('get', source, '-d', out, '--json', ...flags)
  const data = (name: string): readonly string[] => ['--data', path.join(folder, name)]
  await writeFile(path.join(folder, 'cut.torrent'), (await readFile(sample.torrent)).subarray(0, 100))
  const magnet = `magnet:?xt=urn:btih:${'0'.repeat(39)}`
  const cases: Readonly<Record<string, () => ReturnType<typeof get>>> = {
    PORT_TAKEN: () => get(sample.torrent, ...data('1'), '--port', seed.address.replace(/.*:/, '')),
    DATA_LOCKED: () => get(sample.torrent, ...data('seed-data')),
    SOURCE_UNREADABLE: () => get(path.join(folder, 'nothing.torrent'), ...data('3')),
    BENCODE_INVALID: () => get(path.join(folder, 'cut.torrent'), ...data('4')),
    SOURCE_INVALID: () => get(magnet, ...data('5')),
    DATA_UNUSABLE: () => get(sample.torrent, '--data', path.join(sample.torrent, 'below')),
  }
  await Promise.all(
    Object.entries(cases).map(async ([code, run]) => {
      const ended = await run()
      assert.equal([ended.code, lastLine(ended).type, lastLine(ended).code], [1, 'error', code])
      assert.match(ended.stderr, code)
    }),
  )
  await stop(seed.cli)
})

claim('for people there is text on stdout, and $TORREWIND_DATA says where the log is', async (folder) => {
  const sample = await makeSample(folder)
  const seed = await startSeed(folder, sample)
  const data = path.join(folder, 'from the environment')
  const get = new Cli(['get', sample.torrent, '-d', path.join(folder, 'out'), '--peer', seed.address], {
    TORREWIND_DATA: data,
  })
  const { code, stdout } = await get.ended
  assert.is(code, 0)
  assert.match(stdout.join('\n'), /^done: .* every piece verified, in .*out\/sample$/m)
  assert.not(stdout.some((line) => line.startsWith('{')))
  assert.ok((await stat(path.join(data, 'log'))).isDirectory())
  await stop(seed.cli)
})

test.run()
