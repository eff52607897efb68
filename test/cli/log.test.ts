/** `torrewind log` and `torrewind replay`, over the log of a download. */
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { nodeClock } from '../../src/node/clock.js'
import { openLevelLogStore } from '../../src/store/level-log.js'
import { LevelShelf } from '../../src/store/level-shelf.js'
import { readRecordKey, seqRange } from '../../src/store/log-keys.js'
import type { InfoHash } from '../../src/values.js'
import { del } from '../contracts/log-tampering.js'
import { inPlace } from './place.js'
import { makeSample, numberOf, type Sample, startSeed, stop } from './rig.js'
import { Cli, cli, jsonLines, lastLine } from './run-cli.js'

const test = suite('log and replay')

interface Downloaded {
  readonly sample: Sample
  readonly data: string
}

/** A log of one download, closed in good order. */
const download = async (folder: string): Promise<Downloaded> => {
  const sample = await makeSample(folder)
  const seed = await startSeed(folder, sample)
  const data = path.join(folder, 'data')
  const get = await cli('get', sample.torrent, '-d', path.join(folder, 'out'), '--data', data, '--peer', seed.address)
  assert.is(get.code, 0, get.stderr)
  await stop(seed.cli)
  return { sample, data }
}

const claim = (what: string, work: (folder: string) => Promise<void>): void => {
  test(`log and replay: ${what}`, () => inPlace(work))
}

/** One download for all claims that only read its log. */
const sharedFolder = path.join(tmpdir(), `torrewind-test-log-${process.pid}`)
let shared: Promise<Downloaded> | undefined
test.after(() => rm(sharedFolder, { recursive: true, force: true, maxRetries: 3 }))

const claimOfReaders = (what: string, work: (downloaded: Downloaded, folder: string) => Promise<void>): void => {
  claim(what, async (folder) => {
    shared ??= download(sharedFolder)
    await work(await shared, folder)
  })
}

const fingerprint = async (folder: string): Promise<readonly string[]> =>
  Promise.all(
    (await readdir(folder)).sort().map(async (name) => {
      const file = path.join(folder, name)
      return `${name} ${(await stat(file)).mtimeMs} ${(await readFile(file)).toString('base64')}`
    }),
  )

claimOfReaders(
  'they list, show, verify, export and replay a log, and change nothing of it',
  async ({ sample, data }, folder) => {
    const before = await fingerprint(path.join(data, 'log'))
    const exported = path.join(folder, 'events.jsonl')
    const [ls, show, verify, file, replay] = await Promise.all([
      cli('log', 'ls', '--data', data, '--json'),
      cli('log', 'show', '--data', data, '--json'),
      cli('log', 'verify', '--data', data, '--json'),
      cli('log', 'export', '--data', data, '-o', exported, '--json'),
      cli('replay', '--data', data, '--json'),
    ])
    assert.equal([ls.code, show.code, verify.code, file.code, replay.code], [0, 0, 0, 0, 0])

    const events = jsonLines(show.stdout)
    const last = events.length - 1
    assert.equal(
      events.map((line) => line.seq),
      events.map((_, at) => at),
    )
    assert.is(events[0]?.type, 'transfer-added')
    assert.is(events[0]?.folder, path.join(sharedFolder, 'out'))
    assert.match(String(events[0]?.infoHash), /^[0-9a-f]{40}$/)
    assert.ok(Math.abs(numberOf(events[0] ?? { type: '' }, 'at') - Date.now()) < 600_000)
    assert.is(events.at(-1)?.type, 'session-ended')
    assert.is(events.filter(({ type }) => type === 'piece-stored').length, sample.pieces)

    const [transfer, listed] = jsonLines(ls.stdout)
    const { cid, name, bytes, pieces } = sample
    const infoHash = events[0]?.infoHash
    assert.equal(transfer, { type: 'transfer', name, cid, infoHash, bytes, pieces, events: events.length })
    assert.equal(listed, { type: 'listed', transfers: 1 })
    assert.equal(lastLine(verify), { type: 'verified', events: events.length, firstSeq: 0, lastSeq: last, ok: true })
    assert.equal(lastLine(file), { type: 'exported', events: events.length, file: exported, format: 'jsonl' })
    assert.equal((await readFile(exported, 'utf8')).trimEnd().split('\n'), show.stdout)
    const { stateHash, ...replayed } = lastLine(replay)
    assert.match(String(stateHash), /^[0-9a-f]{64}$/)
    assert.equal(replayed, {
      type: 'replayed',
      events: events.length,
      matches: true,
      divergence: null,
      checkpoints: 1,
      inputs: null,
    })

    assert.equal(await fingerprint(path.join(data, 'log')), before)
    assert.equal(await readdir(data), ['log'])
  },
)

