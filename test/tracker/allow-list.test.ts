/** The list of torrents that a tracker serves. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/errors.js'
import { parseAllowList, readAllowed } from '../../tracker/allow-list.js'

const ONE = '0123456789abcdef0123456789abcdef01234567'
const TWO = 'f'.repeat(40)

const problem = (text: string): string => {
  try {
    parseAllowList(text)
  } catch (error) {
    if (error instanceof TorrewindError && error.code === 'OPTION_INVALID') return error.message
    throw error
  }
  throw new Error(`${JSON.stringify(text)} was taken`)
}

test('allow list: info-hashes come a line each, among comments and blanks, in either case', () => {
  const text = `\uFEFF# ours\n\n${ONE}\r\n  ${TWO.toUpperCase()}\t# the second\n#${'0'.repeat(40)}\n${ONE}`
  assert.equal([...parseAllowList(text)], [ONE, TWO])
})

test('allow list: an empty file allows nothing', () => {
  assert.is(parseAllowList('').size, 0)
  assert.is(parseAllowList('\n# nothing yet\n').size, 0)
})

test('allow list: what is no info-hash is named with its line', () => {
  assert.match(problem(`${ONE}\n# comment\n${ONE}0`), /^line 3: "0123.*0" is no info-hash of 40 hexadecimal digits$/)
  assert.match(problem(`${ONE} ${TWO}`), /^line 1: /)
  assert.match(problem(`\n\n\n${ONE.slice(1)}`), /^line 4: /)
  assert.match(problem(`${ONE}\nmagnet:?xt=urn:btih:${ONE}`), /^line 2: "magnet/)
  assert.match(problem('0x23456789abcdef0123456789abcdef01234567'), /^line 1: /)
})

test('allow list: a long line is cut in the message, and what a terminal would obey is written out', () => {
  const message = problem(`\x1b[31m${'x'.repeat(10_000)}`)
  assert.ok(message.length < 200)
  assert.is(message.includes('\x1b'), false)
})

test('allow list: hashes that a program gives are held to the same', () => {
  assert.equal([...readAllowed(new Set([TWO.toUpperCase()]))], [TWO])
  assert.throws(
    () => readAllowed(['abc']),
    (error: unknown) => error instanceof TorrewindError && error.code === 'OPTION_INVALID',
  )
})

test.run()
