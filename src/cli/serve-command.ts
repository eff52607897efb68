/** `torrewind serve`: files of a torrent over HTTP while they are fetched, for players and browsers. */
import { resolve } from 'node:path'
import { Argument, Command } from 'commander'
import type { PeerAddress } from '../index.js'
import { asIs, each, peerAddress, port, rate } from './arguments.js'
import { announceAt } from './catalogue-client.js'
import type { CommandContext } from './context.js'
import { addFromCatalogue } from './from-catalogue.js'
import { type NetworkFlags, networkOf, networkOptions } from './network-flags.js'
import { targetOf } from './serve/index-page.js'
import { startStreaming } from './serve/server.js'
import { countsOf, seedUntilStopped, showProgress, unlessStopped, withEngine } from './session.js'

interface ServeFlags extends NetworkFlags {
  readonly dir: string
  readonly host: string
  readonly port: number
  readonly peerPort: number
  readonly peer?: readonly PeerAddress[]
  readonly tracker?: readonly string[]
  readonly select?: readonly string[]
  readonly downloadLimit?: number
  readonly uploadLimit?: number
}

const serve = async (context: CommandContext, source: string, flags: ServeFlags): Promise<void> => {
  const { peerPort, downloadLimit, uploadLimit, proxy } = flags
  const options = { port: peerPort, downloadLimit, uploadLimit, ...networkOf(flags) }
  const work = async (engine: Parameters<Parameters<typeof withEngine>[2]>[0]): Promise<void> => {
    const trackers = flags.tracker ?? []
    const transfer = await addFromCatalogue(
      context,
      engine,
      source,
      { trackers, proxy },
      {
        path: resolve(flags.dir),
        trackers: trackers.map(announceAt),
        peers: flags.peer,
        select: flags.select ?? [],
        sequential: true,
      },
    )
    if (!(await unlessStopped(context, transfer.ready))) return
    const server = await startStreaming({ host: flags.host, port: flags.port, transfer })
    const shown = showProgress(context, transfer)
    try {
      context.tell(`Open ${server.url} in a browser, or one of these in a player; Ctrl-C ends it.`)
      for (const file of transfer.files.slice(0, SHOWN_MAX)) context.tell(`  ${server.url}${targetOf(file).slice(1)}`)
      context.say({ type: 'listening', url: server.url, port: engine.port })
      await seedUntilStopped(context, transfer)
    } finally {
      shown.stop()
      await server.close()
      context.say({ type: 'stopped', ...countsOf(transfer.progress) })
    }
  }
  await withEngine(context, options, work, false)
}

/** Of more files the page has a list. */
const SHOWN_MAX = 10

export const serveCommand = (context: CommandContext): Command => {
  const command = new Command('serve')
    .description('Serves the files of a torrent over HTTP while they are fetched: what is read comes first.')
    .addArgument(new Argument('<source>', 'a .torrent file, magnet URI, CID or info-hash, as with `get`'))
    .requiredOption('-d, --dir <dir>', 'the folder to download to')
    .option('--port <n>', 'the port of HTTP to listen on; 0 takes any free one', port, 0)
    .option('--host <address>', 'the address to listen on; others can read what is served there', '127.0.0.1')
    .option('--peer-port <n>', 'the TCP port to listen on for peers; 0 takes any free one', port, 0)
    .option('--peer <host:port>', 'a peer to try at once; may be given many times', each(peerAddress))
    .option('--tracker <url>', "a tracker beside the torrent's own; may be given many times", each(asIs))
    .option('--select <glob>', 'fetch only files that fit, and what is read; may be given many times', each(asIs))
    .option('--download-limit <bytes/s>', 'the most to download, as 500K or 2M (default: no limit)', rate)
    .option('--upload-limit <bytes/s>', 'the most to upload (default: no limit)', rate)
  for (const option of networkOptions()) command.addOption(option)
  return command.action((source: string, flags: ServeFlags) => serve(context, source, flags))
}
