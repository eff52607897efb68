/** The table of causes: each has a case in which it is true and one in which it is not. */
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CAUSE_CODES, CAUSES } from '../../src/replay/index.js'

const folder = new URL('.', import.meta.url)
const sources = readdirSync(folder)
  .filter((file) => /^explain-.*\.test\.ts$/.test(file))
  .map((file) => readFileSync(new URL(file, folder), 'utf8'))
  .join('\n')

test('causes: every code is tested where it is true and where it is not', () => {
  for (const code of CAUSE_CODES) {
    const inTable = sources.includes(`code: '${code}'`)
    const byHand =
      new RegExp(`(?:causeOf|citedBy)\\([^\\n]*'${code}'\\)`).test(sources) &&
      new RegExp(`lacks\\([^\\n]*'${code}'\\)`).test(sources)
    assert.ok(inTable || byHand, `${code} has no case`)
  }
})

test('causes: every code has a meaning, in words of its own', () => {
  const meanings = Object.values(CAUSES).map(({ meaning }) => meaning)
  assert.is(new Set(meanings).size, meanings.length)
  for (const code of CAUSE_CODES) assert.match(code, /^[a-z]+(-[a-z]+)*$/)
})

test.run()
