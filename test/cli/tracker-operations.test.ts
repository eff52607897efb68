/** `torrewind tracker` as those have it who run it: signals, files that are read again, lines of JSON, and why. */
import { rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FileWatch } from '../../src/cli/file-watch.js'
import { toHex } from '../../src/values.js'
import { announceUrl } from '../../src/wire/tracker.js'
import { ask } from '../tracker/catalogue-client.js'
import { torrentOf } from '../tracker/catalogue-world.js'
import { askAnnounce, failureOf, RawClient, request } from '../tracker/http-client.js'
import { hashOf } from '../tracker/swarm-world.js'
import { setOf, tokenMaker } from '../tracker/token-maker.js'
import { inPlace } from './place.js'
import { Cli, cli, type Ended, jsonLines, lastLine } from './run-cli.js'

const test = suite('tracker operations')

interface Running {
  readonly tracker: Cli
  readonly base: string
  readonly metrics: string
  /** Waits for a line of JSON on stderr with this message. */
  logged(message: string): Promise<Readonly<Record<string, unknown>>>
}

const linesOf = (stderr: string): readonly Readonly<Record<string, unknown>>[] =>
  stderr
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

const start = async (...args: readonly string[]): Promise<Running> => {
  const tracker = new Cli(['tracker', '--host', '127.0.0.1', '--http', '0', '--metrics', '0', '--json', ...args])
  const { http, metrics } = await tracker.line('listening')
  return {
    tracker,
    base: `http://127.0.0.1:${String(http)}`,
    metrics: `http://127.0.0.1:${String(metrics)}`,
    logged: (message) => tracker.until((_, stderr) => linesOf(stderr).find(({ msg }) => msg === message)),
  }
}

/** A .torrent that is asked for, and not sent yet. */
const half = async (base: string): Promise<{ readonly client: RawClient; readonly torrent: Uint8Array }> => {
  const torrent = torrentOf('on its way')
  const client = await RawClient.open(Number(new URL(base).port))
  client.send(
    `POST /catalogue HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-bittorrent\r\ncontent-length: ${torrent.length}\r\nexpect: 100-continue\r\n\r\n`,
  )
  await client.until('asked for the body', ({ text }) => text.includes('100 Continue'))
  return { client, torrent }
}

test('tracker operations: SIGTERM lets it answer what is on its way, and say that it is not ready', async () => {
  const { tracker, base, metrics, logged } = await start('--log-level', 'info')
  const { client, torrent } = await half(base)
  tracker.signal('SIGTERM')
  await logged('stopping')
  assert.equal((await ask(`${metrics}/ready`)).json, { ready: false, reason: 'draining' })
  await ask(`${base}/ready`).then(
    () => assert.unreachable('it listens no more'),
    (error: unknown) => assert.ok(error instanceof TypeError),
  )
  client.send(Buffer.from(torrent).toString('latin1'))
  await client.until('answered and closed', ({ closed }) => closed)
  assert.match(client.text, /HTTP\/1\.1 201 Created/)
  assert.match(client.text, /connection: close/i)
  const { code, stdout, stderr } = await tracker.ended
  assert.is(code, 130)
  assert.is(jsonLines(stdout).at(-1)?.type, 'stopped')
  assert.equal(
    linesOf(stderr).map(({ level, msg }) => `${level} ${msg}`),
    ['info listening', 'info stopping', 'info stopped'],
  )
})

test('tracker operations: a second SIGTERM ends it at once, whatever is on its way', async () => {
  const { tracker, base, logged } = await start('--log-level', 'info')
  const { client } = await half(base)
  tracker.signal('SIGTERM')
  await logged('stopping')
  tracker.signal('SIGTERM')
  const { code, stdout, stderr } = await tracker.ended
  assert.is(code, 130)
  assert.is(jsonLines(stdout).at(-1)?.type, 'listening')
  assert.not.match(stderr, /"msg":"stopped"/)
  client.socket.destroy()
})

test('tracker operations: on SIGHUP the list and the keys are read again, and wrong ones change nothing', () =>
  inPlace(async (folder) => {
    const [allow, jwks] = [path.join(folder, 'allow'), path.join(folder, 'jwks')]
    const [old, fresh] = [await tokenMaker('old'), await tokenMaker('fresh')]
    const [oldToken, freshToken] = await Promise.all([old, fresh].map((maker) => maker.make({ scope: 'announce' })))
    await writeFile(allow, `${toHex(hashOf(1))}\n`)
    await writeFile(jwks, setOf(old))
    const { tracker, base } = await start('--allow', allow, '--jwks', jwks)
    const announced = (number: number, token = '') =>
      ask(announceUrl(`${base}/${token}/announce`, request(1, { infoHash: hashOf(number) })))
    const isTaken = async (number: number, token?: string): Promise<boolean> =>
      !new TextDecoder().decode((await announced(number, token)).bytes).includes('failure')
    assert.equal(
      [await isTaken(1, oldToken), await isTaken(2, oldToken), await isTaken(1, freshToken)],
      [true, false, false],
    )
    await writeFile(allow, 'not a hash\n')
    tracker.signal('SIGHUP')
    const refused = await tracker.line('reload-refused')
    assert.is(refused.code, 'OPTION_INVALID')
    assert.match(String(refused.message), /line 1: "not a hash"/)
    assert.equal([await isTaken(1, oldToken), await isTaken(2, oldToken)], [true, false])
    await writeFile(allow, `${toHex(hashOf(2))}\n`)
    await writeFile(jwks, setOf(fresh))
    tracker.signal('SIGHUP')
    const { allowed, keys } = await tracker.line('reloaded')
    assert.equal([allowed, keys], [1, true])
    assert.equal(
      [await isTaken(1, freshToken), await isTaken(2, freshToken), await isTaken(2, oldToken)],
      [false, true, false],
    )
    tracker.signal('SIGTERM')
    const { code, stderr } = await tracker.ended
    assert.is(code, 130)
    assert.match(stderr, 'what was read before stays\n')
    assert.match(stderr, 'read again: 1 torrent allowed\n')
  }))

