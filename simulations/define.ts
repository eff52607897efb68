/** Defining a scenario: what a user says of it, checked, as a scenario like those that ship. */
import { TorrewindError } from '../src/errors.js'
import { findScenario } from './catalogue.js'
import type { Choker } from './choker.js'
import type { Picker } from './picker.js'
import { type Played, runSwarm } from './run.js'
import type { Scenario } from './scenario.js'
import { type RunSettings, readSettings, type SettingValues } from './settings.js'
import type { Swarm } from './swarm.js'

export interface ScenarioDefinition {
  readonly name: string
  /** A line for people. */
  readonly summary?: string | undefined
  /** The scenario that ships whose course and settings it takes, but for what is said here; by default `flash-crowd`. */
  readonly basis?: string | undefined
  /** In place of those of the basis; each run may change them again. */
  readonly settings?: SettingValues | undefined
  /** Which pieces each honest node asks a peer for. */
  readonly picker?: Picker | undefined
  /** Whom each honest node serves. */
  readonly choker?: Choker | undefined
  /** What happens, where it is not the course of the basis: see `populate`, `Swarm.run` and `Swarm.report`. */
  readonly play?: ((swarm: Swarm, settings: RunSettings) => Promise<Played>) | undefined
}

const KEYS = {
  name: 'string',
  summary: 'string',
  basis: 'string',
  settings: 'object',
  picker: 'function',
  choker: 'function',
  play: 'function',
} as const satisfies Record<keyof ScenarioDefinition, Kind>

type Kind = 'string' | 'number' | 'boolean' | 'object' | 'function'

const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/

const invalid = (message: string): TorrewindError => new TorrewindError('OPTION_INVALID', message)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Programs without types may say anything. Throws `OPTION_INVALID`. */
export const checkKeys = (what: string, value: unknown, keys: Readonly<Record<string, Kind>>): void => {
  if (!isObject(value)) throw invalid(`${what} cannot be ${value === null ? 'null' : `of type ${typeof value}`}`)
  for (const [key, given] of Object.entries(value)) {
    const kind = Object.hasOwn(keys, key) ? keys[key] : undefined
    if (kind === undefined) throw invalid(`there is no ${key} in ${what}; there are: ${Object.keys(keys).join(', ')}`)
    const isRight = kind === 'object' ? isObject(given) : typeof given === kind
    if (given !== undefined && !isRight) throw invalid(`${key} in ${what} must be of type ${kind}`)
  }
}

/** A scenario that ships, or one that `defineScenario` made. */
export const isScenario = (value: unknown): value is Scenario =>
  isObject(value) && typeof value.run === 'function' && isObject(value.defaults)

/** Throws `OPTION_INVALID`, which names the key that is unknown or has a value that it cannot take. */
export const defineScenario = (definition: ScenarioDefinition): Scenario => {
  checkKeys('a scenario', definition, KEYS)
  const { name, summary, basis = 'flash-crowd', settings = {}, picker, choker, play } = definition
  if (name === undefined || !NAME.test(name))
    throw invalid(`name of a scenario cannot be "${name}": it is up to 64 small letters, digits and hyphens`)
  const based = findScenario(basis)
  const strategies = { picker, choker }
  return {
    name,
    summary: summary ?? `${based.name} with changes`,
    defaults: readSettings(based.defaults, settings),
    run: (options) =>
      play === undefined ? based.run({ ...options, strategies }) : runSwarm({ ...options, strategies }, play),
  }
}
