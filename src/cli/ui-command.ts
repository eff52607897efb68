/** `torrewind ui`: the debugger, a page in a browser in which a history is gone through, there and back. */
import { Command } from 'commander'
import { TorrewindError } from '../errors.js'
import { port } from './arguments.js'
import type { CommandContext } from './context.js'
import { capsuleOption, type HistoryFlags, transferOption } from './histories.js'
import { GrowingLogs } from './ui/growing-log.js'
import { startUi } from './ui/server.js'
import { Sources } from './ui/sources.js'
import { readPage } from './ui/static-files.js'

interface UiFlags extends HistoryFlags {
  readonly port: number
}

/** Without a log there is still a page, onto which a capsule can be dropped. */
const openData = async (context: CommandContext, { transfer, capsule }: HistoryFlags): Promise<Sources> => {
  if (capsule !== undefined) {
    const sources = new Sources(undefined)
    sources.first = (await sources.openCapsule(capsule)).id
    return sources
  }
  const logs = await GrowingLogs.open(context.dataDir).catch((error: unknown) => {
    if (transfer === undefined && error instanceof TorrewindError && error.code === 'DATA_UNUSABLE') return undefined
    throw error
  })
  if (logs === undefined) context.warn(`there is no event log in ${context.dataDir}: drop a capsule onto the page`)
  const sources = new Sources(logs)
  try {
    sources.first = transfer === undefined ? undefined : (await logs?.choose(transfer))?.infoHash
    return sources
  } catch (error) {
    await sources.close()
    throw error
  }
}

const run = async (context: CommandContext, flags: UiFlags): Promise<void> => {
  const files = await readPage()
  const sources = await openData(context, flags)
  try {
    const failed = (error: unknown): void => context.fail(error)
    const server = await startUi({ port: flags.port, sources, files, failed })
    context.tell(`Open ${server.url} in a browser. Whoever has this address can see the history; Ctrl-C ends it.`)
    context.say({ type: 'listening', url: server.url })
    const following = sources.follow(context.stopped)
    await context.untilStopped()
    await following
    await server.close()
  } finally {
    await sources.close()
  }
}

export const uiCommand = (context: CommandContext): Command =>
  new Command('ui')
    .description('Opens the debugger: a page in your browser, in which a history is gone through, there and back.')
    .option('--port <number>', 'the port on 127.0.0.1; 0 takes any free one', port, 0)
    .addOption(transferOption())
    .addOption(capsuleOption())
    .action((flags: UiFlags) => run(context, flags))
