/** The contract of a `CatalogueStore`: what every one of them does, wherever it keeps its entries. */
import * as assert from 'uvu/assert'
import type { CatalogueEntry } from '../../tracker/catalogue-entry.js'
import type { CatalogueStore, StoredEntry } from '../../tracker/catalogue-store.js'
import { entryOf } from '../tracker/catalogue-world.js'

export interface CatalogueStorePlace {
  /** The store; what was kept in this place before is there, if the store keeps anything. */
  open(): Promise<CatalogueStore>
  /** Whether entries are there after a close and an open. */
  readonly lasting: boolean
  remove(): Promise<void>
}

const all = async (store: CatalogueStore): Promise<Map<string, StoredEntry>> => {
  const found = new Map<string, StoredEntry>()
  for await (const stored of store.entries()) found.set(stored.entry.infoHash, stored)
  return found
}
const entriesOf = async (store: CatalogueStore): Promise<readonly CatalogueEntry[]> =>
  [...(await all(store)).values()]
    .map(({ entry }) => entry)
    .sort((left, right) => (left.infoHash < right.infoHash ? -1 : 1))

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const plain = (value: Uint8Array | undefined): readonly number[] | undefined => value && [...value]

type Declare<Rig> = (claim: string, work: (rig: Rig) => Promise<void>) => void

/** `declare` is uvu's `test`, or what gives the work something to stand on. */
export const testCatalogueStore = <Rig>(
  declare: Declare<Rig>,
  name: string,
  place: (rig: Rig) => Promise<CatalogueStorePlace>,
): void => {
  const claim = (
    text: string,
    work: (open: () => Promise<CatalogueStore>, lasting: boolean) => Promise<void>,
  ): void => {
    declare(`${name}: ${text}`, async (rig) => {
      const here = await place(rig)
      try {
        await work(here.open, here.lasting)
      } finally {
        await here.remove()
      }
    })
  }

  claim('an empty one has nothing', async (open) => {
    const store = await open()
    assert.equal(await entriesOf(store), [])
    assert.is(await store.torrent('ab'.repeat(20)), undefined)
    assert.is(await store.entry('ab'.repeat(20)), undefined)
    await store.remove('ab'.repeat(20))
    await store.close()
  })

  claim('what is put is there, entry and .torrent byte for byte', async (open) => {
    const store = await open()
    const [first, second] = [
      entryOf({ infoHash: '00'.repeat(20), name: 'ø 漢字 \u{1f600} <script>' }),
      entryOf({ infoHash: 'ff'.repeat(20) }),
    ]
    await store.put(first, bytes(0, 255, 7))
    await store.put(second, bytes(1))
    assert.equal(await entriesOf(store), [first, second])
    assert.equal(plain(await store.torrent(first.infoHash)), [0, 255, 7])
    assert.equal(plain(await store.torrent(second.infoHash)), [1])
    await store.close()
  })

  claim('what is put again takes the place of what was there, and keeps its health', async (open) => {
    const store = await open()
    const entry = entryOf({ tags: ['one'] })
    await store.put(entry, bytes(1, 2, 3))
    await store.putHealth([[entry.infoHash, bytes(9, 9)]])
    await store.put({ ...entry, tags: ['two'] }, bytes(4))
    assert.equal(await entriesOf(store), [{ ...entry, tags: ['two'] }])
    assert.equal(plain(await store.torrent(entry.infoHash)), [4])
    assert.equal(plain((await all(store)).get(entry.infoHash)?.health), [9, 9])
    const stored = await store.entry(entry.infoHash)
    assert.equal([stored?.entry.tags, plain(stored?.health)], [['two'], [9, 9]])
    await store.close()
  })

  claim('what is removed is gone with all that belongs to it, and others stay', async (open) => {
    const store = await open()
    const [gone, stays] = [entryOf({ infoHash: '11'.repeat(20) }), entryOf({ infoHash: '22'.repeat(20) })]
    for (const entry of [gone, stays]) await store.put(entry, bytes(1))
    await store.putHealth([[gone.infoHash, bytes(5)]])
    await store.remove(gone.infoHash)
    assert.equal(await entriesOf(store), [stays])
    assert.is(await store.torrent(gone.infoHash), undefined)
    await store.put(gone, bytes(2))
    assert.equal(plain((await all(store)).get(gone.infoHash)?.health), [])
    await store.close()
  })

  claim('health of an entry that is not there is passed over', async (open) => {
    const store = await open()
    const entry = entryOf({})
    await store.putHealth([[entry.infoHash, bytes(1)]])
    await store.put(entry, bytes(2))
    assert.equal(plain((await all(store)).get(entry.infoHash)?.health), [])
    await store.putHealth([])
    await store.close()
  })

  claim('what is handed in may be changed afterwards', async (open) => {
    const store = await open()
    const torrent = bytes(1, 2, 3)
    await store.put(entryOf({}), torrent)
    torrent.fill(0)
    assert.equal(plain(await store.torrent(entryOf({}).infoHash)), [1, 2, 3])
    await store.close()
  })

  claim('one that lasts has everything after a close and an open', async (open, lasting) => {
    const store = await open()
    const entry = entryOf({ tags: ['kept'] })
    await store.put(entry, bytes(1, 2, 3))
    await store.putHealth([[entry.infoHash, bytes(7)]])
    await store.close()
    if (!lasting) return
    const again = await open()
    assert.equal(await entriesOf(again), [entry])
    assert.equal(plain(await again.torrent(entry.infoHash)), [1, 2, 3])
    assert.equal(plain((await all(again)).get(entry.infoHash)?.health), [7])
    await again.close()
  })
}
