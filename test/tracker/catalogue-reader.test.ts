/** Reading what is published: at once or in a thread, with the same outcome, and announces do not wait for it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/errors.js'
import { LIMITS } from '../../src/limits.js'
import { CatalogueRefusal } from '../../tracker/catalogue-codes.js'
import { CatalogueReader } from '../../tracker/catalogue-reader.js'
import { readEntry } from '../../tracker/catalogue-reading.js'
import { ask, publish, withTracker } from './catalogue-client.js'
import { filesOf, torrentOf } from './catalogue-world.js'
import { askAnnounce, request } from './http-client.js'

const test = suite('catalogue reader')
const PUBLISHED = { tags: ['a'], publishedAt: 7, publisher: 'sub:ada' }

const manyFiles = (count: number): Uint8Array =>
  torrentOf('many files', filesOf(...Array.from({ length: count }, (_, at) => `folder ${at % 50}/file-${at}.bin`)))

/** Lists in each other, which take longer to read than anything that is of use. */
const nested = (): Uint8Array => {
  const lists = `${'l'.repeat(30)}${'e'.repeat(30)}`.repeat(8_000)
  return new TextEncoder().encode(`d1:al${lists}e4:infodee`)
}

const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work()
  } catch (error) {
    if (error instanceof TorrewindError || error instanceof CatalogueRefusal) return error.code
    throw error
  }
  return 'read'
}

test('catalogue reader: a long .torrent has the same entry as a short one would, and the same refusal', async () => {
  const reader = new CatalogueReader()
  try {
    const [short, long] = [manyFiles(10), manyFiles(5_000)]
    assert.ok(short.length < LIMITS.catalogueReadAtOnceBytesMax && long.length > LIMITS.catalogueReadAtOnceBytesMax)
    for (const torrent of [short, long]) {
      assert.equal(await reader.read(torrent, PUBLISHED), readEntry(torrent, PUBLISHED))
    }
    const cut = long.subarray(0, -1)
    assert.is(await codeOf(() => reader.read(cut, PUBLISHED)), 'BENCODE_INVALID')
    assert.is(await codeOf(() => reader.read(nested(), PUBLISHED)), 'TORRENT_INVALID')
    assert.equal(await reader.read(long, PUBLISHED), readEntry(long, PUBLISHED), 'it goes on after that')
  } finally {
    await reader.close()
  }
})

test('catalogue reader: so many wait at most, and others are told to come again', async () => {
  const reader = new CatalogueReader()
  const long = manyFiles(2_000)
  const readings = Array.from({ length: LIMITS.catalogueReadingsWaitingMax }, () => reader.read(long, PUBLISHED))
  assert.is(await codeOf(() => reader.read(long, PUBLISHED)), 'BUSY')
  await Promise.allSettled(readings)
  assert.is((await reader.read(manyFiles(1), PUBLISHED)).fileCount, 1)
  await reader.close()
})

test('catalogue reader: announces go on while a hostile .torrent is read', () =>
  withTracker({ rate: 0 }, async (base) => {
    let answered = 0
    let isReading = true
    const publishing = publish(base, nested()).finally(() => {
      isReading = false
    })
    while (isReading) {
      await askAnnounce(base, request(1))
      answered++
    }
    const { status, json } = await publishing
    assert.equal([status, json.error.code], [422, 'TORRENT_INVALID'])
    // Had they waited for it, one or two would have been answered, before it was there whole.
    assert.ok(answered > 5, `${answered} announces`)
    assert.is((await ask(`${base}/catalogue`)).json.total, 0)
  }))

test.run()
