/** The show itself, from the content to the last word. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { percent, showBytes, showCount, showRate, showSeconds } from '../../src/cli/format.js'
import { parseTorrent } from '../../src/index.js'
import { checkSpace, compare, makeContent } from './content.js'
import { numberIn } from './process.js'
import type { Row, Screen } from './screen.js'
import { Downloader, type Swarm } from './swarm.js'
import { trafficTo } from './traffic.js'

const MIB = 1_048_576
const DOWNLOADERS = 3
/** The one that is killed. */
const VICTIM = 1
/** The seed is slowed down so that this much time is there to watch and to kill, unless there is much to do anyway. */
const SECONDS_TO_WATCH = 8
const SEED_RATE_MIN = 64 * 1_024
const LARGE_BYTES = 4_096 * MIB
/** Room for logs, file systems and the like. */
const SLACK_BYTES = 32 * MIB
const MADE_BYTES = 70 * MIB
const LOOK_EVERY_MS = 200
const SAY_EVERY_MS = 1_000
const STALLED_MS = 90_000

const seedRate = (bytes: number): number =>
  bytes >= LARGE_BYTES ? 0 : Math.max(SEED_RATE_MIN, Math.ceil(bytes / SECONDS_TO_WATCH))

const look = (row: Row, downloader: Downloader, totalBytes: number): void => {
  const line = downloader.progress()
  if (downloader.isDone) {
    row.storedBytes = totalBytes
    row.word = 'done, seeding to the others'
  } else if (line !== undefined && line.phase !== 'starting') {
    row.storedBytes = numberIn(line, 'storedBytes')
    row.downloadRate = numberIn(line, 'downloadRate')
    row.peers = numberIn(line, 'peers')
    row.word = undefined
  }
}

/** Shows how far the downloaders are while the work is being done; throws where nothing moves for too long. */
const watched = async <Result>(
  screen: Screen,
  downloaders: readonly Downloader[],
  totalBytes: number,
  work: (rows: readonly Row[]) => Promise<Result>,
): Promise<Result> => {
  const rows = screen.beginProgress(
    downloaders.map(({ name }) => name),
    totalBytes,
  )
  let timer: NodeJS.Timeout | undefined
  const stalled = new Promise<never>((_, reject) => {
    let known = ''
    let movedAt = performance.now()
    let saidAt = 0
    timer = setInterval(() => {
      for (const [at, row] of rows.entries()) {
        const downloader = downloaders[at]
        if (downloader !== undefined && row.word !== KILLED && row.word !== 'done') look(row, downloader, totalBytes)
      }
      screen.update()
      const now = performance.now()
      const stored = rows.map(({ storedBytes }) => storedBytes)
      if (now - saidAt >= SAY_EVERY_MS) {
        saidAt = now
        screen.say({ type: 'progress', totalBytes, storedBytes: stored })
      }
      if (known !== stored.join()) movedAt = now
      known = stored.join()
      if (now - movedAt > STALLED_MS) reject(new Error(`nothing moved for ${STALLED_MS / 1_000} seconds`))
    }, LOOK_EVERY_MS)
  })
  try {
    return await Promise.race([work(rows), stalled])
  } finally {
    clearInterval(timer)
    screen.endProgress()
  }
}

const KILLED = 'killed'

const killHalfWay = async (screen: Screen, victim: Downloader, row: Row, totalBytes: number): Promise<void> => {
  const storedBytes = await victim.reached(totalBytes / 2)
  await victim.command.kill()
  row.storedBytes = storedBytes
  row.word = KILLED
  const share = percent(storedBytes, totalBytes)
  screen.say({ type: 'killed', downloader: VICTIM + 1, storedBytes })
  screen.tell(`  ${victim.name} was killed (SIGKILL) at ${share} %, and is started again by the same command.`)
  victim.get()
  row.word = 'started again'
}

const tellCommands = (screen: Screen, swarm: Swarm, downloaders: readonly Downloader[], victim: Downloader): void => {
  screen.tell('\nEvery event of each transfer is in a log of its own, which is all that a restart needs:')
  screen.tell(`  the seed       ${swarm.seedData}`)
  for (const { name, data } of downloaders) screen.tell(`  ${name}   ${data}`)
  screen.tell(`\nTo look into the log of ${victim.name}, in which both of its sessions are:`)
  for (const [meaning, command] of [
    ['its sessions', 'log show --type session-began'],
    ['every event', 'log show'],
    ['none is missing, none was changed', 'log verify'],
    ['the state they add up to, compared', 'replay'],
    ['why it is as it is, with proof', 'explain transfer'],
    ['all of it, there and back', 'ui'],
  ]) {
    screen.tell(`  ${meaning?.padEnd(34)}  npx . ${command} --data ${victim.data}`)
  }
  screen.tell(`\nAll of it is below ${swarm.folder}; remove that folder when you are done.`)
}

