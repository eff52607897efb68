/** The catalogue itself: words, searches and their order, pages, tags, and health over time. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/errors.js'
import { LIMITS } from '../../src/limits.js'
import { Catalogue } from '../../tracker/catalogue.js'
import { CatalogueRefusal } from '../../tracker/catalogue-codes.js'
import { Health } from '../../tracker/catalogue-health.js'
import { readCatalogueQuery } from '../../tracker/catalogue-query.js'
import { readEntry, readTags } from '../../tracker/catalogue-reading.js'
import { wordsOf } from '../../tracker/catalogue-words.js'
import { entryOf, filesOf, hexOf, torrentOf } from './catalogue-world.js'

const query = (text: string) => readCatalogueQuery(new URLSearchParams(text))
const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof CatalogueRefusal || error instanceof TorrewindError) return error.code
    throw error
  }
  return 'nothing'
}

const catalogueOf = (...names: readonly string[]): Catalogue => {
  const catalogue = new Catalogue()
  for (const [at, name] of names.entries()) {
    catalogue.put(entryOf({ infoHash: hexOf(at + 1), name, publishedAt: 1_000 + at }))
  }
  return catalogue
}
const found = (catalogue: Catalogue, text: string): readonly string[] =>
  catalogue.page(query(text)).entries.map(({ entry }) => entry.name)

test('catalogue words: names are taken apart at everything that is no letter or digit', () => {
  assert.equal(wordsOf('Holiday_2024-final.(v2).mkv'), ['holiday', '2024', 'final', 'v2', 'mkv'])
  assert.equal(wordsOf(' \t<script>alert(1)</script> '), ['script', 'alert', '1', 'script'])
  assert.equal(wordsOf('...'), [])
})

test('catalogue words: case, accents and ligatures make no difference', () => {
  assert.equal(wordsOf('ÜBER Ångström ﬁle Ｆｕｌｌ'), ['uber', 'angstrom', 'file', 'full'])
  assert.equal(wordsOf('Москва ΑΘΗΝΑ'), ['москва', 'αθηνα'])
  assert.equal(wordsOf('é'), wordsOf('e\u0301'))
})

test('catalogue words: scripts without spaces are taken apart too', () => {
  assert.ok(wordsOf('東京都の写真').length > 1)
  assert.ok(wordsOf('ภาพถ่ายวันหยุด').length > 1)
})

test('catalogue words: any text gives words that give themselves, of bounded length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      for (const word of wordsOf(text)) {
        assert.ok(word.length <= LIMITS.catalogueWordCharactersMax)
        assert.ok(word.isWellFormed())
      }
    }),
  )
})

test('catalogue search: all words must be there, and may be beginnings', () => {
  const catalogue = catalogueOf('summer holiday 2024', 'winter holiday 2024', 'winter report')
  assert.equal(found(catalogue, 'q=holiday+winter'), ['winter holiday 2024'])
  assert.equal(found(catalogue, 'q=win+hol'), ['winter holiday 2024'])
  assert.equal(found(catalogue, 'q=winter+summer'), [])
  assert.equal(found(catalogue, 'q=h'), [])
})

test('catalogue search: a letter of a long word may be wrong, of a short one none', () => {
  const catalogue = catalogueOf('holiday pictures', 'cat')
  assert.equal(found(catalogue, 'q=holyday'), ['holiday pictures'])
  assert.equal(found(catalogue, 'q=bat'), [])
})

test('catalogue search: names count more than tags, and those more than files', () => {
  const catalogue = new Catalogue()
  catalogue.put(entryOf({ infoHash: hexOf(1), name: 'three', files: [{ path: 'three/ubuntu.iso', bytes: 1 }] }))
  catalogue.put(entryOf({ infoHash: hexOf(2), name: 'two', tags: ['ubuntu'] }))
  catalogue.put(entryOf({ infoHash: hexOf(3), name: 'ubuntu' }))
  assert.equal(found(catalogue, 'q=ubuntu'), ['ubuntu', 'two', 'three'])
})

test('catalogue search: tags narrow, with words and without', () => {
  const catalogue = new Catalogue()
  catalogue.put(entryOf({ infoHash: hexOf(1), name: 'linux one', tags: ['linux', 'iso'] }))
  catalogue.put(entryOf({ infoHash: hexOf(2), name: 'linux two', tags: ['linux'] }))
  assert.equal(found(catalogue, 'q=linux&tag=iso'), ['linux one'])
  assert.equal(found(catalogue, 'tag=LINUX&tag=Iso'), ['linux one'])
  assert.is(catalogue.page(query('tag=linux')).total, 2)
  assert.equal(found(catalogue, 'tag=bsd'), [])
})

test('catalogue search: what was removed or changed is not found by what it was', () => {
  const catalogue = catalogueOf('summer holiday', 'winter holiday')
  catalogue.remove(hexOf(1))
  catalogue.remove(hexOf(7))
  assert.equal(found(catalogue, 'q=holiday'), ['winter holiday'])
  catalogue.put(entryOf({ infoHash: hexOf(2), name: 'winter holiday', tags: ['snow'] }))
  assert.equal(found(catalogue, 'q=snow'), ['winter holiday'])
  catalogue.put(entryOf({ infoHash: hexOf(2), name: 'winter holiday', tags: [] }))
  assert.equal(found(catalogue, 'q=snow'), [])
  assert.is(catalogue.size, 1)
  assert.is(catalogue.torrentBytes, 100)
})

test('catalogue list: the newest first, or by seeds, or by size', () => {
  const catalogue = new Catalogue()
  for (const [at, bytes, seeds] of [
    [1, 300, 5],
    [2, 100, 9],
    [3, 200, 7],
  ] as const) {
    const listed = catalogue.put(entryOf({ infoHash: hexOf(at), name: `${at}`, bytes, publishedAt: at }))
    listed.counts = { seeds, leeches: 0, completed: 0 }
  }
  assert.equal(found(catalogue, ''), ['3', '2', '1'])
  assert.equal(found(catalogue, 'order=size'), ['1', '3', '2'])
  assert.equal(found(catalogue, 'order=seeds'), ['2', '3', '1'])
})

test('catalogue pages: going on from cursor to cursor shows each entry once, whatever the order and the limit', () => {
  const catalogue = new Catalogue()
  for (let at = 0; at < 57; at++) {
    const name = at % 3 === 0 ? `file ${at}` : `picture of a file ${at}`
    catalogue.put(entryOf({ infoHash: hexOf((at * 31) % 57), name, bytes: at % 5, publishedAt: at % 7 }))
  }
  for (const asked of ['', 'q=file', 'q=picture&order=size', 'order=size', 'order=seeds']) {
    const whole = catalogue.page(query(`${asked}&limit=200`))
    assert.is(whole.next, undefined)
    for (const limit of [1, 2, 10, 56, 57]) {
      const seen: string[] = []
      let next: string | undefined = ''
      while (next !== undefined) {
        const cursor: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`
        const page = catalogue.page(query(`${asked}&limit=${limit}${cursor}`))
        assert.is(page.total, whole.total)
        seen.push(...page.entries.map(({ entry }) => entry.infoHash))
        next = page.next
      }
      assert.equal(
        seen,
        whole.entries.map(({ entry }) => entry.infoHash),
        `${asked} by ${limit}`,
      )
    }
  }
})

test('catalogue pages: what comes or goes between two pages moves nothing else', () => {
  const catalogue = catalogueOf('a', 'b', 'c', 'd')
  const first = catalogue.page(query('limit=2'))
  assert.equal(
    first.entries.map(({ entry }) => entry.name),
    ['d', 'c'],
  )
  catalogue.put(entryOf({ infoHash: hexOf(9), name: 'e', publishedAt: 9_000 }))
  catalogue.remove(hexOf(4))
  const second = catalogue.page(query(`limit=2&cursor=${first.next}`))
  assert.equal(
    second.entries.map(({ entry }) => entry.name),
    ['b', 'a'],
  )
})

test('catalogue query: what cannot be meant is refused by a code', () => {
  for (const [text, code] of [
    ['limit=0', 'QUERY_INVALID'],
    ['limit=201', 'QUERY_INVALID'],
    ['limit=-1', 'QUERY_INVALID'],
    ['limit=1e3', 'QUERY_INVALID'],
    ['limit=', 'QUERY_INVALID'],
    ['order=name', 'QUERY_INVALID'],
    ['order=toString', 'QUERY_INVALID'],
    ['q=...', 'QUERY_INVALID'],
    [`q=${'a'.repeat(LIMITS.catalogueQueryCharactersMax + 1)}`, 'QUERY_INVALID'],
    [`q=${'a+'.repeat(LIMITS.catalogueWordsMax + 1)}`, 'QUERY_INVALID'],
    ['q=a&q=b', 'QUERY_INVALID'],
    ['words=a', 'QUERY_INVALID'],
    ['__proto__=a', 'QUERY_INVALID'],
    ['cursor=', 'CURSOR_INVALID'],
    ['cursor=%00', 'CURSOR_INVALID'],
    ['cursor=ä', 'CURSOR_INVALID'],
    [`cursor=${btoa('NaN '.padEnd(44, 'a'))}`, 'CURSOR_INVALID'],
    [`cursor=${btoa(`1e999 ${hexOf(1)}`)}`, 'CURSOR_INVALID'],
    [`cursor=${'A'.repeat(10_000)}`, 'CURSOR_INVALID'],
    ['tag=', 'TAG_INVALID'],
    ['tag=a%20b', 'TAG_INVALID'],
  ] as const) {
    assert.is(
      codeOf(() => query(text)),
      code,
      text,
    )
  }
  assert.is(query('q=%20%20').words, '')
})

test('catalogue tags: they are kept in one form, each once', () => {
  assert.equal(readTags(['Linux', 'linux', 'C++', 'größe', 'gro\u0308ße', 'v1.2_x-y']), [
    ...['linux', 'c++', 'größe', 'größe', 'v1.2_x-y'].filter((tag, at, all) => all.indexOf(tag) === at),
  ])
  const long = 'a'.repeat(LIMITS.catalogueTagCharactersMax + 1)
  for (const wrong of ['', ' ', 'a b', '<b>', '"', '-x', 'a,b', 'a\u0000', '\u202ex', '\ud800', long]) {
    assert.is(
      codeOf(() => readTags([wrong])),
      'TAG_INVALID',
      wrong,
    )
  }
  const many = Array.from({ length: LIMITS.catalogueTagsMax + 1 }, (_, at) => `t${at}`)
  assert.is(
    codeOf(() => readTags(many)),
    'TAG_INVALID',
  )
  assert.is(readTags(many.slice(1)).length, LIMITS.catalogueTagsMax)
})

const PUBLISHED = { tags: [], publishedAt: 5, publisher: 'sub:x' }

test('catalogue entry: it says what the .torrent says', () => {
  const torrent = torrentOf('<script>alert(1)<∕script>', filesOf('a.txt', 'b/c.txt'), { comment: 'x'.repeat(2_000) })
  const entry = readEntry(torrent, PUBLISHED)
  assert.is(entry.name, '<script>alert(1)<∕script>')
  assert.equal(
    entry.files.map(({ path }) => path),
    [`${entry.name}/a.txt`, `${entry.name}/b/c.txt`],
  )
  assert.is(entry.fileCount, 2)
  assert.is(entry.bytes, 2)
  assert.is(entry.comment?.length, 500)
  assert.is(entry.torrentBytes, torrent.length)
  assert.match(entry.infoHash, /^[0-9a-f]{40}$/)
})

test('catalogue entry: of many files the first are named, and all are counted', () => {
  const names = Array.from({ length: 1_000 }, (_, at) => `${at}.bin`)
  const entry = readEntry(torrentOf('many', filesOf(...names)), PUBLISHED)
  assert.is(entry.fileCount, 1_000)
  assert.is(entry.files.length, LIMITS.catalogueFilesMax)
  const long = Array.from({ length: 90 }, (_, at) => `${at}${'n'.repeat(200)}`)
  const few = readEntry(torrentOf('long', filesOf(...long)), PUBLISHED)
  assert.ok(few.files.length < 90 && few.files.length > 30)
})

test('catalogue entry: names that leave their folder, sizes that cannot be, and what is no torrent are refused', () => {
  const cases: readonly (readonly [what: string, torrent: Uint8Array, code: string])[] = [
    ['a name of dots', torrentOf('..'), 'PATH_UNSAFE'],
    ['a name with a slash', torrentOf('a/b'), 'PATH_UNSAFE'],
    ['an absolute name', torrentOf('/etc/passwd'), 'PATH_UNSAFE'],
    ['a path that leaves', torrentOf('x', filesOf('../y')), 'PATH_UNSAFE'],
    ['a device of Windows', torrentOf('CON'), 'PATH_UNSAFE'],
    ['control characters', torrentOf('a\u0007b'), 'PATH_UNSAFE'],
    ['the same file twice', torrentOf('x', filesOf('y', 'Y')), 'PATH_UNSAFE'],
    ['a negative size', torrentOf('x', { length: -1 }), 'TORRENT_INVALID'],
    ['a size past 2^53', torrentOf('x', { length: 2n ** 60n }), 'TORRENT_INVALID'],
    ['no bytes', torrentOf('x', { length: 0, pieces: new Uint8Array(0) }), 'TORRENT_INVALID'],
    ['hashes for another size', torrentOf('x', { pieces: new Uint8Array(40) }), 'TORRENT_INVALID'],
    ['v2 without a file tree', torrentOf('x', { 'meta version': 2, pieces: undefined }), 'TORRENT_INVALID'],
    ['a version to come', torrentOf('x', { 'meta version': 3 }), 'TORRENT_UNSUPPORTED'],
    ['nothing', new Uint8Array(0), 'BENCODE_INVALID'],
    ['text', new TextEncoder().encode('<html>'), 'BENCODE_INVALID'],
    ['nested lists', new TextEncoder().encode('l'.repeat(100_000)), 'BENCODE_INVALID'],
    ['another value', new TextEncoder().encode('4:spam'), 'TORRENT_INVALID'],
  ]
  for (const [what, torrent, code] of cases)
    assert.is(
      codeOf(() => readEntry(torrent, PUBLISHED)),
      code,
      what,
    )
})

const counts = (seeds: number) => ({ seeds, leeches: seeds * 2, completed: seeds * 3 })

test('catalogue health: samples are kept in the order of time, and survive being packed', () => {
  const health = new Health(10)
  for (const [at, seeds] of [
    [100, 1],
    [160, 2],
    [160, 9],
    [150, 9],
    [220.7, 3],
  ] as const) {
    health.add(at, counts(seeds))
  }
  const columns = { at: [100, 160, 220], seeds: [1, 2, 3], leeches: [2, 4, 6], completed: [3, 6, 9] }
  assert.equal(health.columns(), columns)
  assert.equal(Health.fromBytes(health.toBytes(), 10).columns(), columns)
  assert.equal(Health.fromBytes(health.toBytes().subarray(0, 17), 10).columns().at, [100])
  assert.is(new Health(10).newestAt, undefined)
})

test('catalogue health: it stays within its bound, keeps first and newest, and thins out with age', () => {
  const health = new Health(64)
  const minutes = 60 * 24 * 30
  for (let minute = 0; minute <= minutes; minute++) health.add(1_000_000 + minute * 60, counts(minute))
  const { at } = health.columns()
  assert.is(at.length, 64)
  assert.is(at[0], 1_000_000)
  assert.is(at.at(-1), 1_000_000 + minutes * 60)
  const ages = at.map((when) => 1_000_000 + minutes * 60 - when)
  // The last minutes are there one by one, and nowhere is a gap larger than half its age.
  assert.equal(ages.slice(-3), [120, 60, 0])
  for (let index = 0; index < ages.length - 3; index++) {
    const [older = 0, newer = 0] = [ages[index], ages[index + 1]]
    assert.ok(older - newer <= older / 2, `a gap of ${older - newer} s at an age of ${older} s`)
  }
})

test('catalogue health: counts of any size fit', () => {
  const health = new Health(3)
  health.add(1, { seeds: 2 ** 40, leeches: 0, completed: 2 ** 32 - 1 })
  assert.equal(health.columns().seeds, [2 ** 32 - 1])
  assert.equal(health.columns().completed, [2 ** 32 - 1])
})

test.run()
