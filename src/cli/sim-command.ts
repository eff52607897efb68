/** `torrewind sim`: runs scenarios in a simulated world, each repeatable from its seed. */
import { Command } from 'commander'
import { SCENARIOS } from '../../simulations/index.js'
import { each, wholeFrom } from './arguments.js'
import type { CommandContext } from './context.js'
import { assignment, jobOf, type SimFlags, seedRange, seedsOf } from './sim/options.js'
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
    .argument('<scenario>', 'the name of a scenario, or "list" for all of them')
    .option('--seed <n>', 'the seed of the run (default: 1)', wholeFrom(0))
    .option('--seeds <range>', 'a run for each seed, as 1..50', seedRange)
    .option('--peers <n>', 'how many leechers', wholeFrom(1, 100_000))
    .option('--check-determinism', 'run each seed twice, and show where the second run differs')
    .option('--set <key=value>', 'change a setting of the scenario; may be given many times', each(assignment))
    .action(async (name: string, flags: SimFlags) => {
      if (name === 'list') list(context)
      else await sweep(context, jobOf(name, flags), seedsOf(flags))
    })
