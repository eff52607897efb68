/** Every store of the catalogue against the one contract, and what is particular to each. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/errors.js'
import { LevelCatalogueStore } from '../../tracker/catalogue-level-store.js'
import { MemoryCatalogueStore } from '../../tracker/catalogue-memory-store.js'
import { LevelDatabase } from '../../tracker/level-database.js'
import { testCatalogueStore } from '../contracts/catalogue-store.js'
import { entryOf } from './catalogue-world.js'

testCatalogueStore(test, 'catalogue in memory', async () => ({
  open: async () => new MemoryCatalogueStore(),
  lasting: false,
  remove: async () => {},
}))

const levelPlace = async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'torrewind-catalogue-'))
  let database: LevelDatabase | undefined
  return {
    database: async () => {
      await database?.close()
      database = await LevelDatabase.open(folder)
      return database
    },
    remove: async () => {
      await database?.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

testCatalogueStore(test, 'catalogue on LevelDB', async () => {
  const { database, remove } = await levelPlace()
  return { open: async () => new LevelCatalogueStore(await database()), lasting: true, remove }
})

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing',
    (error) => (error instanceof TorrewindError ? error.code : String(error)),
  )

test('catalogue on LevelDB: a record that was changed is damage, and said so', async () => {
  const { database, remove } = await levelPlace()
  try {
    const opened = await database()
    const store = new LevelCatalogueStore(opened)
    await store.put(entryOf(), new Uint8Array(1))
    const part = opened.part('catalogue')
    const [first] = await part.keys({ limit: 1 }).all()
    for (const value of ['{', '{}', 'null', JSON.stringify(entryOf({ infoHash: '00'.repeat(20) }))]) {
      await part.put(first ?? new Uint8Array(), new TextEncoder().encode(value))
      const read = async () => {
        for await (const _ of store.entries());
      }
      assert.is(await codeOf(read()), 'STORE_DAMAGED', value)
    }
  } finally {
    await remove()
  }
})

test('catalogue on LevelDB: a database that is gone is a failure of the store', async () => {
  const { database, remove } = await levelPlace()
  try {
    const opened = await database()
    const store = new LevelCatalogueStore(opened)
    await store.put(entryOf(), new Uint8Array(1))
    await opened.close()
    const { infoHash } = entryOf()
    assert.is(await codeOf(store.put(entryOf(), new Uint8Array(1))), 'STORE_FAILED')
    assert.is(await codeOf(store.torrent(infoHash)), 'STORE_FAILED')
    assert.is(await codeOf(store.remove(infoHash)), 'STORE_FAILED')
    assert.is(await codeOf(store.putHealth([[infoHash, new Uint8Array(1)]])), 'STORE_FAILED')
  } finally {
    await remove()
  }
})

test.run()
