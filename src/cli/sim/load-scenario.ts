/** Loading a scenario: one that ships, by its name; or one of a user's own, from a file whose default export it is. */
import { stat } from 'node:fs/promises'
import path from 'node:path'
import * as simulations from '../../../simulations/index.js'
import { messageOf, systemCode, TorrewindError } from '../../errors.js'

const ENDINGS: readonly string[] = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs']

const invalid = (message: string, cause?: unknown): TorrewindError =>
  new TorrewindError('SCENARIO_INVALID', message, { cause })

/** Where it is; undefined for a name, which has neither dots nor slashes. */
export const scenarioFile = (nameOrFile: string): string | undefined =>
  /[./\\]/.test(nameOrFile) ? path.resolve(nameOrFile) : undefined

const checkFile = async (file: string): Promise<void> => {
  const found = await stat(file).catch((error: unknown) => {
    throw invalid(
      systemCode(error) === 'ENOENT' ? `there is no file ${file}` : `cannot read ${file}: ${messageOf(error)}`,
      error,
    )
  })
  if (!found.isFile()) throw invalid(`${file} is no file`)
  const ending = path.extname(file)
  if (!ENDINGS.includes(ending))
    throw invalid(`${file} cannot be loaded: a scenario file ends in one of ${ENDINGS.join(', ')}`)
}

/** What it says, on one line, and where it was thrown unless that was within Node. */
const sentenceOf = (error: unknown): string => {
  const [says = ''] = messageOf(error).split('Require stack:')
  const frame = error instanceof Error ? /^\s*at (.*)$/m.exec(error.stack ?? '')?.[1] : undefined
  const place = frame === undefined || frame.includes('node:') ? '' : `, at ${frame}`
  return says.replaceAll(/\s+/g, ' ').trim() + place
}

/**
 * Runs TypeScript as JavaScript on every version of Node alike. What the file imports as `torrewind/simulations` is what
 * runs here, whether or not the package can be found from where the file lies: two of them would not know each other.
 */
const defaultOf = async (file: string): Promise<unknown> => {
  const { createJiti } = await import('jiti')
  const virtualModules = { 'torrewind/simulations': simulations }
  const jiti = createJiti(import.meta.url, { fsCache: false, interopDefault: false, virtualModules })
  try {
    return (await jiti.import<{ readonly default?: unknown }>(file)).default
  } catch (error) {
    if (error instanceof TorrewindError)
      throw new TorrewindError(error.code, `${file}: ${error.message}`, { cause: error })
    throw invalid(`${file} cannot be loaded: ${sentenceOf(error)}`, error)
  }
}

/** Throws `OPTION_INVALID` for a name of none, or a definition with something wrong in it; else `SCENARIO_INVALID`. */
export const loadScenario = async (nameOrFile: string): Promise<simulations.Scenario> => {
  const file = scenarioFile(nameOrFile)
  if (file === undefined) return simulations.findScenario(nameOrFile)
  await checkFile(file)
  const found = await defaultOf(file)
  if (simulations.isScenario(found)) return found
  const what = found === undefined ? 'it has no default export' : `its default export is of type ${typeof found}`
  throw invalid(`${file} has no scenario: ${what}, and not what \`defineScenario\` returns`)
}
