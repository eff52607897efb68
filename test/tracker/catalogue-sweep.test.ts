/** The sweep over the catalogue's swarms, and the desk that hands entries in and out. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { type InfoHash, toHex } from '../../src/values.js'
import { CatalogueRefusal } from '../../tracker/catalogue-codes.js'
import { CATALOGUE_BOUNDS, CatalogueDesk, type DeskParts } from '../../tracker/catalogue-desk.js'
import { MemoryCatalogueStore } from '../../tracker/catalogue-memory-store.js'
import { readEntry } from '../../tracker/catalogue-reading.js'
import { CatalogueSweep } from '../../tracker/catalogue-sweep.js'
import { TimeShare } from '../../tracker/time-share.js'
import { entryOf, hexOf, torrentOf } from './catalogue-world.js'

const openDesk = (more: Partial<DeskParts> = {}): Promise<CatalogueDesk> => {
  let keys = 0
  return CatalogueDesk.open({
    store: new MemoryCatalogueStore(),
    publishing: { type: 'open' },
    bounds: CATALOGUE_BOUNDS,
    isServed: () => true,
    now: () => 1_800_000_000_000,
    makeKey: () => `key ${++keys}`,
    read: readEntry,
    ...more,
  })
}

/** A sweep over so many entries, whose swarms have as many seeds as is said here by their number. */
const openSweep = async (entries: number, store = new MemoryCatalogueStore()) => {
  const desk = await openDesk({ store })
  for (let at = 1; at <= entries; at++) {
    const entry = entryOf({ infoHash: hexOf(at) })
    await store.put(entry, new Uint8Array(1))
    desk.catalogue.put(entry)
  }
  const seeds = new Map<string, number>()
  const world = { nowMs: 1_800_000_000_000, asked: 0 }
  const scrape = (hashes: readonly InfoHash[]) => {
    world.asked += hashes.length
    return hashes.map((infoHash) => ({
      infoHash,
      complete: seeds.get(toHex(infoHash)) ?? 0,
      incomplete: 1,
      downloaded: 2,
    }))
  }
  return { desk, seeds, world, sweep: new CatalogueSweep({ desk, scrape, now: () => world.nowMs }) }
}

test('catalogue sweep: it says whose counts have changed, once', async () => {
  const { sweep, seeds } = await openSweep(3)
  const names = async () => (await sweep.look(true)).map(({ entry, counts }) => [entry.infoHash, counts.seeds])
  assert.equal(await names(), [
    [hexOf(1), 0],
    [hexOf(2), 0],
    [hexOf(3), 0],
  ])
  assert.equal(await names(), [])
  seeds.set(hexOf(2), 7)
  assert.equal(await names(), [[hexOf(2), 7]])
})

test('catalogue sweep: each swarm has its turn within the time of a sample, watched or not', async () => {
  for (const watched of [false, true]) {
    const { sweep, desk, world } = await openSweep(500)
    for (let turn = 0; turn < LIMITS.catalogueSampleMs / LIMITS.catalogueLiveMs; turn++) {
      await sweep.look(watched)
      world.nowMs += LIMITS.catalogueLiveMs
    }
    for (const name of desk.catalogue.infoHashes()) assert.is(desk.catalogue.get(name)?.health.count, 1, name)
    assert.ok(watched || world.asked <= 30 * Math.ceil(500 / 30), `${world.asked} were asked about`)
  }
})

