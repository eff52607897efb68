/** `torrewind tracker`: runs the tracker until it is stopped. */
import { Command } from 'commander'
import { createTracker, TRACKER_HTTP_PORT, type Tracker } from '../../tracker/index.js'
import { LIMITS } from '../limits.js'
import { showAddress } from '../values.js'
import { port, wholeFrom } from './arguments.js'
import type { CommandContext } from './context.js'
import { showCount } from './format.js'
import { openLogLines } from './log-lines.js'
import { type AccessFlags, addAccessFlags, readAccess, tellAccess } from './tracker-access.js'
import {
  addOperationsFlags,
  keepReading,
  type OperationsFlags,
  operationsOf,
  type People,
  readAllowFile,
  tellOperations,
} from './tracker-operations.js'
import { trackerWhyCommand } from './tracker-why.js'

interface TrackerFlags extends AccessFlags, OperationsFlags {
  readonly host?: string
  readonly http: number
  readonly udp?: number
  readonly ws?: true
  readonly store: string
  readonly interval: number
  readonly allow?: string
  readonly rate: number
  readonly announcedIp?: true
}

const tellOf = (context: People, tracker: Tracker, flags: TrackerFlags, allowed?: number): void => {
  const { host = 'localhost' } = flags
  const url = `http://${showAddress({ host, port: tracker.httpPort })}`
  const served = allowed === undefined ? 'any torrent' : showCount(allowed, 'torrent')
  context.tell(`tracking ${served} at ${url}/announce, until Ctrl-C`)
  if (tracker.udpPort !== undefined) {
    context.tell(`  and at udp://${showAddress({ host, port: tracker.udpPort })}/announce`)
  }
  if (flags.ws === true) context.tell(`  and at ws://${showAddress({ host, port: tracker.httpPort })}/announce`)
  if (flags.host === undefined) context.tell("  (others reach it by any of this machine's addresses)")
  tellAccess(context, tracker, url)
  tellOperations(context, tracker, flags)
}

const silence = (): void => {}

const track = async (context: CommandContext, flags: TrackerFlags): Promise<void> => {
  const allow = flags.allow === undefined ? undefined : await readAllowFile(flags.allow)
  const logger = context.logsLines ? await openLogLines(context.logLevel) : undefined
  // Where lines of JSON go to stderr, nothing else does.
  const people: People =
    logger === undefined ? context : { tell: context.json ? silence : context.tell.bind(context), warn: silence }
  const tracker = await createTracker({
    host: flags.host,
    httpPort: flags.http,
    udpPort: flags.udp,
    ws: flags.ws,
    rate: flags.rate,
    announcedIp: flags.announcedIp,
    intervalSeconds: flags.interval,
    allow,
    ...(await readAccess(flags)),
    store: flags.store,
    onStore: (failure) => people.warn(failure?.message ?? 'the store answers again'),
    ...operationsOf(flags),
    logger,
  })
  context.say({
    type: 'listening',
    http: tracker.httpPort,
    udp: tracker.udpPort ?? null,
    ws: flags.ws === true ? tracker.httpPort : null,
    metrics: tracker.metricsPort ?? null,
  })
  tellOf(people, tracker, flags, allow?.size)
  const done = keepReading(context, people, tracker, flags)
  await context.untilStopped()
  await done()
  // Asked before the store is let go; where it is away, that is told once all has been let go.
  const asked = Promise.allSettled([tracker.stats()])
  await tracker.close()
  const [answer] = await asked
  if (answer.status === 'rejected') throw answer.reason
  const stats = answer.value
  const { announces, torrents, peers } = stats
  const known = `${showCount(peers, 'peer')} of ${showCount(torrents, 'torrent')}`
  people.tell(`stopped, after ${showCount(announces, 'announce')}; knew ${known}`)
  context.say({ type: 'stopped', ...stats })
}

const interval = wholeFrom(1, LIMITS.trackerIntervalSecondsMax)

export const trackerCommand = (context: CommandContext): Command =>
  addOperationsFlags(addAccessFlags(new Command('tracker')))
    .addCommand(trackerWhyCommand(context))
    .helpCommand(false)
    .description('Runs a tracker, through which peers find each other, until it is stopped.')
    .option('--host <address>', 'the address to listen on (default: all of this machine)')
    .option('--http <port>', 'the port of the HTTP tracker; 0 takes any free one', port, TRACKER_HTTP_PORT)
    .option('--udp <port>', 'the port of the UDP tracker, if there is to be one; 0 takes any free one', port)
    .option('--ws', 'take peers in browsers, too, over WebSocket at the port of HTTP')
    .option('--store <store>', 'where peers are kept: memory, level:DIR, or redis://HOST:PORT[/NAME]', 'memory')
    .option(
      '--interval <seconds>',
      'how often peers are to announce; they are forgotten after two intervals',
      interval,
      LIMITS.trackerIntervalSecondsDefault,
    )
    .option(
      '--rate <requests>',
      'how many requests a second an address may go on with; 0 for as many as it likes',
      wholeFrom(0, LIMITS.trackerRatePerSecondMax),
      LIMITS.trackerRatePerSecond,
    )
    .option('--announced-ip', 'know peers by the address that they say they have, which may be a lie')
    .option(
      '--allow <file>',
      'track no torrents but those of this file: info-hashes in hex, a line each, # for comments',
    )
    .action((flags: TrackerFlags) => track(context, flags))
