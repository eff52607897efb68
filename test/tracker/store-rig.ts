/** What tests of stores have in common: a store with a clock, and random courses beside the pure swarm. */
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import type { ScrapeCounts, ScrapeFile } from '../../src/wire/scrape.js'
import { compactPeers, type StoreAnswer, type SwarmStore, soon } from '../../tracker/store.js'
import {
  type Draw,
  type Refusal,
  type SwarmRequest,
  type SwarmSettings,
  scrape,
  swarmStats,
} from '../../tracker/swarm.js'
import { EXPIRY_MS, hashOf, INTERVAL_SECONDS, idOf, peer, peer6, type World } from './swarm-world.js'

export interface StorePlace {
  /** A store that has nothing in it. */
  open(settings: SwarmSettings, random: Draw, nowMs: number): Promise<SwarmStore>
  /** How many random courses are taken, each with a store of its own. */
  readonly courses: number
  /** Ends every store and what they stood on. */
  dispose(): Promise<void>
}

/** An answer whose peers were read, as `HOST:PORT`, in order. */
export interface Told extends ScrapeCounts {
  readonly type: 'answer'
  readonly peers: readonly string[]
}

export const settingsOf = (more: Partial<SwarmSettings>): SwarmSettings => ({
  intervalSeconds: INTERVAL_SECONDS,
  peersMax: 100_000,
  swarmsMax: 10_000,
  hashSeed: 99,
  ...more,
})

const names = (peers: readonly { host: string; port: number }[]): string[] =>
  peers.map((one) => `${one.host}:${one.port}`).sort()

/** Read at once: peers of an answer are good until the store is asked again. */
const read = (answer: StoreAnswer | Refusal): Told | Refusal => {
  if (answer.type === 'refusal') return answer
  const { type, complete, incomplete, downloaded } = answer
  const named = answer.named()
  const { ipv4, ipv6 } = compactPeers(answer)
  const peers = names(named)
  assert.is(ipv4.length / 6 + ipv6.length / 18, peers.length, 'the same peers as bytes and by name')
  return { type, complete, incomplete, downloaded, peers }
}

/** A store with a clock of its own. */
export class Counter {
  nowMs = 1_000
  constructor(readonly store: SwarmStore) {}

  async ask(request: SwarmRequest): Promise<Told | Refusal> {
    return soon(this.store.announce(request, this.nowMs), read)
  }

  async tell(request: SwarmRequest): Promise<Told> {
    const answer = await this.ask(request)
    if (answer.type === 'refusal') throw new Error(answer.reason)
    return answer
  }

  async peers(request: SwarmRequest): Promise<readonly string[]> {
    return (await this.tell(request)).peers
  }

  async counts(...torrents: number[]): Promise<readonly ScrapeCounts[]> {
    const files: readonly ScrapeFile[] = await this.store.scrape(torrents.map(hashOf), this.nowMs)
    assert.equal(
      files.map(({ infoHash }) => infoHash),
      torrents.map(hashOf),
    )
    return files.map(({ complete, incomplete, downloaded }) => ({ complete, incomplete, downloaded }))
  }
}

/** A step of a random course. */
export interface Step {
  readonly waitMs: number
  readonly request: SwarmRequest
}

const families = [undefined, ['ipv4'], ['ipv6'], ['ipv4', 'ipv6']] as const

export const anyStep: fc.Arbitrary<Step> = fc
  .record({
    waitMs: fc.integer({ min: 0, max: EXPIRY_MS / 4 }),
    number: fc.nat(7),
    ipv6: fc.boolean(),
    // Two addresses of one client, or a client that came back under another id.
    id: fc.option(fc.nat(3), { nil: undefined }),
    torrent: fc.nat(2),
    leftBytes: fc.nat(1),
    event: fc.constantFrom(undefined, undefined, 'started' as const, 'completed' as const, 'stopped' as const),
    numwant: fc.constantFrom(0, 1, 3, 50, 1_000_000),
    families: fc.constantFrom(...families),
  })
  .map(({ waitMs, number, ipv6, id, torrent, ...more }) => ({
    waitMs,
    request: (ipv6 ? peer6 : peer)(number + 1, { ...more, infoHash: hashOf(torrent), peerId: idOf(id ?? number + 1) }),
  }))

/** Takes the step in both, and compares all that can be asked. */
export const compareStep = async (counter: Counter, model: World, { waitMs, request }: Step): Promise<void> => {
  model.nowMs += waitMs
  counter.nowMs = model.nowMs
  // All whom the answer may name; the store names as many of them as were asked for.
  const expected = model.ask({ ...request, numwant: LIMITS.trackerNumwantMax })
  const answer = await counter.ask(request)
  if (answer.type === 'refusal' || expected.type === 'refusal') {
    assert.equal(answer, expected)
  } else {
    const { peers, ...counts } = answer
    const { chosen, ...expectedCounts } = expected
    const eligible = model.addresses({ ...expected, chosen })
    assert.equal(counts, expectedCounts)
    assert.is(new Set(peers).size, peers.length, 'nobody twice')
    assert.equal(
      peers.filter((one) => !eligible.includes(one)),
      [],
      'nobody who may not be told',
    )
    assert.is(peers.length, Math.min(request.numwant, eligible.length))
  }
  const torrents = [0, 1, 2].map(hashOf)
  assert.equal(await counter.store.scrape(torrents, counter.nowMs), scrape(model.state, torrents, model.nowMs))
  assert.equal(await counter.store.stats(counter.nowMs), swarmStats(model.state, model.nowMs))
}
