/** The store on LevelDB: the contract of stores, and what is left of it after it was closed, killed or damaged. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Level } from 'level'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { LevelDatabase } from '../../tracker/level-database.js'
import { LevelStore } from '../../tracker/level-store.js'
import type { Draw, SwarmSettings } from '../../tracker/swarm.js'
import { errorOf } from '../contracts/log-rig.js'
import { runChild } from '../store/children/child.js'
import { storeContract } from './store-contract.js'
import { anyStep, Counter, compareStep, type StorePlace } from './store-rig.js'
import { EXPIRY_MS, hashOf, INTERVAL_SECONDS, peer, peer6, seeded, world } from './swarm-world.js'

const test = suite('level store')

const SETTINGS: SwarmSettings = { intervalSeconds: INTERVAL_SECONDS, hashSeed: 3 }

/** Stores in folders of one parent, each with a database of its own. */
class Folder {
  readonly #open = new Map<LevelStore, LevelDatabase>()
  constructor(readonly path: string) {}

  async store(name: string, nowMs: number, settings = SETTINGS, random: Draw = seeded(1)): Promise<LevelStore> {
    const database = await LevelDatabase.open(join(this.path, name))
    const opening = LevelStore.open(database, { settings, random, nowMs, delayMs: 1 })
    const store = await opening.catch(async (error) => {
      await database.close()
      throw error
    })
    this.#open.set(store, database)
    return store
  }

  async close(store: LevelStore): Promise<void> {
    await store.close()
    await this.#open.get(store)?.close()
    this.#open.delete(store)
  }

  async dispose(): Promise<void> {
    for (const store of [...this.#open.keys()]) await this.close(store)
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 })
  }
}

const newFolder = async (): Promise<Folder> => new Folder(await mkdtemp(join(tmpdir(), 'torrewind-tracker-')))

storeContract(test, 'level store', async (): Promise<StorePlace> => {
  const folder = await newFolder()
  let opened = 0
  return {
    open: (settings, random, nowMs) => folder.store(`${opened++}`, nowMs, settings, random),
    // Making a database takes a while.
    courses: 12,
    dispose: () => folder.dispose(),
  }
})

const claim = (what: string, work: (folder: Folder) => Promise<void>): void => {
  test(`level store: ${what}`, async () => {
    const folder = await newFolder()
    try {
      await work(folder)
    } finally {
      await folder.dispose()
    }
  })
}

/** Tells a new store in this folder of so many peers, and closes it. */
const fill = async (folder: Folder, peers = 3): Promise<void> => {
  const store = await folder.store('db', 1_000)
  for (let number = 1; number <= peers; number++) store.announce(peer(number, { numwant: 0 }), 1_000)
  await folder.close(store)
}

claim('after a restart at any moment of any course it answers as if there had been none', async (folder) => {
  let courses = 0
  const restarts = fc.array(fc.tuple(anyStep, fc.nat(3)), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(restarts, async (steps) => {
      const name = `${courses++}`
      const model = world()
      let store = await folder.store(name, model.nowMs)
      for (const [step, draw] of steps) {
        if (draw === 0) {
          await folder.close(store)
          store = await folder.store(name, model.nowMs)
        }
        await compareStep(new Counter(store), model, step)
      }
      await folder.close(store)
    }),
    { numRuns: 12 },
  )
})

claim('peers come back with the time that they had left, and with who they are', async (folder) => {
  const first = await folder.store('db', 1_000)
  first.announce(peer(1, { leftBytes: 0 }), 1_000)
  first.announce(peer6(2), 1_500)
  await folder.close(first)
  const nowMs = 1_000 + EXPIRY_MS - 1
  const second = await folder.store('db', nowMs)
  const answer = second.announce(peer(3), nowMs)
  assert.is(answer.type, 'answer')
  if (answer.type === 'answer') {
    const { peerId } = peer(1)
    assert.equal(
      answer.named().find(({ host }) => host === '10.0.0.1'),
      { host: '10.0.0.1', port: 6_881, peerId },
    )
  }
  assert.equal(second.stats(nowMs), { torrents: 1, peers: 3, seeds: 1 })
  assert.equal(second.stats(nowMs + 1), { torrents: 1, peers: 2, seeds: 0 })
  assert.equal(second.stats(nowMs + 501).peers, 1)
})

