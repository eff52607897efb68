/** Which pieces globs select. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/errors.js'
import { wantedPieces } from '../../src/wanted.js'
import { makeContent } from './content.js'

const KIB = 1_024
/** A piece for each file. */
const { metainfo } = makeContent({
  name: 'show',
  pieceLength: 16 * KIB,
  files: {
    'a.mkv': 16 * KIB,
    'a.srt': 16 * KIB,
    'extras/a.mkv': 16 * KIB,
    'extras/deep/a.mkv': 16 * KIB,
    'extras/bomb.mkv': 16 * KIB,
    'weird [1] (2).txt': 16 * KIB,
    empty: 0,
  },
})

const selected = (...globs: string[]): readonly number[] => [...wantedPieces(metainfo, globs).indices()]

test('wanted: no globs select everything', () => {
  assert.ok(wantedPieces(metainfo, undefined).full)
  assert.equal(selected(), [0, 1, 2, 3, 4, 5])
})

test('wanted: a name fits wherever it is', () => {
  assert.equal(selected('a.mkv'), [0, 2, 3])
  assert.equal(selected('*.srt'), [1])
  assert.equal(selected('?.mkv'), [0, 2, 3])
})

test('wanted: a path fits with or without the torrent’s own name', () => {
  assert.equal(selected('extras/a.mkv'), [2])
  assert.equal(selected('show/extras/a.mkv'), [2])
  assert.equal(selected('extras/*'), [2, 4])
})

test('wanted: two stars go over folders, and over none', () => {
  assert.equal(selected('extras/**'), [2, 3, 4])
  assert.equal(selected('extras/**/a.mkv'), [2, 3])
  assert.equal(selected('**/a.mkv'), [0, 2, 3])
})

test('wanted: two stars before a name leave that name whole', () => {
  assert.equal(selected('extras/**/b.mkv', 'a.srt'), [1])
  assert.equal(selected('extras/**/mb.mkv', 'a.srt'), [1])
})

test('wanted: letters that mean something to regular expressions mean themselves', () => {
  assert.equal(selected('weird [1] (2).txt'), [5])
  assert.equal(selected('weird*'), [5])
})

test('wanted: several globs select together, an empty file selects no piece', () => {
  assert.equal(selected('a.srt', 'weird*'), [1, 5])
  assert.equal(selected('empty'), [])
})

test('wanted: globs that fit no file are refused', () => {
  try {
    selected('nothing', 'extras')
    assert.unreachable()
  } catch (error) {
    assert.is(error instanceof TorrewindError && error.code, 'OPTION_INVALID')
  }
})

test.run()
