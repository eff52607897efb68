/** The files that a sweep ends in, for people and for other programs: a report, and tables of its runs and samples. */
import type { RunResult } from '../../../simulations/index.js'
import type { Study } from '../../../simulations/report/study.js'
import { runsTable, samplesTable } from '../../../simulations/report/tables.js'
import { present } from '../../assert.js'
import type { CommandContext } from '../context.js'
import { showBytes } from '../format.js'
import { checkPlace, writeNewFile } from '../new-file.js'
import type { PreparedJob, SimJob } from './job.js'
import { invalid, type SeedRange, type SimFlags } from './options.js'
import type { PageCommands } from './report/page.js'
import { commandOf } from './show.js'

/** All runs are held until the files are written: 20 KiB of samples each, and the time of every download. */
const RUNS_MAX = 10_000

const KINDS = ['report', 'csv', 'samples'] as const
type Kind = (typeof KINDS)[number]
type Paths = Pick<SimFlags, Kind>

type MakePage = (study: Study, commands: PageCommands) => string

/** Most sweeps make no page, so this is loaded by those that do. */
const loadPage = async (): Promise<MakePage> => {
  const [{ pageOf }, { readParts }] = await Promise.all([import('./report/page.js'), import('./report/parts.js')])
  const parts = await readParts()
  return (study, commands) => pageOf(study, commands, parts)
}

export class SweepOutputs {
  readonly #job: SimJob
  readonly #prepared: PreparedJob
  readonly #range: SeedRange
  readonly #paths: Paths
  readonly #makePage: MakePage | undefined
  readonly #runs: RunResult[] = []

  private constructor(job: SimJob, prepared: PreparedJob, range: SeedRange, paths: Paths, makePage?: MakePage) {
    this.#job = job
    this.#prepared = prepared
    this.#range = range
    this.#paths = paths
    this.#makePage = makePage
  }

  /** Makes sure that they can be written, before the work for it is done. Throws `OPTION_INVALID` and others. */
  static async open(job: SimJob, prepared: PreparedJob, range: SeedRange, flags: SimFlags): Promise<SweepOutputs> {
    const paths = KINDS.flatMap((kind) => flags[kind] ?? [])
    if (paths.length > 0 && range[1] - range[0] >= RUNS_MAX)
      throw invalid(
        `--${KINDS.find((kind) => flags[kind] !== undefined)} takes ${RUNS_MAX.toLocaleString('en')} runs at most; ` +
          '--out keeps any number',
      )
    const all = [...paths, ...(flags.out === undefined ? [] : [flags.out])]
    const twice = all.find((path, at) => all.indexOf(path) < at)
    if (twice !== undefined) throw invalid(`${twice} cannot be two files at once`)
    for (const path of paths) await checkPlace(path)
    // Not after the runs: one that is given up goes on meanwhile, and what loads modules may ask for the time.
    const makePage = flags.report === undefined ? undefined : await loadPage()
    return new SweepOutputs(job, prepared, range, flags, makePage)
  }

  /** In the order of seeds. */
  add(result: RunResult): void {
    if (KINDS.some((kind) => this.#paths[kind] !== undefined)) this.#runs.push(result)
  }

  /** Of the runs that there are; of none, no file. */
  async write(context: CommandContext): Promise<void> {
    if (this.#runs.length === 0) return
    for (const kind of KINDS) {
      const path = this.#paths[kind]
      if (path === undefined) continue
      let bytes = 0
      const counted = async function* (chunks: Iterable<string>): AsyncGenerator<string> {
        for (const chunk of chunks) {
          bytes += Buffer.byteLength(chunk)
          yield chunk
        }
      }
      await writeNewFile(path, counted(this.#content(kind, path)))
      context.tell(`wrote ${path} (${showBytes(bytes)})`)
      context.say({ type: 'written', kind, path, bytes, runs: this.#runs.length })
    }
  }

  #content(kind: Kind, path: string): Iterable<string> {
    const { scenario, settings } = this.#prepared
    const { name, summary, defaults } = scenario
    if (kind === 'csv') return runsTable(name, this.#runs)
    if (kind === 'samples') return samplesTable(name, this.#runs)
    const study: Study = { scenario: name, summary, settings, defaults, runs: this.#runs }
    const commands = {
      study: commandOf(this.#job, this.#range, '--report', path),
      run: (seed: number) => commandOf(this.#job, [seed, seed]),
    }
    return [present(this.#makePage, 'what makes a page')(study, commands)]
  }
}
