/** Loading a scenario: one that ships, by its name; or one of a user's own, from a file that exports it or is its data. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import * as simulations from '../../../simulations/index.js'
import { messageOf, systemCode, TorrewindError } from '../../errors.js'

const DATA = '.json'
const PROGRAMS: readonly string[] = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs']

const invalid = (message: string, cause?: unknown): TorrewindError =>
  new TorrewindError('SCENARIO_INVALID', message, { cause })

/** Where it is; undefined for a name, which has neither dots nor slashes. */
export const scenarioFile = (nameOrFile: string, folder = '.'): string | undefined =>
  /[./\\]/.test(nameOrFile) ? path.resolve(folder, nameOrFile) : undefined

const checkFile = async (file: string, endings: readonly string[]): Promise<void> => {
  const found = await stat(file).catch((error: unknown) => {
    throw invalid(
      systemCode(error) === 'ENOENT' ? `there is no file ${file}` : `cannot read ${file}: ${messageOf(error)}`,
      error,
    )
  })
  if (!found.isFile()) throw invalid(`${file} is no file`)
  const ending = path.extname(file)
  if (!endings.includes(ending))
    throw invalid(`${file} cannot be loaded: a scenario file ends in one of ${endings.join(', ')}`)
}

/** What it says, on one line, and where in the file it was thrown. */
const sentenceOf = (error: unknown, file: string): string => {
  const [says = ''] = messageOf(error).split('Require stack:')
  const frame = error instanceof Error ? /^\s*at (.*)$/m.exec(error.stack ?? '')?.[1] : undefined
  const place = frame?.includes(file) ? `, at ${frame}` : ''
  return says.replaceAll(/\s+/g, ' ').trim() + place
}

/** What is wrong with what a file says is said with the file's name. */
const within = (file: string, error: unknown): TorrewindError =>
  error instanceof TorrewindError
    ? new TorrewindError(error.code, `${file}: ${error.message}`, { cause: error })
    : invalid(`${file} cannot be loaded: ${sentenceOf(error, file)}`, error)

/**
 * Runs TypeScript as JavaScript on every version of Node alike. What the file imports as `torrewind/simulations` is what
 * runs here, whether or not the package can be found from where the file lies: two of them would not know each other.
 */
const exportedBy = async (file: string): Promise<simulations.Scenario> => {
  const { createJiti } = await import('jiti')
  const virtualModules = { 'torrewind/simulations': simulations }
  const jiti = createJiti(import.meta.url, { fsCache: false, interopDefault: false, virtualModules })
  const { default: found } = await jiti.import<{ readonly default?: unknown }>(file)
  if (simulations.isScenario(found)) return found
  const what = found === undefined ? 'it has no default export' : `its default export is of type ${typeof found}`
  throw invalid(`${what}, and not what \`defineScenario\` returns`)
}

const NAME_CHARACTERS_MAX = 64

const nameOf = (file: string): string => {
  const words = path
    .basename(file, DATA)
    .toLowerCase()
    .match(/[a-z0-9]+/g) ?? ['scenario']
  return words.join('-').slice(0, NAME_CHARACTERS_MAX)
}

/** A scenario that it names by a file is a program, and lies where the file says. */
const toldBy = async (file: string): Promise<simulations.Scenario> => {
  const find = async (named: string): Promise<simulations.Scenario> => {
    const program = scenarioFile(named, path.dirname(file))
    if (program === undefined) return simulations.findScenario(named)
    await checkFile(program, PROGRAMS)
    return exportedBy(program)
  }
  return simulations.readScenario(nameOf(file), JSON.parse(await readFile(file, 'utf8')), find)
}

/** Throws `OPTION_INVALID` for a name of none, or something wrong in a definition; `SCENARIO_INVALID` for all else. */
export const loadScenario = async (nameOrFile: string): Promise<simulations.Scenario> => {
  const file = scenarioFile(nameOrFile)
  if (file === undefined) return simulations.findScenario(nameOrFile)
  await checkFile(file, [...PROGRAMS, DATA])
  try {
    return await (path.extname(file) === DATA ? toldBy(file) : exportedBy(file))
  } catch (error) {
    throw within(file, error)
  }
}
