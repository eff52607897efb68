/** Names of files: what is safe stays as it is, and what is not says why. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ClaimedPaths, nameText, partProblem } from '../../src/wire/filenames.js'

test('filenames: ordinary names are safe, whatever their script', () => {
  for (const name of [
    'a',
    '.hidden',
    '...x',
    'a b',
    'ünï',
    '日本語',
    '🚀',
    'console',
    'com',
    'com10',
    'null',
    'a.con',
    'xy:z',
    '~',
    '-rf',
    'x'.repeat(255),
  ]) {
    assert.is(partProblem(name), undefined, name)
  }
})

test('filenames: a name that Windows keeps for a device is not safe, with or without an extension', () => {
  for (const name of [
    'con',
    'PRN',
    'Aux',
    'NUL',
    'com0',
    'COM9',
    'lpt1',
    'COM¹',
    'CONIN$',
    'conout$',
    'nul.',
    'nul.tar.gz',
    'nul .x',
  ]) {
    assert.type(partProblem(name), 'string', name)
  }
})

test('filenames: the length of a name counts bytes of UTF-8', () => {
  assert.is(partProblem('é'.repeat(127)), undefined)
  assert.match(partProblem('é'.repeat(128)) ?? '', /255 bytes/)
})

test('filenames: bytes that are UTF-8 are read as that, others as latin1', () => {
  assert.is(nameText(new TextEncoder().encode('é')), 'é')
  assert.is(nameText(Uint8Array.from([0xe9])), 'é')
  assert.is(nameText(Uint8Array.from([0xe9, 0x9b])), 'é_')
  assert.is(nameText(new Uint8Array()), '')
})

test('filenames: no safe name holds a character that leads out of its folder', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 10 }), (name) => {
      if (partProblem(name) !== undefined) return
      assert.not.match(name, /[/\\]/)
      assert.ok(name !== '..' && name !== '.' && name !== '')
      assert.ok([...name].every((character) => character >= ' '))
    }),
    { numRuns: 2_000 },
  )
})

test('filenames: a claim that fails names the reason, and a path may share folders with others', () => {
  const claimed = new ClaimedPaths()
  assert.is(claimed.claim(['t', 'a', 'b']), undefined)
  assert.is(claimed.claim(['t', 'a', 'c']), undefined)
  assert.match(claimed.claim(['T', 'A', 'B']) ?? '', /twice/)
  assert.match(claimed.claim(['t', 'a']) ?? '', /file and a folder/)
  assert.match(claimed.claim(['t', 'a', 'b', 'c']) ?? '', /file for a folder/)
  assert.is(claimed.claim(['t', 'b']), undefined)
})

test.run()
