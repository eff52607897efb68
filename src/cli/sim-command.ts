/** `torrewind sim`: runs scenarios in a simulated world, each repeatable from its seed. */
import { Command } from 'commander'
import { SCENARIOS } from '../../simulations/index.js'
import { each, wholeFrom } from './arguments.js'
import type { CommandContext } from './context.js'
import { assignment, jobOf, type SimFlags, seedRange, threads, workerOf } from './sim/options.js'
import { queueAddress } from './sim/queue-link.js'
import { workOnQueue } from './sim/queue-worker.js'
import { sweep } from './sim/sweep.js'

const list = (context: CommandContext): void => {
  for (const { name, summary, defaults } of SCENARIOS) {
    context.tell(`${name.padEnd(20)}  ${summary}`)
    context.say({ type: 'scenario', name, summary, settings: defaults })
  }
}

export const simCommand = (context: CommandContext): Command =>
  new Command('sim')
    .description('Runs real engines in a simulated world, where every fault can happen and every run can be repeated.')
    .argument('[scenario]', 'the name of a scenario or the path of a file, or "list" for all names')
    .option('--seed <n>', 'the seed of the run (default: that of the file, or 1)', wholeFrom(0))
    .option('--seeds <range>', 'a run for each seed, as 1..50', seedRange)
    .option('--peers <n>', 'how many leechers', wholeFrom(1, 100_000))
    .option('--check-determinism', 'run each seed twice, and show where the second run differs')
    .option('--shrink', 'make a small scenario of a run that went wrong, which goes wrong in the same way')
    .option('--failures <dir>', 'folder for what is kept of runs that went wrong (default: the current one)')
    .option('--set <key=value>', 'change a setting of the scenario; may be given many times', each(assignment))
    .option('--workers <n>', 'threads that do the runs; 0 for none but the first (default: as many as cores)', threads)
    .option('--out <file>', 'keep the runs that ended in a file of JSON lines, and go on after those that are there')
    .option('--report <file>', 'write what the runs came to as a page of HTML, with plots')
    .option('--csv <file>', 'write a table with a row for each run')
    .option('--samples <file>', 'write a table with a row for each sample over time of each run')
    .option('--queue <url>', 'let the workers of a queue do the runs, as redis://HOST:PORT', queueAddress)
    .option('--worker', 'do the runs of a queue for others, until stopped')
    .action(async (name: string | undefined, flags: SimFlags, command: Command) => {
      if (flags.worker) await workOnQueue(context, ...workerOf(name, flags))
      else if (name === undefined) command.error("missing required argument 'scenario'")
      else if (name === 'list') list(context)
      else await sweep(context, jobOf(name, flags), flags)
    })
