/** The tracker as a program embeds it. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/errors.js'
import { createTracker, type TrackerOptions } from '../../tracker/index.js'
import { askAnnounce, askScrape, failureOf, request } from './http-client.js'
import { hashOf } from './swarm-world.js'

const LOOPBACK: TrackerOptions = { host: '127.0.0.1', httpPort: 0 }

const codeOf = (options: TrackerOptions): Promise<string> =>
  createTracker({ ...LOOPBACK, ...options }).then(
    async (tracker) => {
      await tracker.close()
      return 'nothing'
    },
    (error) => (error instanceof TorrewindError ? error.code : String(error)),
  )

test('create tracker: time is what it is told, and peers expire by it', async () => {
  let nowMs = 0
  const tracker = await createTracker({ ...LOOPBACK, intervalSeconds: 60, now: () => nowMs })
  try {
    const base = `http://127.0.0.1:${tracker.httpPort}`
    await askAnnounce(base, request(1))
    nowMs = 119_999
    assert.is((await askAnnounce(base, request(2))).peers.length, 1)
    assert.is((await tracker.stats()).peers, 2)
    nowMs = 120_000
    assert.is((await tracker.stats()).peers, 1)
    assert.equal((await askAnnounce(base, request(3))).peers, [{ host: '127.0.0.1', port: 6_002 }])
  } finally {
    await tracker.close()
  }
})

test('create tracker: chance is what it is told', async () => {
  const tracker = await createTracker({ ...LOOPBACK, random: () => 0 })
  try {
    const base = `http://127.0.0.1:${tracker.httpPort}`
    for (let number = 1; number <= 5; number++) await askAnnounce(base, request(number, { numwant: 0 }))
    const first = await askAnnounce(base, request(9, { numwant: 1 }))
    assert.equal((await askAnnounce(base, request(9, { numwant: 1 }))).peers, first.peers)
  } finally {
    await tracker.close()
  }
})

test('create tracker: a list allows its torrents and refuses others', async () => {
  const tracker = await createTracker({ ...LOOPBACK, allow: new Set([`${'0'.repeat(39)}1`]) })
  try {
    const base = `http://127.0.0.1:${tracker.httpPort}`
    await askAnnounce(base, request(1))
    const other = `${base}/announce?info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=1&uploaded=0&downloaded=0&left=0`
    assert.match(await failureOf(other), /does not serve this torrent/)
    assert.is((await askScrape(base, [1, 2])).files.size, 1)
    assert.is((await tracker.stats()).torrents, 1)
  } finally {
    await tracker.close()
  }
})

test('create tracker: the clock and the chance of the machine serve where none are given', async () => {
  const tracker = await createTracker(LOOPBACK)
  try {
    const base = `http://127.0.0.1:${tracker.httpPort}`
    for (let number = 1; number <= 20; number++) await askAnnounce(base, request(number))
    const { peers, intervalSeconds } = await askAnnounce(base, request(21, { numwant: 7, infoHash: hashOf(1) }))
    assert.is(peers.length, 7)
    assert.is(intervalSeconds, 1_800)
  } finally {
    await tracker.close()
  }
})

test('create tracker: values that no option can take are named by their code', async () => {
  for (const wrong of [
    { httpPort: 65_536 },
    { httpPort: -1 },
    { httpPort: 1.5 },
    { intervalSeconds: 0 },
    { intervalSeconds: 86_401 },
    { intervalSeconds: Number.NaN },
    { peersMax: 0 },
    { torrentsMax: 0 },
    { host: '' },
    { host: 'no such host' },
    { host: '192.0.2.1' },
    { allow: ['abc'] },
    ...['', 'level', 'level:', 'redis://', 'redis://host/a%20b', 'postgres://host'].map((store) => ({ store })),
  ]) {
    assert.is(await codeOf(wrong), 'OPTION_INVALID', JSON.stringify(wrong))
  }
})

test('create tracker: the password of a store that cannot be is not told', async () => {
  for (const store of ['redis://ada:secret@host/a%20b', 'redi://ada:secret@host', 'redis://ada:sec@ret@host:x']) {
    const said = await createTracker({ ...LOOPBACK, store }).then(
      () => assert.unreachable(),
      (error: Error) => error.message,
    )
    assert.not.match(String(said), /sec|ret@/)
    assert.match(String(said), /host/)
  }
})

test('create tracker: a port that is taken is named by its code', async () => {
  const tracker = await createTracker(LOOPBACK)
  try {
    assert.is(await codeOf({ httpPort: tracker.httpPort }), 'PORT_TAKEN')
  } finally {
    await tracker.close()
  }
})

test('create tracker: after it is closed its numbers can still be read, and it can be closed again', async () => {
  const tracker = await createTracker(LOOPBACK)
  await tracker.close()
  await tracker.close()
  assert.is((await tracker.stats()).peers, 0)
})

test.run()
