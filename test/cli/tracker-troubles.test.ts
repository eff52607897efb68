/** Troubles with trackers: what a download says of those that fail and those that warn. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TrackerTroubles } from '../../src/cli/tracker-troubles.js'
import { inPlace } from './place.js'
import { makeSample, startSeed, stop } from './rig.js'
import { Cli, jsonLines } from './run-cli.js'

const test = suite('tracker troubles')

const trouble = (tracker: string, failure: string | undefined, warning?: string) => ({ tracker, failure, warning })

test('tracker troubles: each tracker and reason is told once, also where the tracker was well meanwhile', () => {
  const troubles = new TrackerTroubles()
  const failing = trouble('http://a/', 'REFUSED: nobody listens')
  assert.equal(troubles.news({ trackerTroubles: [failing] }), ['tracker http://a/ failed: REFUSED: nobody listens'])
  assert.equal(troubles.news({ trackerTroubles: [failing] }), [])
  assert.equal(troubles.news({ trackerTroubles: [] }), [])
  const warning = trouble('http://b/', undefined, 'old client')
  assert.equal(troubles.news({ trackerTroubles: [failing, warning] }), ['tracker http://b/ warns: old client'])
  assert.equal(troubles.news({ trackerTroubles: [trouble('http://a/', 'TIMEOUT: silent')] }).length, 1)
})

test('tracker troubles: what a terminal could obey is left out, and reasons without end are not told for ever', () => {
  const troubles = new TrackerTroubles()
  assert.equal(troubles.news({ trackerTroubles: [trouble('http://a/', '\u001b[2J\u009b1\nx')] }), [
    'tracker http://a/ failed: ?[2J?1?x',
  ])
  let told = 0
  for (let at = 0; at < 1_000; at++) told += troubles.news({ trackerTroubles: [trouble('http://a/', `${at}`)] }).length
  assert.ok(told < 200, `${told}`)
})

test('tracker troubles: a download names the tracker that refuses and the one that warns, each once', () =>
  inPlace(async (folder) => {
    const sample = await makeSample(folder)
    const warns = createServer((_, response) => {
      response.end('d8:completei1e10:incompletei0e8:intervali1800e5:peers0:15:warning message10:too old, 4e')
    })
    await new Promise<void>((listening) => warns.listen(0, '127.0.0.1', listening))
    const { port } = warns.address() as AddressInfo // of a server that listens
    const urls = ['http://127.0.0.1:9/announce', `http://127.0.0.1:${port}/announce`]
    const seed = await startSeed(folder, sample)
    const [out, data] = [path.join(folder, 'out'), path.join(folder, 'data')]
    const common = ['-d', out, '--data', data, '--peer', seed.address, '--json', '--download-limit', '200K']
    const get = new Cli(['get', sample.torrent, ...common, ...urls.flatMap((url) => ['--tracker', url])])
    const ended = await get.ended
    assert.is(ended.code, 0, ended.stderr)
    const said = ended.stderr.split('\n').filter((line) => line.startsWith('tracker '))
    assert.is(said.length, 2, ended.stderr)
    assert.match(said[0] ?? '', /^tracker http:\/\/127\.0\.0\.1:9\/announce failed: REFUSED: /)
    assert.is(said[1], `tracker ${urls[1]} warns: too old, 4`)
    const troubles = jsonLines(ended.stdout).flatMap(({ type, trackerTroubles }) =>
      type === 'progress' ? [JSON.stringify(trackerTroubles)] : [],
    )
    assert.ok(
      troubles.some((text) => text.includes('REFUSED') && text.includes('too old, 4')),
      troubles.join('\n'),
    )
    await stop(seed.cli)
    warns.close()
  }))

test.run()
