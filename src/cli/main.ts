#!/usr/bin/env node
/** The command line: `torrewind COMMAND`. */
import { type MakeCommand, run } from './run.js'
import { Terminal } from './terminal.js'

/** Each is loaded when it is needed: the engine takes longer to load than some commands take to run. */
const COMMANDS: Readonly<Record<string, () => Promise<MakeCommand>>> = {
  create: async () => (await import('./create-command.js')).createCommand,
  seed: async () => (await import('./seed-command.js')).seedCommand,
  get: async () => (await import('./get-command.js')).getCommand,
  tracker: async () => (await import('./tracker-command.js')).trackerCommand,
  publish: async () => (await import('./publish-command.js')).publishCommand,
  search: async () => (await import('./search-command.js')).searchCommand,
  info: async () => (await import('./info-command.js')).infoCommand,
  move: async () => (await import('./move-command.js')).moveCommand,
  serve: async () => (await import('./serve-command.js')).serveCommand,
  dht: async () => (await import('./dht-command.js')).dhtCommand,
  log: async () => (await import('./log-command.js')).logCommand,
  capsule: async () => (await import('./capsule-command.js')).capsuleCommand,
  replay: async () => (await import('./replay-command.js')).replayCommand,
  explain: async () => (await import('./explain-command.js')).explainCommand,
  ui: async () => (await import('./ui-command.js')).uiCommand,
  sim: async () => (await import('./sim-command.js')).simCommand,
}

const args = process.argv.slice(2)
const terminal = new Terminal(args)
terminal.listenToSignals()
// A broken assertion: nothing that this process holds can be trusted any more, so it ends at once.
process.on('uncaughtException', (error) => {
  terminal.fail(error)
  process.exit(1)
})
const named = Object.hasOwn(COMMANDS, args[0] ?? '') ? COMMANDS[args[0] ?? ''] : undefined
const needed = args[0] === '--version' ? [] : named === undefined ? Object.values(COMMANDS) : [named]
const makers = await Promise.all(needed.map((load) => load()))
const code = await run(terminal, args, makers)
await terminal.written()
process.exit(code)