claim('who expired while it was closed does not come back, and is taken out of the database', async (folder) => {
  await fill(folder)
  const second = await folder.store('db', 1_000 + EXPIRY_MS)
  assert.is(second.stats(1_000 + EXPIRY_MS).peers, 0)
  await folder.close(second)
  // At the old time they would be there, if they were still kept.
  const third = await folder.store('db', 1_000)
  assert.is(third.stats(1_000).peers, 0)
})

claim('completions come back, and are kept as long as without a restart', async (folder) => {
  const first = await folder.store('db', 0)
  first.announce(peer(1, { leftBytes: 0, event: 'completed' }), 0)
  first.announce(peer(1, { event: 'stopped' }), 500)
  await folder.close(first)
  const second = await folder.store('db', 1_000)
  assert.is(second.scrape([hashOf(1)], 500 + LIMITS.trackerSwarmKeptMs - 1)[0]?.downloaded, 1)
  assert.is(second.scrape([hashOf(1)], 500 + LIMITS.trackerSwarmKeptMs)[0]?.downloaded, 0)
  await folder.close(second)
  const third = await folder.store('db', 1_000)
  assert.is(third.stats(1_000).torrents, 0, 'and then they are forgotten for good')
})

claim('a clock that was set back makes nobody older, and nobody stay for longer', async (folder) => {
  const first = await folder.store('db', 1_000_000)
  first.announce(peer(1), 1_000_000)
  await folder.close(first)
  const second = await folder.store('db', 5_000)
  assert.is(second.stats(5_000 + EXPIRY_MS - 1).peers, 1)
  assert.is(second.stats(5_000 + EXPIRY_MS).peers, 0)
})

claim('lower limits put nobody out, and refuse newcomers', async (folder) => {
  await fill(folder)
  const second = await folder.store('db', 1_000, { ...SETTINGS, peersMax: 1, swarmsMax: 1 })
  assert.is(second.stats(1_000).peers, 3)
  assert.is(second.announce(peer(1), 1_000).type, 'answer')
  assert.is(second.announce(peer(4), 1_000).type, 'refusal')
})

claim('other parts of the database are left alone', async (folder) => {
  const database = await LevelDatabase.open(join(folder.path, 'db'))
  const key = Uint8Array.of(1)
  await database.part('other').put(key, Uint8Array.of(2))
  const store = await LevelStore.open(database, { settings: SETTINGS, random: seeded(1), nowMs: 0 })
  store.announce(peer(1), 0)
  await store.close()
  assert.equal(new Uint8Array((await database.part('other').get(key)) ?? []), Uint8Array.of(2))
  await database.close()
  assert.is((await folder.store('db', 0)).stats(0).peers, 1)
})

claim('killed at any moment it has lost no more than the delay that is stated', async (folder) => {
  for (const [round, lives] of [600, 1_200].entries()) {
    const child = await runChild('test/tracker/children/announcing.ts', [join(folder.path, 'db'), '50'])
    const timeOf = (line: string): number => Number(line.split(' ')[1])
    const first = timeOf(await child.line(() => true))
    await child.line((line) => timeOf(line) >= first + lives)
    child.process.kill('SIGKILL')
    await child.gone
    // Ten times the delay of 50 ms, as the machine may be busy with other things than writing.
    const sure = child.lines.filter((line) => timeOf(line) <= timeOf(child.lines.at(-1) ?? '') - 500)
    const told = Number(sure.at(-1)?.split(' ')[0])
    const store = await folder.store('db', Date.now(), { intervalSeconds: 1_800, hashSeed: 2 })
    const { peers, seeds } = store.stats(Date.now())
    assert.ok(told > 0 && peers >= told, `round ${round}: ${peers} are there, ${told} must be`)
    assert.is(seeds, Math.floor(peers / 2), 'peers came in order, and no gap is among them')
    await folder.close(store)
  }
})

