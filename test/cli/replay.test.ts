/** `torrewind replay` of recorded inputs: of a real download, and of a history that is decided otherwise by now. */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { LogReader } from '../../src/ports.js'
import { draftCapsule } from '../../src/replay/capsule-writer.js'
import { openCapsule } from '../../src/replay/index.js'
import { logOf, recordedOf } from '../replay/recorded.js'
import { inPlace } from './place.js'
import { makeSample, startSeed, stop } from './rig.js'
import { cli, jsonLines, lastLine } from './run-cli.js'

const test = suite('replay command')

test('replay: a download that recorded its inputs is decided again to the same events', () =>
  inPlace(async (folder) => {
    const sample = await makeSample(folder)
    const seed = await startSeed(folder, sample)
    const [data, out] = [path.join(folder, 'data'), path.join(folder, 'out')]
    const words = ['get', sample.torrent, '-d', out, '--data', data, '--peer', seed.address]
    const get = await cli(...words, '--record', 'inputs')
    assert.is(get.code, 0, get.stderr)
    await stop(seed.cli)
    const replayed = await cli('replay', '--data', data, '--json', '--diff', '5')
    assert.is(replayed.code, 0, replayed.stderr)
    const { matches, divergence, inputs, events } = lastLine(replayed)
    assert.equal([matches, divergence], [true, null])
    assert.ok(Number(inputs) > 10 && Number(events) > 10)
    assert.match(replayed.stderr, /recorded inputs decided again to the same \d+ events/)
    const differences = jsonLines(replayed.stdout).slice(0, -1)
    const stored = differences.find((line) => line.path === 'stored')
    assert.equal([stored?.type, stored?.before], ['difference', ''])
  }))

test('replay: what is decided otherwise ends with 1, and says which event, why, and in which state', () =>
  inPlace(async (folder) => {
    const kept = new Uint8Array(
      await readFile(fileURLToPath(new URL('../histories/plain-download.car', import.meta.url))),
    )
    const { reader, torrent } = await openCapsule(kept)
    const { events, inputs } = await recordedOf(reader)
    const choice = events.find(({ event }) => event.type === 'blocks-requested' && event.ranges.length > 1)
    assert.ok(choice)
    const shorter = events.map((logged) =>
      logged !== choice || logged.event.type !== 'blocks-requested'
        ? logged
        : { ...logged, event: { ...logged.event, ranges: logged.event.ranges.slice(0, 1) } },
    )
    // As an older version would have decided it, and what followed from that.
    const log = logOf({ events: shorter.slice(0, choice.seq + 1), inputs }) as LogReader
    const file = path.join(folder, 'otherwise.car')
    const parts: Uint8Array[] = []
    for await (const chunk of (await draftCapsule({ torrent, log })).chunks()) parts.push(chunk)
    await writeFile(file, Buffer.concat(parts))
    const [json, text] = await Promise.all([
      cli('replay', '--capsule', file, '--json'),
      cli('replay', '--capsule', file),
    ])
    assert.equal([json.code, text.code], [1, 1])
    const [error, last] = jsonLines(json.stdout)
    assert.equal([error?.type, error?.code], ['error', 'REPLAY_DIVERGED'])
    const divergence = last?.divergence as Readonly<Record<string, unknown>>
    assert.equal(
      [last?.type, last?.matches, divergence.kind, divergence.seq],
      ['replayed', false, 'decision', choice.seq],
    )
    assert.match(text.stderr, `event ${choice.seq} is decided otherwise than it was (REPLAY_DIVERGED)`)
    const said = text.stdout.join('\n')
    for (const words of [
      'the log has: blocks-requested',
      'decided now: blocks-requested',
      'because of input',
      'peers.',
    ])
      assert.match(said, words)
  }))

test.run()
