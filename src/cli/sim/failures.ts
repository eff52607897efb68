/** What is kept of runs that went wrong: a capsule of the node concerned, and with `--shrink` a small scenario. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import {
  type Candidate,
  type RunResult,
  type RunSettings,
  runChecked,
  SHRINK_RUNS_MAX,
  shrink,
  type Violation,
} from '../../../simulations/index.js'
import { messageOf } from '../../errors.js'
import { openBar } from '../bar.js'
import type { CommandContext } from '../context.js'
import { showCount } from '../format.js'
import { writeNewFile } from '../new-file.js'
import { writeCapsule } from './capsule.js'
import type { PreparedJob, SimJob } from './job.js'
import { scenarioFile } from './load-scenario.js'
import { invalid, type SimFlags } from './options.js'
import { commandOf } from './show.js'

/** Exit codes of a run in which something was wrong, the worst first: scripts tell by them what to look for. */
const EXIT_CODES = { crash: 3, safety: 4, liveness: 5 } as const satisfies Record<Violation['kind'], number>
const KINDS = Object.keys(EXIT_CODES) as readonly Violation['kind'][] // the table's own keys

/** What is wrong with so many runs is wrong with the others, too: more files would help nobody. */
const CAPSULES_MAX = 10
/** What shows only where a seed is run twice. */
const DIVERGED = 'sameSeedSameRun'

interface Failed {
  readonly result: RunResult
  readonly violation: Violation
}

/** Numbers as they are; lists and distributions as the words that they were given with, where they were. */
const plainSettings = (settings: RunSettings, words: Readonly<Record<string, string>>): object =>
  Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]) => {
      if (typeof value === 'number' || typeof value === 'string') return [[key, value]]
      return words[key] === undefined ? [] : [[key, words[key]]]
    }),
  )

export class SweepFailures {
  readonly #job: SimJob
  readonly #prepared: PreparedJob
  readonly #folder: string
  readonly #shrinks: boolean
  readonly #failed: Failed[] = []
  readonly #kinds = new Set<Violation['kind']>()

  private constructor(job: SimJob, prepared: PreparedJob, folder: string, shrinks: boolean) {
    this.#job = job
    this.#prepared = prepared
    this.#folder = folder
    this.#shrinks = shrinks
  }

  /** Throws `OPTION_INVALID` where the folder is none. */
  static async open(job: SimJob, prepared: PreparedJob, flags: SimFlags): Promise<SweepFailures> {
    const { failures = '.' } = flags
    const folder = await stat(failures).catch(() => undefined)
    if (folder?.isDirectory() !== true)
      throw invalid(`--failures cannot be "${failures}": it is a folder that is there`)
    return new SweepFailures(job, prepared, path.resolve(failures), flags.shrink === true)
  }

  /** What the process exits with, where something was wrong in a run. */
  get exitCode(): number | undefined {
    const worst = KINDS.find((kind) => this.#kinds.has(kind))
    return worst === undefined ? undefined : EXIT_CODES[worst]
  }

  add(result: RunResult): void {
    for (const { kind } of result.violations) this.#kinds.add(kind)
    const [violation] = result.violations
    if (violation === undefined || this.#failed.length >= CAPSULES_MAX) return
    this.#failed.push({ result, violation })
  }

  /** Writes what there is to write; where that fails, says so and goes on. */
  async write(context: CommandContext): Promise<void> {
    const shrunk = new Set<string>()
    for (const failed of this.#failed) {
      if (context.stopped.aborted) return
      try {
        await this.#writeCapsule(context, failed)
        // One small scenario says as much as many of the same failure.
        if (!this.#shrinks || shrunk.has(failed.violation.checker)) continue
        shrunk.add(failed.violation.checker)
        await this.#shrink(context, failed)
      } catch (error) {
        context.warn(`nothing more is kept of seed ${failed.result.seed}: ${messageOf(error)}`)
      }
    }
  }

  #place(seed: number, ending: string): string {
    return path.join(this.#folder, `${this.#prepared.scenario.name}-${seed}.${ending}`)
  }

  async #writeCapsule(context: CommandContext, { result, violation }: Failed): Promise<void> {
    if (violation.node === undefined) return
    const { seed } = result
    const file = this.#place(seed, 'car')
    const again = commandOf(this.#job, [seed, seed])
    const events = await writeCapsule(file, this.#prepared, { result, violation, again })
    context.tell(`wrote ${file} (${showCount(events, 'event')} of node ${violation.node})`)
    context.say({ type: 'written', kind: 'capsule', path: file, seed, events })
  }

  async #shrink(context: CommandContext, { result, violation }: Failed): Promise<void> {
    const { seed, faults } = result
    const { scenario, settings } = this.#prepared
    const bar = openBar(context, `shrinking seed ${seed}`)
    const run = (candidate: Candidate): Promise<RunResult> =>
      violation.checker === DIVERGED ? runChecked(scenario, candidate) : scenario.run(candidate)
    const shrunk = await shrink({
      start: { seed, settings, faults },
      violation,
      run,
      onRun: (runs, { settings: { peers }, faults: left }) => {
        bar.update(runs, SHRINK_RUNS_MAX, `${showCount(peers, 'leecher')}, ${showCount(left.length, 'fault')}`)
        return !context.stopped.aborted
      },
    }).finally(() => bar.stop())
    const data = {
      scenario: await this.#basis(),
      summary: `${shrunk.violation.checker}: ${shrunk.violation.text}`,
      seed: shrunk.seed,
      settings: plainSettings(shrunk.settings, this.#job.words),
      faults: shrunk.faults,
    }
    const file = this.#place(seed, 'scenario.json')
    await writeNewFile(
      file,
      (async function* () {
        yield `${JSON.stringify(data, undefined, 2)}\n`
      })(),
    )
    const left = showCount(shrunk.faults.length, 'fault')
    context.tell(`wrote ${file} (${left} of ${faults.length}, after ${showCount(shrunk.runs, 'run')})`)
    context.tell(`  again by: ${commandOf({ ...this.#job, scenario: file, words: {} }, [shrunk.seed, shrunk.seed])}`)
    context.say({
      type: 'written',
      kind: 'scenario',
      path: file,
      seed,
      runs: shrunk.runs,
      faults: shrunk.faults.length,
    })
  }

  /** What the small scenario is made of: one that ships, or a program, named as from where the file will lie. */
  async #basis(): Promise<string> {
    const file = scenarioFile(this.#job.scenario)
    if (file === undefined) return this.#job.scenario
    if (path.extname(file) !== '.json') return this.#fromFolder(file)
    const { scenario } = JSON.parse(await readFile(file, 'utf8')) as { readonly scenario: string } // it was read before
    const program = scenarioFile(scenario, path.dirname(file))
    return program === undefined ? scenario : this.#fromFolder(program)
  }

  #fromFolder(file: string): string {
    const relative = path.relative(this.#folder, file)
    return relative.startsWith('.') ? relative : `./${relative}`
  }
}
