/** What operators ask of `torrewind tracker`: metrics, its log of events, and files that are read again while it runs. */
import { isIP } from 'node:net'
import { type Command, InvalidArgumentError } from 'commander'
import { parseAllowList, type Tracker, type TrackerChanges, type TrackerOptions } from '../../tracker/index.js'
import { messageOf, TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import { readAddress, showAddress } from '../values.js'
import { bytes, port } from './arguments.js'
import type { CommandContext } from './context.js'
import { FileWatch } from './file-watch.js'
import { showCount } from './format.js'
import { readOptionFile } from './read-bounded.js'
import { isKeysUrl, readKeys } from './tracker-access.js'

export interface OperationsFlags {
  readonly allow?: string
  readonly jwks?: string
  readonly metrics?: TrackerOptions['metrics']
  readonly logEvents?: string
  readonly logEventsBytes?: number
}

/** Where people are told what happens: not where lines of JSON say the same. */
export type People = Pick<CommandContext, 'tell' | 'warn'>

const metricsPlace = (text: string): TrackerOptions['metrics'] => {
  if (text === 'front') return 'front'
  if (/^\d+$/.test(text)) return { port: port(text) }
  const address = readAddress(text)
  // Port 0 takes any free one, and is no port of an address otherwise.
  if (address !== undefined) return address
  const [, host, zero] = /^\[?([^\]]*)\]?:(0)$/.exec(text) ?? []
  if (host !== undefined && zero !== undefined && isIP(host) !== 0) return { host, port: 0 }
  throw new InvalidArgumentError('It is a port, HOST:PORT, or front.')
}

export const addOperationsFlags = (command: Command): Command =>
  command
    .option(
      '--metrics <[host:]port|front>',
      'serve /metrics for Prometheus at this port, on loopback unless a host is named; front: at the port of HTTP, to all',
      metricsPlace,
    )
    .option('--log-events <dir>', 'keep a record there of every announce and what came back, for `tracker why`')
    .option('--log-events-bytes <bytes>', 'what these records may take; the oldest go (default: 1 GiB)', bytes)

export const readAllowFile = (file: string): Promise<ReadonlySet<string>> =>
  readOptionFile('--allow', file, LIMITS.trackerAllowBytesMax, parseAllowList)

/** Throws OPTION_INVALID. */
export const operationsOf = (flags: OperationsFlags): Pick<TrackerOptions, 'metrics' | 'events'> => {
  const { metrics, logEvents: folder, logEventsBytes: bytesMax } = flags
  if (folder === undefined && bytesMax !== undefined) {
    throw new TorrewindError('OPTION_INVALID', '--log-events-bytes bounds --log-events, which is missing')
  }
  if (bytesMax !== undefined && bytesMax < LIMITS.trackerEventBytesMin) {
    throw new TorrewindError('OPTION_INVALID', `--log-events-bytes is at least ${LIMITS.trackerEventBytesMin}`)
  }
  return { metrics, events: folder === undefined ? undefined : { folder, bytesMax } }
}

export const tellOperations = (people: People, { metricsPort }: Tracker, { metrics }: OperationsFlags): void => {
  if (metrics === undefined || metrics === 'front' || metricsPort === undefined) return
  const { host = '127.0.0.1' } = metrics
  people.tell(`metrics: http://${showAddress({ host, port: metricsPort })}/metrics`)
}

const filesOf = ({ allow, jwks }: OperationsFlags): readonly string[] =>
  [allow, jwks === undefined || isKeysUrl(jwks) ? undefined : jwks].filter((file) => file !== undefined)

const readChanges = async ({ allow, jwks }: OperationsFlags): Promise<TrackerChanges> => ({
  ...(allow === undefined ? {} : { allow: await readAllowFile(allow) }),
  ...(jwks === undefined || isKeysUrl(jwks) ? {} : { keys: await readKeys(jwks) }),
})

/** Reads the files again when they change, and on SIGHUP, until the answer is called. */
export const keepReading = (
  context: CommandContext,
  people: People,
  tracker: Tracker,
  flags: OperationsFlags,
): (() => Promise<void>) => {
  const files = filesOf(flags)
  const told = (changes: TrackerChanges): void => {
    const allowed = changes.allow instanceof Set ? changes.allow.size : null
    context.say({ type: 'reloaded', allowed, keys: changes.keys !== undefined })
    const list = allowed === null ? '' : `: ${showCount(allowed, 'torrent')} allowed`
    people.tell(`read again${list}`)
  }
  const reload = async (): Promise<void> => {
    let changes: TrackerChanges = {}
    try {
      await tracker.reload(async () => {
        changes = await readChanges(flags)
        return changes
      })
      told(changes)
    } catch (error) {
      if (!(error instanceof TorrewindError)) throw error
      context.say({ type: 'reload-refused', code: error.code, message: messageOf(error) })
      people.warn(`${messageOf(error)}; what was read before stays`)
    }
  }
  // One after another: the last to be read is the last to count.
  let turn = Promise.resolve()
  const again = (): void => {
    turn = turn.then(reload)
  }
  context.onHangup(() => {
    if (files.length > 0) again()
    else people.tell('there is no file to be read again')
  })
  const watch = files.length === 0 ? undefined : FileWatch.open(files, LIMITS.trackerReloadMs, again)
  return async () => {
    await (await watch)?.close()
    await turn
  }
}