claim('a folder that is in use is locked, by this process or another', async (folder) => {
  const path = join(folder.path, 'db')
  const child = await runChild('test/tracker/children/announcing.ts', [path, '10'])
  await child.line(() => true)
  assert.is((await errorOf(() => LevelDatabase.open(path))).code, 'DATA_LOCKED')
  child.process.kill('SIGKILL')
  await child.gone
  const database = await LevelDatabase.open(path)
  const { code, message } = await errorOf(() => LevelDatabase.open(path))
  assert.is(code, 'DATA_LOCKED')
  assert.ok(message.includes(path))
  await database.close()
})

claim('a folder that cannot be made, or that holds a database of something else, is unusable', async (folder) => {
  await writeFile(join(folder.path, 'file'), '')
  assert.is((await errorOf(() => LevelDatabase.open(join(folder.path, 'file', 'db')))).code, 'DATA_UNUSABLE')
  const other = new Level(join(folder.path, 'other'))
  await other.put('key', 'value')
  await other.close()
  const { code, message } = await errorOf(() => LevelDatabase.open(join(folder.path, 'other')))
  assert.is(code, 'DATA_UNUSABLE')
  assert.match(message, 'something else')
  await mkdir(join(folder.path, 'empty'))
  await (await LevelDatabase.open(join(folder.path, 'empty'))).close()
})

claim('a database of a newer version is refused, and let go', async (folder) => {
  const path = join(folder.path, 'db')
  await (await LevelDatabase.open(path)).close()
  const level = new Level<string, Uint8Array>(path, { valueEncoding: 'view' })
  await level.put(' format', Uint8Array.of(2))
  await level.close()
  for (let times = 0; times < 2; times++) {
    assert.is((await errorOf(() => LevelDatabase.open(path))).code, 'STORE_VERSION')
  }
})

claim('a database that LevelDB cannot open is damaged', async (folder) => {
  await fill(folder)
  const path = join(folder.path, 'db')
  const manifest = (await readdir(path)).find((name) => name.startsWith('MANIFEST'))
  await writeFile(join(path, manifest ?? ''), 'nonsense')
  assert.is((await errorOf(() => LevelDatabase.open(path))).code, 'STORE_DAMAGED')
})

claim('a flipped byte in a table is noticed at the opening', async (folder) => {
  await fill(folder, 5_000)
  // Opening writes the journal into a table.
  await (await LevelDatabase.open(join(folder.path, 'db'))).close()
  const table = (await readdir(join(folder.path, 'db'))).find((name) => name.endsWith('.ldb')) ?? 'no table'
  const path = join(folder.path, 'db', table)
  const bytes = await readFile(path)
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 0x10
  await writeFile(path, bytes)
  assert.is((await errorOf(() => folder.store('db', 1_000))).code, 'STORE_DAMAGED')
})

claim('a record that is none of ours, or is shorter or longer than it should be, is noticed too', async (folder) => {
  for (const [key, value] of [
    [Uint8Array.of(0x77), Uint8Array.of(1)],
    [new Uint8Array(39).fill(0x10), new Uint8Array(33)],
    [new Uint8Array(21).fill(0x20), new Uint8Array(0)],
  ] as const) {
    const database = await LevelDatabase.open(join(folder.path, 'db'))
    await database.part('swarms').clear()
    await database.part('swarms').put(key, value)
    await database.close()
    assert.is((await errorOf(() => folder.store('db', 1_000))).code, 'STORE_DAMAGED')
  }
})

claim(
  'where nothing can be written any more it says so once and at its close, and goes on in memory',
  async (folder) => {
    const failures: string[] = []
    const database = await LevelDatabase.open(join(folder.path, 'db'))
    let failed = (): void => {}
    const failing = new Promise<void>((resolve) => {
      failed = resolve
    })
    const store = await LevelStore.open(database, {
      settings: SETTINGS,
      random: seeded(1),
      nowMs: 0,
      delayMs: 1,
      onFailed: ({ code }) => {
        failures.push(code)
        failed()
      },
    })
    // A database that was closed writes as little as one whose disk is full.
    await database.close()
    store.announce(peer(1), 0)
    await failing
    const answer = store.announce(peer(2), 0)
    assert.is(answer.type, 'answer')
    assert.is(store.stats(0).peers, 2)
    assert.is((await errorOf(() => store.close())).code, 'STORE_FAILED')
    assert.equal(failures, ['STORE_FAILED'])
  },
)

test.run()