claimOfReaders(
  'a range names its first and last event, types are filtered, and people get a line for each',
  async ({ sample, data }) => {
    const show = (...flags: readonly string[]) => cli('log', 'show', '--data', data, ...flags)
    const [range, types, text, none, wrong, toStdout] = await Promise.all([
      show('--from', '3', '--to', '5', '--json'),
      show('--type', 'piece-stored', '--type', 'session-began', '--json'),
      show('--to', '1'),
      show('--from', '999999', '--json'),
      show('--type', 'piece-eaten', '--json'),
      cli('log', 'export', '--data', data, '--from', '3', '--to', '5'),
    ])
    assert.equal(
      jsonLines(range.stdout).map(({ seq }) => seq),
      [3, 4, 5],
    )
    assert.equal(toStdout.stdout, range.stdout)
    const kinds = jsonLines(types.stdout).map(({ type }) => type)
    assert.equal([kinds[0], kinds.length], ['session-began', sample.pieces + 1])
    assert.is(text.stdout.length, 2)
    assert.match(
      text.stdout.join('\n'),
      /^\d{4}-\d\d-\d\dT[\d:.]+Z +0 transfer-added +infoHash=[0-9a-f]{40} name=sample /,
    )
    assert.equal([none.code, none.stdout], [0, []])
    assert.equal([wrong.code, lastLine(wrong).code], [2, 'OPTION_INVALID'])
  },
)

claimOfReaders(
  'a transfer is named by its CID, its info-hash, the beginning of one, or its name',
  async ({ sample, data }, folder) => {
    const [listed] = jsonLines((await cli('log', 'ls', '--data', data, '--json')).stdout)
    const [cid, infoHash] = [listed?.cid, listed?.infoHash]
    const verify = (...flags: readonly string[]) => cli('log', 'verify', '--data', data, '--json', ...flags)
    for (const id of [cid, infoHash, String(cid).slice(0, 12), String(infoHash).slice(0, 6), sample.name]) {
      assert.is((await verify('--transfer', String(id))).code, 0, String(id))
    }
    const unknown = await verify('--transfer', 'somebody')
    assert.equal([unknown.code, lastLine(unknown).code], [1, 'TRANSFER_UNKNOWN'])
    const nowhere = await cli('log', 'ls', '--data', path.join(folder, 'nowhere'), '--json')
    assert.equal([nowhere.code, lastLine(nowhere).code], [1, 'DATA_UNUSABLE'])
  },
)