export const share = async (screen: Screen, swarm: Swarm, given: string | undefined): Promise<void> => {
  const startedAt = performance.now()
  screen.say({ type: 'folder', path: swarm.folder })
  screen.tell(
    'Torrewind shares a folder: a tracker, a seed and three downloaders, each a process of its own, on loopback.',
  )
  screen.tell(`Everything they make is below ${swarm.folder}.\n`)
  if (given === undefined) await checkSpace(swarm.folder, MADE_BYTES * (DOWNLOADERS + 1) + SLACK_BYTES)
  const content = given ?? (await makeContent(swarm.folder))

  const announceUrl = await swarm.orFailure(swarm.startTracker())
  screen.tell(`The tracker, through which peers find each other, is ${announceUrl}`)
  const { torrent, created } = await swarm.orFailure(swarm.create(content, announceUrl))
  const metainfo = parseTorrent(await readFile(torrent))
  const { totalBytes, pieceCount, pieceLength, files } = metainfo
  if (given !== undefined) await checkSpace(swarm.folder, totalBytes * DOWNLOADERS + SLACK_BYTES)
  screen.say(created)
  const size = `${showBytes(totalBytes)} in ${showCount(files.length, 'file')}`
  screen.tell(`The content is ${content}: ${size}, ${showCount(pieceCount, 'piece')} of ${showBytes(pieceLength)}`)
  screen.tell(`Its torrent is ${torrent}, its CID ${created.cid}`)

  const rate = seedRate(totalBytes)
  await swarm.orFailure(swarm.startSeed(torrent, content, rate))
  screen.tell(
    `The seed has checked its files${rate > 0 ? `; it uploads at most ${showRate(rate)}, to be watched` : ''}.`,
  )

  const names = Array.from({ length: DOWNLOADERS }, (_, at) => `downloader ${at + 1}`)
  const downloaders = names.map((name) => new Downloader(swarm, name, torrent))
  const victim = downloaders[VICTIM]
  if (victim === undefined) throw new Error('there is no downloader to be killed')
  screen.tell(`Three downloaders fetch from it and from each other; ${victim.name} is going to be killed half way.\n`)
  for (const downloader of downloaders) downloader.get()
  await swarm.orFailure(
    watched(screen, downloaders, totalBytes, async (rows) => {
      const row = rows[VICTIM]
      if (row === undefined) throw new Error('there is no row for the downloader to be killed')
      await killHalfWay(screen, victim, row, totalBytes)
      await Promise.all(downloaders.map((downloader) => downloader.done()))
      for (const each of rows) {
        each.storedBytes = totalBytes
        each.word = 'done'
      }
    }),
  )
  const rehashed = numberIn(await victim.done(), 'rehashedPieces')
  await swarm.stop()

  screen.tell('\nAll three are done. Comparing every byte ...')
  const root = path.dirname(content)
  for (const { dir } of downloaders) await compare(root, dir, metainfo)
  screen.tell(`Every byte is the same: ${DOWNLOADERS} times ${showBytes(totalBytes)}.`)

  const others = [swarm.seedData, ...downloaders.filter((each) => each !== victim).map(({ data }) => data)]
  const { sentBytes, wastedBytes } = await trafficTo(victim.data, others, metainfo.infoHash)
  const refetchedBytes = Math.max(0, sentBytes - totalBytes)
  const part = ((refetchedBytes / totalBytes) * 100).toFixed(2)
  screen.tell(
    `${victim.name} had to fetch ${showBytes(refetchedBytes)} again (${part} %), of which ${showBytes(wastedBytes)} ` +
      'are blocks that two peers sent,',
  )
  screen.tell(`and to hash ${rehashed} of ${showCount(pieceCount, 'piece')} on its disk again.`)
  screen.tell(`It took ${showSeconds((performance.now() - startedAt) / 1_000)}.`)
  tellCommands(screen, swarm, downloaders, victim)
  screen.say({
    type: 'done',
    bytes: totalBytes,
    downloaders: DOWNLOADERS,
    killed: 1,
    refetchedBytes,
    wastedBytes,
    verified: true,
    logs: [swarm.seedData, ...downloaders.map(({ data }) => data)],
  })
}
