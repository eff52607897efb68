/** `torrewind log export` and `log metrics`: formats, files and what is refused. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inPlace } from './place.js'
import { makeSample, startSeed, stop } from './rig.js'
import { cli, lastLine } from './run-cli.js'

const test = suite('log export')

test('log export: a log is exported as lines, as CSV and as a capture, by the name of the file or by a flag', () =>
  inPlace(async (folder) => {
    const sample = await makeSample(folder)
    const seed = await startSeed(folder, sample)
    const data = path.join(folder, 'data')
    const get = await cli('get', sample.torrent, '-d', path.join(folder, 'out'), '--data', data, '--peer', seed.address)
    assert.is(get.code, 0, get.stderr)
    await stop(seed.cli)
    const at = (name: string): string => path.join(folder, name)
    const [lines, csv, capture, flagged, metrics, otlp, onStdout, refused, tooMany] = await Promise.all([
      cli('log', 'export', '--data', data, '-o', at('events.jsonl'), '--json'),
      cli('log', 'export', '--data', data, '-o', at('events.csv'), '--json'),
      cli('log', 'export', '--data', data, '-o', at('talk.pcapng'), '--json'),
      cli('log', 'export', '--data', data, '-o', at('odd.name'), '--format', 'csv', '--type', 'piece-stored'),
      cli('log', 'metrics', '--data', data, '--every', '100'),
      cli('log', 'metrics', '--data', data, '--format', 'otlp', '-o', at('otlp.json'), '--json'),
      cli('log', 'export', '--data', data, '--format', 'csv', '--to', '3'),
      cli('log', 'export', '--data', data, '--format', 'pcapng'),
      cli('log', 'metrics', '--data', data, '--every', '0'),
    ])
    const exported = lastLine(lines)
    assert.equal([exported.type, exported.format], ['exported', 'jsonl'])
    assert.is((await readFile(at('events.jsonl'), 'utf8')).trimEnd().split('\n').length, exported.events)
    assert.is(lastLine(csv).events, exported.events)
    assert.is((await readFile(at('events.csv'), 'utf8')).trimEnd().split('\r\n').length, Number(exported.events) + 1)
    assert.is((await readFile(at('talk.pcapng'))).readUInt32LE(0), 0x0a0d0d0a)
    assert.ok(Number(lastLine(capture).events) > 0)
    assert.is(flagged.code, 0, flagged.stderr)
    const rows = (await readFile(at('odd.name'), 'utf8')).trimEnd().split('\r\n').slice(1)
    assert.ok(rows.length > 0 && rows.every((row) => row.includes(',piece-stored,')))
    assert.is(metrics.stdout[0], '# TYPE torrewind_blocks counter')
    assert.is(metrics.stdout.at(-1), '# EOF')
    assert.ok(Number(lastLine(otlp).samples) > 0)
    assert.ok('resourceMetrics' in JSON.parse(await readFile(at('otlp.json'), 'utf8')))
    assert.is(onStdout.stdout.length, 5)
    assert.equal([refused.code, tooMany.code], [2, 2])
    assert.match(refused.stderr, 'OPTION_INVALID')
  }))

test.run()