test('tracker operations: a file that was changed is told once it rests, also where another took its place', () =>
  inPlace(async (folder) => {
    const [file, other] = [path.join(folder, 'a'), path.join(folder, 'b')]
    await writeFile(file, 'one')
    let told = (): void => {}
    let times = 0
    const watch = await FileWatch.open([file], 10, () => {
      times++
      told()
    })
    const next = (): Promise<void> =>
      new Promise((resolve) => {
        told = resolve
      })
    for (const change of [
      () => writeFile(file, 'three'),
      async () => {
        await writeFile(other, 'other')
        await rename(other, file)
      },
      () => rename(file, other),
      () => rename(other, file),
    ]) {
      const changed = next()
      await change()
      await changed
    }
    await watch.close()
    assert.is(times, 4)
  }))

test('tracker operations: with --log-level nothing but lines of JSON is on stderr, and no token in any', () =>
  inPlace(async (folder) => {
    const maker = await tokenMaker('one')
    const token = await maker.make({ scope: 'announce' })
    await writeFile(path.join(folder, 'jwks'), setOf(maker))
    const { tracker, base, logged } = await start('--jwks', path.join(folder, 'jwks'), '--log-level', 'debug')
    await askAnnounce(`${base}/${token}`, request(1))
    await failureOf(announceUrl(`${base}/announce?token=${token}x`, request(2)))
    await logged('announce refused')
    tracker.signal('SIGTERM')
    const { stderr } = await tracker.ended
    const lines = linesOf(stderr)
    for (const { level, time, msg } of lines) {
      assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
      assert.ok(typeof level === 'string' && typeof msg === 'string')
    }
    const answered = lines.find(({ msg }) => msg === 'announce answered')
    assert.equal([answered?.level, answered?.infoHash, answered?.port], ['debug', toHex(hashOf(1)), 6_001])
    assert.not.ok(stderr.includes(token.slice(0, 40)), 'a token is in no line')
  }))

const whyOf = async (...args: string[]): Promise<Ended> => cli('tracker', 'why', ...args)

test('tracker operations: why a peer did not get another is read off the log, also while it is written', () =>
  inPlace(async (folder) => {
    const log = path.join(folder, 'log')
    const { tracker, base, metrics } = await start('--log-events', log)
    await askAnnounce(base, request(1, { leftBytes: 0 }))
    await askAnnounce(base, request(2, { leftBytes: 0 }))
    // What was told within the last second is on its way: the size of the log says when it is there.
    let bytes = 0
    while (bytes === 0) {
      const text = new TextDecoder().decode((await ask(`${metrics}/metrics`)).bytes)
      bytes = Number(/^torrewind_tracker_event_bytes (\d+)$/m.exec(text)?.[1])
    }
    const asked = [
      '--events',
      log,
      '--info-hash',
      toHex(hashOf(1)),
      '--peer',
      '127.0.0.1:6002',
      '--other',
      '127.0.0.1:6001',
    ]
    const [{ code, stdout }, people] = await Promise.all([whyOf(...asked, '--json'), whyOf(...asked)])
    assert.is(code, 0)
    const { type, verdict, causes, records } = lastLine({ code, stdout, stderr: '' })
    assert.is(type, 'explanation')
    assert.match(String(verdict), /seeds are not sent to seeds/)
    const [first] = causes as { code: string; events: number[] }[]
    assert.equal([first?.code, first?.events], ['seed-to-seed', [1, 2]])
    assert.equal(
      (records as { seq: number }[]).map(({ seq }) => seq),
      [1, 2],
    )
    tracker.signal('SIGTERM')
    assert.is((await tracker.ended).code, 130)
    assert.match(people.stdout.join('\n'), /seed-to-seed, 1 time/)
    assert.match(
      people.stdout.join('\n'),
      /127\.0\.0\.1:6001 announced over http as a seed; given 0 peers of 1 seed and 0 leeches/,
    )
  }))

test('tracker operations: wrong words of its flags are named', async () => {
  const wrong: readonly (readonly [code: string, args: readonly string[]])[] = [
    ['USAGE_INVALID', ['--metrics', 'anywhere']],
    ['OPTION_INVALID', ['--log-events', '/nowhere', '--log-events-bytes', '1K']],
    ['USAGE_INVALID', ['why', '--events', '.', '--info-hash', '0'.repeat(40), '--peer', 'name', '--other', '::1']],
    [
      'DATA_UNUSABLE',
      ['why', '--events', '/nowhere', '--info-hash', '0'.repeat(40), '--peer', '::1', '--other', '::1'],
    ],
  ]
  const codes = await Promise.all(wrong.map(async ([, args]) => lastLine(await cli('tracker', ...args, '--json')).code))
  assert.equal(
    codes,
    wrong.map(([code]) => code),
  )
})

test.run()
