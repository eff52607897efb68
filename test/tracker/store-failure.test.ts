/** A store that has failed: whoever asks is told so, in the words of the protocol, and the tracker goes on. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/errors.js'
import { latin1Text } from '../../src/wire/bencode.js'
import { announceUrl, scrapeUrl } from '../../src/wire/tracker.js'
import { TrackerCore } from '../../tracker/core.js'
import { httpReply } from '../../tracker/http-reply.js'
import { MemoryStore } from '../../tracker/memory-store.js'
import type { SwarmStore } from '../../tracker/store.js'
import { CountedStore } from '../../tracker/web-counts.js'
import { WebReplies } from '../../tracker/web-reply.js'
import { WebSwarms } from '../../tracker/web-swarms.js'
import { hashOf, host, idOf, peer, seeded } from './swarm-world.js'

/** A store that stands on something outside, which is there or not. */
class Outage implements SwarmStore {
  readonly #store = new MemoryStore({ intervalSeconds: 100, hashSeed: 7 }, seeded(1))
  lasts = true

  async #reach(): Promise<SwarmStore> {
    if (this.lasts) throw new TorrewindError('STORE_FAILED', 'connection refused')
    return this.#store
  }

  announce = async (...asked: Parameters<SwarmStore['announce']>) => (await this.#reach()).announce(...asked)
  scrape = async (...asked: Parameters<SwarmStore['scrape']>) => (await this.#reach()).scrape(...asked)
  stats = async (...asked: Parameters<SwarmStore['stats']>) => (await this.#reach()).stats(...asked)
  close = async () => {}
}

const REASON = 'this tracker cannot reach its store: ask again later'
const REFUSAL = { type: 'refusal', code: 'store_failed', reason: REASON }
const from = host('10.0.0.1')
const announceTarget = announceUrl('http://tracker/announce', {
  ...{ infoHash: hashOf(1), peerId: idOf(1), port: 6_881, uploadedBytes: 0, downloadedBytes: 0, leftBytes: 1 },
})
const scrapeTarget = scrapeUrl('http://tracker/announce', [hashOf(1)]) ?? ''

test('store failure: announces and scrapes get a failure reason, counts a 503, and it goes on when that is over', async () => {
  const store = new Outage()
  const core = new TrackerCore({ store, intervalSeconds: 100, now: () => 1_000 })
  const text = async (target: string): Promise<string> => {
    const { status, body } = await httpReply(core, target, from)
    return `${status} ${Buffer.from(body).toString('latin1')}`
  }
  for (const target of [announceTarget, scrapeTarget]) {
    assert.is(await text(target), `200 d14:failure reason${REASON.length}:${REASON}e`)
  }
  assert.is(await text('/stats'), `503 ${REASON}\n`)
  assert.is(core.tally.totals().failures, 2)
  store.lasts = false
  assert.match(await text(announceTarget), /10:incompletei1e/)
  assert.match(await text('/stats'), /"peers":1/)
})

test('store failure: every front has a refusal of it, and other errors are not taken for it', async () => {
  const store = new Outage()
  const core = new TrackerCore({ store, intervalSeconds: 100, now: () => 1_000 })
  assert.equal(await core.announce('http', peer(1)), REFUSAL)
  assert.equal(await core.scrape('http', [hashOf(1)]), REFUSAL)
  store.announce = async () => {
    throw new Error('a fault of ours')
  }
  const outcome = await Promise.resolve(core.announce('http', peer(1))).catch((error: unknown) => String(error))
  assert.is(outcome, 'Error: a fault of ours')
})

test('store failure: browsers meet all the same, and are told of those that the tracker holds itself', async () => {
  const store = new Outage()
  const swarms = new WebSwarms({ intervalSeconds: 100, peersMax: 10, swarmsMax: 10 }, seeded(1))
  const core = new TrackerCore({ store: new CountedStore(store, swarms), intervalSeconds: 100, now: () => 1_000 })
  const replies = new WebReplies(core, swarms)
  const said: Record<string, unknown>[] = []
  const asker = {
    link: { peers: new Set<never>(), send: (text: string) => said.push(JSON.parse(text)) },
    token: undefined,
  }
  const saying = (fields: object) => replies.take(JSON.stringify(fields), { ...asker, from }, 1_000)
  const named = { info_hash: latin1Text(hashOf(1)), peer_id: latin1Text(idOf(1)), left: 0 }
  await saying({ action: 'announce', ...named })
  assert.equal([said[0]?.complete, said[0]?.interval], [1, 100])
  await saying({ action: 'scrape', ...named })
  assert.equal(said[1], { action: 'scrape', 'failure reason': REASON })
  store.lasts = false
  await core.announce('http', peer(1))
  await saying({ action: 'announce', ...named })
  assert.equal([said[2]?.complete, said[2]?.incomplete], [1, 1])
})

test.run()
