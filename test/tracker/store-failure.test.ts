/** A store that has failed: whoever asks is told so, in the words of the protocol, and the tracker goes on. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/errors.js'
import { announceUrl, scrapeUrl } from '../../src/wire/tracker.js'
import { TrackerCore } from '../../tracker/core.js'
import { httpReply } from '../../tracker/http-reply.js'
import { MemoryStore } from '../../tracker/memory-store.js'
import type { SwarmStore } from '../../tracker/store.js'
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

test.run()
