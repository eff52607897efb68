/**
 * Recorded histories replay: this build folds them to the same states, and decides their inputs to the same events.
 *
 * Where this fails a decision was changed, and the message says which. If that is meant, `npm run histories` makes them
 * anew, and the changelog says what is decided otherwise.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { divergenceText, openCapsule, replay } from '../../src/replay/index.js'
import { HISTORIES, HISTORY_BYTES_MAX } from './histories.js'

const bytesOf = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(fileURLToPath(new URL(`./${name}.car`, import.meta.url))))

const HINT = 'If this change is meant, run `npm run histories` and write in CHANGELOG.md what is decided otherwise.'

for (const { name, about, has } of HISTORIES) {
  test(`histories: ${name} is decided as it was: ${about}`, async () => {
    const bytes = bytesOf(name)
    assert.ok(bytes.length <= HISTORY_BYTES_MAX, `${bytes.length} bytes`)
    const { reader, root } = await openCapsule(bytes)
    const { divergence, events, decided } = await replay(reader)
    if (divergence !== undefined) assert.unreachable(`${divergenceText(divergence)}\n\n${HINT}`)
    assert.is(events, root.endSeq)
    assert.ok(decided !== undefined && decided.inputs > 50, 'its inputs were recorded')
    const types = new Set<string>()
    for await (const batch of reader.read(0)) for (const { event } of batch) types.add(event.type)
    assert.equal(
      has.filter((type) => !types.has(type)),
      [],
      'what it is to show is not in it',
    )
  })
}

test('histories: each file is one that the script makes, and each of those is there', () => {
  const files = readdirSync(fileURLToPath(new URL('.', import.meta.url))).filter((file) => file.endsWith('.car'))
  assert.equal(files.sort(), HISTORIES.map(({ name }) => `${name}.car`).sort())
})

test.run()
