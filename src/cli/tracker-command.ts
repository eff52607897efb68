/** `torrewind tracker`: runs the tracker until it is stopped. */
import { Command } from 'commander'
import { createTracker, parseAllowList, TRACKER_HTTP_PORT, type Tracker } from '../../tracker/index.js'
import { LIMITS } from '../limits.js'
import { showAddress } from '../values.js'
import { port, wholeFrom } from './arguments.js'
import type { CommandContext } from './context.js'
import { showCount } from './format.js'
import { readOptionFile } from './read-bounded.js'
import { type AccessFlags, addAccessFlags, readAccess, tellAccess } from './tracker-access.js'

interface TrackerFlags extends AccessFlags {
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

const readAllowFile = (file: string): Promise<ReadonlySet<string>> =>
  readOptionFile('--allow', file, LIMITS.trackerAllowBytesMax, parseAllowList)

const tellOf = (context: CommandContext, tracker: Tracker, flags: TrackerFlags, allowed?: number): void => {
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
}

const track = async (context: CommandContext, flags: TrackerFlags): Promise<void> => {
  const allow = flags.allow === undefined ? undefined : await readAllowFile(flags.allow)
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
    onStore: (failure) => context.warn(failure?.message ?? 'the store answers again'),
  })
  context.say({
    type: 'listening',
    http: tracker.httpPort,
    udp: tracker.udpPort ?? null,
    ws: flags.ws === true ? tracker.httpPort : null,
  })
  tellOf(context, tracker, flags, allow?.size)
  await context.untilStopped()
  const stats = await tracker.stats().finally(() => tracker.close())
  const { announces, torrents, peers } = stats
  const known = `${showCount(peers, 'peer')} of ${showCount(torrents, 'torrent')}`
  context.tell(`stopped, after ${showCount(announces, 'announce')}; knew ${known}`)
  context.say({ type: 'stopped', ...stats })
}

const interval = wholeFrom(1, LIMITS.trackerIntervalSecondsMax)

export const trackerCommand = (context: CommandContext): Command =>
  addAccessFlags(new Command('tracker'))
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
