/**
 * Runs a command line to its end and says with which code the process is to exit: 0 done, 1 failed, 2 wrong usage; a
 * command that found what it looks for may have codes of its own.
 */
import { Command, CommanderError, Option } from 'commander'
import { TorrewindError } from '../errors.js'
import { VERSION } from '../version.js'
import { type CommandContext, LOG_LEVELS } from './context.js'
import { Reported } from './reported.js'
import { type CommonOptions, STOPPED, type Terminal } from './terminal.js'

export type MakeCommand = (context: CommandContext) => Command

const DONE = 0
const FAILED = 1
const WRONG_USAGE = 2

/** What commander throws when it has shown what it was asked to show. */
const SHOWN: readonly string[] = ['commander.helpDisplayed', 'commander.version']

/** Wrong usage of one of the commands, which tells what it takes. */
class WrongUsage extends Error {
  constructor(
    override readonly cause: CommanderError,
    readonly command: Command,
  ) {
    super(cause.message)
  }
}

const namesOf = (command: Command): string => command.commands.map((each) => each.name()).join(', ')

/** Commander's sentences begin with `error: ` and may go on with a suggestion on a line of its own. */
const sentence = ({ cause, command }: WrongUsage): string => {
  const said = cause.message.replace(/^error: /, '').replaceAll('\n', ' ')
  if (cause.code === 'commander.help') return `a command is missing; there are: ${namesOf(command)}`
  if (cause.code === 'commander.unknownCommand') return `${said}; the commands are: ${namesOf(command)}`
  return said
}

const fullName = (command: Command): string =>
  command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`

/** What commands made on their own lack, and what makes commander's exits ours. */
const adopt = (command: Command, parent: Command): void => {
  command.copyInheritedSettings(parent)
  adoptExits(command)
  for (const child of command.commands) adopt(child, command)
}

const adoptExits = (command: Command): void => {
  command.exitOverride((error) => {
    throw SHOWN.includes(error.code) ? error : new WrongUsage(error, command)
  })
}

const makeProgram = (terminal: Terminal, makers: readonly MakeCommand[]): Command => {
  const program = new Command('torrewind')
    .description('Shares files with BitTorrent, and keeps a log of every event that it can rewind.')
    .helpOption('-h, --help', 'show this')
    .version(VERSION, '--version', 'show the version')
    .option(
      '--data <dir>',
      'folder of the event logs and settings (default: $TORREWIND_DATA, or the custom of the system)',
    )
    .option('--json', 'print one JSON object a line on stdout, and text for people on stderr')
    .addOption(new Option('--log-level <level>', 'how much is said on stderr').choices(LOG_LEVELS).default('info'))
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => (terminal.json ? process.stderr : process.stdout).write(text),
      // What is wrong is told once, by `fail`.
      outputError: () => {},
    })
  adoptExits(program)
  program.hook('preAction', () => {
    const logsLines = program.getOptionValueSource('logLevel') === 'cli'
    terminal.configure({ ...program.opts<CommonOptions>(), logsLines })
  })
  for (const make of makers) {
    const command = make(terminal)
    adopt(command, program)
    program.addCommand(command)
  }
  return program
}

const codeOf = (terminal: Terminal, error: unknown): number => {
  if (error instanceof CommanderError) {
    if (error.code === 'commander.version') terminal.say({ type: 'version', version: VERSION })
    return DONE
  }
  if (error instanceof WrongUsage) {
    terminal.fail(new TorrewindError('USAGE_INVALID', sentence(error)))
    // Where a command is missing, commander has shown the help already.
    if (error.cause.code !== 'commander.help') {
      terminal.warn(`\`${fullName(error.command)} --help\` says what it takes.`)
    }
    return WRONG_USAGE
  }
  if (terminal.stopped.aborted && error === terminal.stopped.reason) return STOPPED
  if (error instanceof Reported) return error.exitCode
  terminal.fail(error)
  return error instanceof TorrewindError && error.code === 'OPTION_INVALID' ? WRONG_USAGE : FAILED
}

export const run = async (
  terminal: Terminal,
  args: readonly string[],
  makers: readonly MakeCommand[],
): Promise<number> => {
  try {
    await makeProgram(terminal, makers).parseAsync(args, { from: 'user' })
  } catch (error) {
    return codeOf(terminal, error)
  }
  return terminal.stopped.aborted ? STOPPED : DONE
}
