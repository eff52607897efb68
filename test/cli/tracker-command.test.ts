/** `torrewind tracker`, as a user and a script have it. */
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { announceUrl } from '../../src/wire/tracker.js'
import { askAnnounce, failureOf, request } from '../tracker/http-client.js'
import { UdpClient, udpAnnounce } from '../tracker/udp-client.js'
import { WebClient } from '../tracker/ws-client.js'
import { inPlace, writeFiles } from './place.js'
import { Cli, cli, type Ended, jsonLines, lastLine } from './run-cli.js'

const test = suite('tracker command')

/** Runs a tracker for the time of `work`, which is given its URL, and stops it as Ctrl-C does. */
const withTracker = async (args: readonly string[], work: (base: string) => Promise<void>): Promise<Ended> => {
  const tracker = new Cli(['tracker', '--host', '127.0.0.1', '--http', '0', '--json', ...args])
  const { http } = await tracker.line('listening')
  try {
    await work(`http://127.0.0.1:${String(http)}`)
  } finally {
    tracker.signal('SIGINT')
  }
  return tracker.ended
}

const failed = async (
  ...args: string[]
): Promise<{ readonly code: unknown; readonly error: unknown; message: string }> => {
  const ended = await cli('tracker', '--host', '127.0.0.1', '--http', '0', '--json', ...args)
  const { type, code, message } = lastLine(ended)
  assert.is(type, 'error')
  return { code: ended.code, error: code, message: String(message) }
}

test('tracker command: it says where it listens, tracks until Ctrl-C, and ends with what it did and 130', async () => {
  const ended = await withTracker(['--interval', '300'], async (base) => {
    const { intervalSeconds } = await askAnnounce(base, request(1))
    assert.is(intervalSeconds, 300)
  })
  assert.is(ended.code, 130)
  const [listening, stopped, ...more] = jsonLines(ended.stdout)
  assert.equal(more, [])
  assert.equal(listening, { type: 'listening', http: listening?.http, udp: null, ws: null, metrics: null })
  assert.equal(stopped, {
    type: 'stopped',
    torrents: 1,
    peers: 1,
    seeds: 0,
    announces: 1,
    scrapes: 0,
    failures: 0,
    limited: 0,
  })
  assert.match(
    ended.stderr,
    `tracking any torrent at http://127.0.0.1:${String(listening?.http)}/announce, until Ctrl-C\n`,
  )
  assert.match(ended.stderr, 'stopped, after 1 announce; knew 1 peer of 1 torrent\n')
})

test('tracker command: a file allows its torrents and no others', () =>
  inPlace(async (folder) => {
    await writeFiles(folder, { allow: new TextEncoder().encode(`# one\n${'0'.repeat(39)}1\n`) })
    const { code, stderr } = await withTracker(['--allow', path.join(folder, 'allow')], async (base) => {
      await askAnnounce(base, request(1))
      const other = `${base}/announce?info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=1&uploaded=0&downloaded=0&left=0`
      assert.match(await failureOf(other), /does not serve/)
    })
    assert.is(code, 130)
    assert.match(stderr, 'tracking 1 torrent at ')
  }))

test('tracker command: a list that cannot be used is named with its line, or with what is wrong with the file', () =>
  inPlace(async (folder) => {
    await writeFiles(folder, { allow: new TextEncoder().encode('# one\n\nnot a hash\n') })
    const file = path.join(folder, 'allow')
    const [wrong, missing, endless] = await Promise.all(
      [file, `${file}2`, '/dev/zero'].map((allow) => failed('--allow', allow)),
    )
    assert.equal(wrong, {
      code: 2,
      error: 'OPTION_INVALID',
      message: `--allow ${file}: line 3: "not a hash" is no info-hash of 40 hexadecimal digits`,
    })
    assert.is(missing?.error, 'OPTION_INVALID')
    assert.match(missing?.message ?? '', /ENOENT/)
    assert.is(endless?.error, 'OPTION_INVALID')
    assert.match(endless?.message ?? '', new RegExp(`longer than ${LIMITS.trackerAllowBytesMax} bytes`))
  }))

test('tracker command: it takes peers over WebSocket at its HTTP port where it is told to', async () => {
  const { stderr } = await withTracker(['--ws'], async (base) => {
    const client = await WebClient.open(`${base.replace('http', 'ws')}/announce`)
    client.announce('a', { left: 0 })
    assert.is((await client.next()).complete, 1)
    client.end()
  })
  assert.match(stderr, /and at ws:\/\/127\.0\.0\.1:\d+\/announce/)
})

test('tracker command: it answers over UDP, too, and one limit of requests holds for both ways', async () => {
  const tracker = new Cli(['tracker', '--host', '127.0.0.1', '--http', '0', '--udp', '0', '--rate', '1', '--json'])
  const { http, udp } = await tracker.line('listening')
  const client = await UdpClient.open(Number(udp))
  try {
    const id = await client.connect()
    assert.is((await client.ask(udpAnnounce(id, 1))).type, 'announced')
    const base = `http://127.0.0.1:${String(http)}`
    assert.is((await askAnnounce(base, request(2))).peers.length, 1)
    const asked = announceUrl(`${base}/announce`, request(2))
    const statuses = [200]
    // Whoever asks more often than once a second comes to the end of what it may ask at once.
    while (statuses.at(-1) === 200 && statuses.length < 1_000) statuses.push((await fetch(asked)).status)
    assert.is(statuses.at(-1), 429)
  } finally {
    await client.close()
    tracker.signal('SIGINT')
  }
  const ended = await tracker.ended
  assert.is(ended.code, 130)
  assert.match(ended.stderr, `  and at udp://127.0.0.1:${String(udp)}/announce\n`)
  assert.ok(Number(lastLine(ended).limited) > 0)
})

test('tracker command: a folder keeps peers over a restart, and one tracker at a time has it', () =>
  inPlace(async (folder) => {
    const store = ['--store', `level:${path.join(folder, 'peers')}`]
    const first = await withTracker(store, async (base) => {
      await askAnnounce(base, request(1))
      const { code, error } = await failed(...store)
      assert.is(code, 1)
      assert.is(error, 'DATA_LOCKED')
    })
    assert.is(first.code, 130)
    const second = await withTracker(store, async (base) => {
      assert.is((await askAnnounce(base, request(2))).peers.length, 1)
    })
    assert.is(lastLine(second).peers, 2)
  }))

test('tracker command: a store that is none, or cannot be reached, is named by its code', async () => {
  const names = ['postgres://host', 'redis://me:secret@127.0.0.1:1']
  const [none, away] = await Promise.all(names.map((name) => failed('--store', name)))
  assert.is(none?.code, 2)
  assert.is(none?.error, 'OPTION_INVALID')
  assert.is(away?.code, 1)
  assert.is(away?.error, 'STORE_FAILED')
  assert.match(away?.message ?? '', 'the store redis://127.0.0.1:1/main cannot be reached')
})

test('tracker command: a port that is taken is told by its code', async () => {
  await withTracker([], async (base) => {
    const { code, error } = await failed('--http', new URL(base).port)
    assert.is(code, 1)
    assert.is(error, 'PORT_TAKEN')
  })
})

test.run()
