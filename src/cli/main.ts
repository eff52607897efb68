#!/usr/bin/env node
/** The command line: `torrewind COMMAND`. */
import { createCommand } from './create-command.js'
import { getCommand } from './get-command.js'
import { logCommand } from './log-command.js'
import { replayCommand } from './replay-command.js'
import { run } from './run.js'
import { seedCommand } from './seed-command.js'
import { Terminal } from './terminal.js'
import { trackerCommand } from './tracker-command.js'

const args = process.argv.slice(2)
const terminal = new Terminal(args)
terminal.listenToSignals()
// A broken assertion: nothing that this process holds can be trusted any more, so it ends at once.
process.on('uncaughtException', (error) => {
  terminal.fail(error)
  process.exit(1)
})
const makers = [createCommand, seedCommand, getCommand, trackerCommand, logCommand, replayCommand]
const code = await run(terminal, args, makers)
await terminal.written()
process.exit(code)
