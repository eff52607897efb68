/** `torrewind capsule`: what a user exports on one machine and somebody else looks at on another. */
import { access, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { capsuleCommand } from '../../src/cli/capsule-command.js'
import { replayCommand } from '../../src/cli/replay-command.js'
import { TorrewindError } from '../../src/errors.js'
import { openCapsule } from '../../src/replay/index.js'
import { capsuleOf, simulated } from '../replay/simulated.js'
import { inPlace } from './place.js'
import { makeSample, numberOf, startSeed, stop } from './rig.js'
import { cli, type Ended, jsonLines, lastLine } from './run-cli.js'
import { KeptContext } from './sim/context.js'

const test = suite('capsule')

const done = (ended: Ended): ReturnType<typeof lastLine> => {
  assert.is(ended.code, 0, ended.stderr)
  return lastLine(ended)
}

test('capsule: the histories of a seed and a downloader are exported, looked at elsewhere, and merged', () =>
  inPlace(async (folder) => {
    const sample = await makeSample(folder)
    const seed = await startSeed(folder, sample)
    const [data, out] = [path.join(folder, 'data'), path.join(folder, 'out')]
    const get = await cli(
      'get',
      sample.torrent,
      '-d',
      out,
      '--data',
      data,
      '--peer',
      seed.address,
      '--no-dht',
      '--no-lsd',
    )
    assert.is(get.code, 0, get.stderr)
    await stop(seed.cli)
    const file = (name: string) => path.join(folder, `${name}.car`)
    const from = (name: string, where: string, ...flags: readonly string[]) =>
      cli('capsule', 'export', file(name), '--data', where, '--json', ...flags)
    const [plain, redacted, seeds] = await Promise.all([
      from('plain', data),
      from('redacted', data, '--redact'),
      from('seeds', path.join(folder, 'seed-data'), '--redact'),
    ])
    const exported = done(plain)
    const size = (await readFile(file('plain'))).length
    assert.equal([exported.type, exported.bytes, exported.redacted], ['capsule', size, false])
    assert.equal([done(redacted).redacted, done(redacted).events], [true, exported.events])
    assert.is(done(seeds).type, 'capsule')
    const text = (await readFile(file('redacted'))).toString('latin1')
    for (const word of ['sample', 'a.bin', out, seed.address.split(':')[1] ?? ''])
      assert.not.ok(text.includes(word), `${word} is in the redacted one`)
    const nowhere = path.join(folder, 'nowhere')
    const elsewhere = (...words: readonly string[]) => cli(...words, '--json', '--data', nowhere)
    const [inspected, replayed, explained, merged] = await Promise.all([
      elsewhere('capsule', 'inspect', file('redacted')),
      elsewhere('replay', '--capsule', file('redacted')),
      elsewhere('explain', 'transfer', '--capsule', file('redacted')),
      elsewhere('capsule', 'merge', file('seeds'), file('redacted')),
    ])
    const { events, name, pieces } = done(inspected)
    assert.equal([events, name, pieces], [exported.events, 'name-1', sample.pieces])
    assert.equal([done(replayed).matches, done(replayed).events], [true, events])
    assert.is(done(explained).verdict, 'complete')
    const last = done(merged)
    assert.equal([last.type, last.contradictions, (last.links as unknown[]).length], ['merged', 0, 1])
    assert.is(jsonLines(merged.stdout).length, numberOf(last, 'events') + 1)
    await assertNothingAt(nowhere)
  }))

/** Runs a command in this process. */
const here = async (name: 'capsule' | 'replay', ...words: readonly string[]) => {
  const context = new KeptContext()
  const command = name === 'capsule' ? capsuleCommand(context) : replayCommand(context)
  const thrown = await command.parseAsync(words, { from: 'user' }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (thrown !== undefined && !(thrown instanceof TorrewindError)) throw thrown
  return { thrown, last: context.lines.at(-1) }
}

const assertNothingAt = async (place: string): Promise<void> => {
  const found = await access(place).then(
    () => true,
    () => false,
  )
  assert.is(found, false, 'nothing is made where there is nothing to be read')
}

test('capsule: of one that was cut off the events that are left are replayed, and the command says how', () =>
  inPlace(async (folder) => {
    const run = await simulated('flash-crowd', 1, { peers: 2, contentBytes: 6_000_000, pieceLength: 16_384 })
    const bytes = await capsuleOf(run, 1)
    const { root } = await openCapsule(bytes)
    const after = root.keyframes.reduce(
      (sum, { chunks }) => sum + chunks.reduce((all, chunk) => all + chunk.bytes, 0),
      0,
    )
    assert.ok(root.records.length > 1)
    const file = path.join(folder, 'cut.car')
    await writeFile(file, bytes.subarray(0, bytes.length - after - 1_000))
    const { thrown } = await here('replay', '--capsule', file)
    assert.is(thrown?.code, 'CAPSULE_DAMAGED')
    const at = /`(--at) (\d+)`/.exec(String(thrown))
    assert.ok(at !== null, String(thrown))
    const rest = await here('replay', '--capsule', file, at[1] ?? '', at[2] ?? '')
    assert.is(rest.last?.events, Number(at[2]) + 1)
  }))

test('capsule: what is no capsule, or cannot be written, is a clear error, and nothing is left behind', () =>
  inPlace(async (folder) => {
    const noise = path.join(folder, 'noise.car')
    await writeFile(noise, 'torrewind, but no capsule')
    const there = path.join(folder, 'there')
    const cases: readonly (readonly [code: string, name: 'capsule' | 'replay', ...words: readonly string[]])[] = [
      ['CAPSULE_INVALID', 'replay', '--capsule', noise],
      ['CAPSULE_INVALID', 'capsule', 'inspect', noise],
      ['CAPSULE_INVALID', 'capsule', 'merge', noise, noise],
      ['CAPSULE_INVALID', 'capsule', 'export', there, '--capsule', noise],
      ['OPTION_INVALID', 'replay', '--capsule', path.join(folder, 'none.car')],
      ['OPTION_INVALID', 'capsule', 'inspect', folder],
      ['OPTION_INVALID', 'capsule', 'export', folder, '--capsule', noise],
      ['DATA_UNUSABLE', 'capsule', 'export', there],
    ]
    for (const [code, name, ...words] of cases)
      assert.is((await here(name, ...words)).thrown?.code, code, words.join(' '))
    assert.equal(await readdir(folder), ['noise.car'])
    const both = await cli('replay', '--capsule', noise, '--transfer', 'x', '--json')
    assert.equal([both.code, lastLine(both).code], [2, 'USAGE_INVALID'])
  }))

test.run()
