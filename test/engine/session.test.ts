import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { evolve } from '../../src/events/evolve.js'
import { initialState, type TransferState } from '../../src/events/state.js'
import { beginningOf } from '../../src/session.js'
import { instant, seq } from '../../src/values.js'
import { encodeTorrent } from '../../src/wire/createinfo.js'
import { parseTorrent } from '../../src/wire/metainfo.js'

const tiers = [
  ['http://a/announce', 'http://b/announce', 'http://c/announce', 'http://d/announce'],
  ['http://e/announce'],
]

const metainfo = parseTorrent(
  encodeTorrent({
    name: 'content',
    files: [{ path: ['content'], length: 100_000 }],
    multiFile: false,
    pieceLength: 16_384,
    pieceHashes: new Uint8Array(7 * 20),
    trackers: tiers,
  }),
)

const begin = (
  state: TransferState,
  chance: number,
  limits: TransferState['limits'] = { download: 0, upload: 0 },
): ReturnType<typeof beginningOf> => {
  const entropy = new Uint8Array(16).fill(chance)
  const add = { path: '/content' }
  const { infoHash } = metainfo
  return beginningOf(state, {
    infoHash,
    metainfo,
    magnet: undefined,
    add,
    version: '0.1.0',
    entropy,
    machineStartedAt: 0,
    limits,
    ownLimits: { download: 0, upload: 0 },
    missing: [],
  })
}

const begun = (chance: number): TransferState => {
  const state = initialState()
  for (const event of begin(state, chance)) evolve(state, { seq: seq(state.nextSeq), at: instant(1), event })
  return state
}

test('session: each tier of trackers is in an order of chance, and stays a tier (BEP 12)', () => {
  const orders = new Set<string>()
  for (let chance = 0; chance < 40; chance++) {
    const [first = [], second = []] = begun(chance).tiers.map((tier) => tier.map(({ url }) => url))
    assert.equal([...first].sort(), tiers[0])
    assert.equal(second, tiers[1])
    orders.add(first.join())
  }
  assert.ok(orders.size > 10, `${orders.size} orders`)
})

test('session: trackers that are known are not set again, whatever order they are in by now', () => {
  const state = begun(1)
  state.tiers[0]?.reverse()
  assert.equal(
    begin(state, 2).map(({ type }) => type),
    ['session-began'],
  )
})

test('session: limits are recorded where they are not those of the session before', () => {
  const state = begun(1)
  const typesOf = (limits: TransferState['limits']): unknown[] => {
    const events = begin(state, 2, limits)
    for (const event of events) evolve(state, { seq: seq(state.nextSeq), at: instant(2), event })
    return events.filter(({ type }) => type === 'limits-set')
  }
  assert.equal(typesOf({ download: 0, upload: 0 }), [])
  assert.equal(typesOf({ download: 500, upload: 0 }), [{ type: 'limits-set', download: 500, upload: 0 }])
  assert.equal(typesOf({ download: 500, upload: 0 }), [])
  assert.equal(typesOf({ download: 0, upload: 0 }), [{ type: 'limits-set', download: 0, upload: 0 }])
})

test.run()