test('catalogue sweep: a swarm is sampled once a minute, however often it is looked at', async () => {
  const { sweep, desk, world, seeds } = await openSweep(1)
  for (let second = 0; second < 600; second += 2) {
    seeds.set(hexOf(1), Math.floor(second / 60))
    await sweep.look(true)
    world.nowMs += 2_000
  }
  const { at, seeds: sampled } = desk.catalogue.get(hexOf(1))?.health.columns() ?? { at: [], seeds: [] }
  assert.equal(sampled, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  assert.equal(
    at.map((when) => when - (at[0] ?? 0)),
    [0, 60, 120, 180, 240, 300, 360, 420, 480, 540],
  )
})

test('catalogue sweep: health is kept on the way and at the end, and comes back', async () => {
  const store = new MemoryCatalogueStore()
  const { sweep, desk, world } = await openSweep(5, store)
  for (let minute = 0; minute < 12; minute++) {
    await sweep.look(true)
    world.nowMs += 60_000
  }
  const kept = async () => {
    const counts: number[] = []
    for await (const { health } of store.entries()) counts.push(health.length / 16)
    return counts
  }
  assert.ok(
    (await kept()).every((count) => count >= 1 && count <= 12),
    String(await kept()),
  )
  await desk.close()
  assert.equal(await kept(), [12, 12, 12, 12, 12])
  const again = await openDesk({ store })
  assert.is(again.catalogue.get(hexOf(5))?.health.count, 12)
})

test('catalogue sweep: what comes and goes in mid-round is neither missed nor tripped over', async () => {
  const { sweep, desk, world } = await openSweep(60)
  await sweep.look(false)
  desk.catalogue.remove(hexOf(10))
  desk.catalogue.put(entryOf({ infoHash: hexOf(99) }))
  for (let turn = 0; turn < 40; turn++) {
    await sweep.look(false)
    world.nowMs += LIMITS.catalogueLiveMs
  }
  for (const name of desk.catalogue.infoHashes()) assert.ok((desk.catalogue.get(name)?.health.count ?? 0) > 0, name)
})

test('catalogue desk: many who publish the same at once make one entry, with one key', async () => {
  const desk = await openDesk()
  const torrent = torrentOf('same')
  const all = await Promise.all(Array.from({ length: 10 }, () => desk.publish({ torrent, tags: [] })))
  assert.equal(all.map(({ created }) => created).sort(), [...Array(9).fill(false), true])
  assert.equal(
    all.flatMap(({ key }) => key ?? []),
    ['key 1'],
  )
  assert.is(desk.catalogue.size, 1)
})

test('catalogue desk: a store that fails leaves nothing in the index, and those who come after go on', async () => {
  class Failing extends MemoryCatalogueStore {
    fails = true
    override async put(...args: Parameters<MemoryCatalogueStore['put']>): Promise<void> {
      if (this.fails) throw new Error('the disk is gone')
      return super.put(...args)
    }
  }
  const store = new Failing()
  const desk = await openDesk({ store })
  const torrent = torrentOf('one')
  await desk.publish({ torrent, tags: [] }).then(
    () => assert.unreachable('it was published'),
    (error) => assert.match(error.message, 'the disk is gone'),
  )
  assert.is(desk.catalogue.size, 0)
  store.fails = false
  assert.is((await desk.publish({ torrent, tags: [] })).created, true)
})

test('catalogue searches: they take no more than their share of the time, and earn it again', () => {
  let nowMs = 0
  const share = new TimeShare('searched', 0.25, 1_000, () => nowMs)
  const search = (ms: number): string => {
    try {
      return share.spend(() => {
        nowMs += ms
        return 'found'
      })
    } catch (error) {
      return error instanceof CatalogueRefusal ? error.code : String(error)
    }
  }
  assert.equal([search(900), search(900), search(1)], ['found', 'found', 'BUSY'])
  nowMs += 400
  assert.is(search(1), 'BUSY')
  nowMs += 4_000
  assert.is(search(1), 'found')
  let searched = 0
  const began = nowMs
  while (nowMs < began + 100_000) {
    if (search(100) === 'found') searched += 100
    nowMs += 10
  }
  assert.ok(searched > 20_000 && searched < 30_000, `${searched} ms of 100 s`)
})

test('catalogue desk: its key is kept as a hash only', async () => {
  const store = new MemoryCatalogueStore()
  const desk = await openDesk({ store, makeKey: () => 'the secret' })
  await desk.publish({ torrent: torrentOf('one'), tags: [] })
  for await (const { entry } of store.entries()) {
    assert.match(entry.publisher, /^key:[0-9a-f]{64}$/)
    assert.not.match(JSON.stringify(entry), 'the secret')
  }
})

test.run()