claim('they read the log of a running process, and tail shows each event once, as it comes', async (folder) => {
  const sample = await makeSample(folder, { scale: 6 })
  const seed = await startSeed(folder, sample, '--upload-limit', '1M')
  const data = path.join(folder, 'data')
  const words = [
    'get',
    sample.torrent,
    '-d',
    path.join(folder, 'out'),
    '--data',
    data,
    '--peer',
    seed.address,
    '--seed',
  ]
  const get = new Cli([...words, '--json'])
  await get.until((stdout) =>
    jsonLines(stdout).find((line) => line.type === 'progress' && numberOf(line, 'storedBytes') > 0),
  )
  const tail = new Cli(['log', 'tail', '--data', data, '--from', '0', '--json'])
  const verify = await cli('log', 'verify', '--data', data, '--json')
  assert.equal([verify.code, lastLine(verify).ok], [0, true])
  const running = numberOf(lastLine(verify), 'events')
  await tail.line('session-began')
  await get.line('done')
  await tail.line('seeding-began')
  await stop(get)
  await tail.line('session-ended')
  await stop(tail)
  const seqs = jsonLines((await tail.ended).stdout).map(({ seq }) => seq)
  assert.equal(
    seqs,
    seqs.map((_, at) => at),
  )
  assert.ok(running < seqs.length)
  const upTo = await cli('log', 'tail', '--data', data, '--to', `${seqs.length - 1}`, '--json')
  assert.is(upTo.code, 0)
  assert.equal(
    jsonLines(upTo.stdout).map(({ seq }) => seq),
    seqs.slice(-10),
  )
  await stop(seed.cli)
})

claim('a record that is missing is found: verify says where, and ends with 1', async (folder) => {
  const { data } = await download(folder)
  const store = await openLevelLogStore(path.join(data, 'log'), nodeClock())
  const [entry] = await store.transfers()
  const hash = entry?.infoHash as InfoHash // there was a download
  await store.close()
  const shelf = await LevelShelf.open(path.join(data, 'log'), false)
  const keys: Uint8Array[] = []
  for await (const entries of shelf.entries(seqRange('record', hash, 0, Number.MAX_SAFE_INTEGER))) {
    keys.push(...entries.map(([key]) => key))
  }
  const gone = keys[1] ?? new Uint8Array()
  const firstGone = readRecordKey(gone)?.firstSeq
  await del(shelf, gone)
  await shelf.close()

  const verify = await cli('log', 'verify', '--data', data, '--json')
  assert.is(verify.code, 1)
  const verified = lastLine(verify)
  assert.equal([verified.type, verified.ok, verified.events], ['verified', false, firstGone])
  assert.is((verified.damage as { seq: number }).seq, firstGone)
  assert.is(jsonLines(verify.stdout).find(({ type }) => type === 'error')?.code, 'LOG_DAMAGED')
  const [show, replay] = await Promise.all([
    cli('log', 'show', '--data', data, '--json'),
    cli('replay', '--data', data, '--json'),
  ])
  assert.equal([show.code, lastLine(show).code, show.stdout.length - 1], [1, 'LOG_DAMAGED', firstGone])
  assert.equal([replay.code, lastLine(replay).code], [1, 'LOG_DAMAGED'])
  const forget = await cli('log', 'forget', '--data', data, '--json')
  assert.equal([forget.code, lastLine(forget).type], [0, 'forgotten'])
  assert.is(lastLine(await cli('log', 'ls', '--data', data, '--json')).transfers, 0)
})

claimOfReaders('whoever reads may go away at any time', async ({ data }) => {
  const show = new Cli(['log', 'show', '--data', data])
  await show.until((stdout) => stdout[0])
  show.closeStdout()
  const { code, stderr } = await show.ended
  assert.is(code, 0)
  assert.is(stderr, '')
})

claimOfReaders('replay folds as far as it is told', async ({ data }) => {
  const [at, again, beyond] = await Promise.all([
    cli('replay', '--data', data, '--at', '9', '--json'),
    cli('replay', '--data', data, '--at', '9', '--json'),
    cli('replay', '--data', data, '--at', '999999', '--json'),
  ])
  const { events, stateHash, matches } = lastLine(at)
  assert.equal([events, matches], [10, null])
  assert.is(lastLine(again).stateHash, stateHash)
  assert.equal([beyond.code, lastLine(beyond).code], [2, 'OPTION_INVALID'])
})

test.run()
