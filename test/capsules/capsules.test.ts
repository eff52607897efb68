/** Capsules that were kept: histories of other builds, which fold in this one as they did there. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openCapsule } from '../../src/replay/index.js'
import { readCapsule, replaysCapsule } from './replays-capsule.js'

replaysCapsule('poisoned.car', ({ banned, missing }) => assert.equal([banned.size > 0, missing], [true, 0]))
replaysCapsule('crashed.car', ({ session, completed }) => assert.equal([session > 1, completed], [true, true]))

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const kept = readdirSync(FOLDER).filter((name) => name.endsWith('.car'))

test('capsule: every one of this folder is a test, and small', () => {
  const tests = readFileSync(new URL(import.meta.url), 'utf8')
  for (const name of kept) {
    assert.match(tests, `replaysCapsule('${name}'`)
    assert.ok(statSync(`${FOLDER}/${name}`).size < 100 * 1_024, name)
  }
  assert.ok(kept.length >= 2)
})

test('capsule: the one that was redacted names nobody', async () => {
  const bytes = Buffer.from(await readCapsule('poisoned.car'))
  const { root, metainfo } = await openCapsule(bytes)
  assert.is(root.redacted, true)
  assert.is(metainfo.name, 'name-1')
  for (const word of ['content', 'part-', '.example', '10.0.', '-TW']) assert.not.ok(bytes.includes(word), word)
})

test.run()
