/** Defining a scenario: what a user says of it, checked, as a scenario like those that ship. */
import { TorrewindError } from '../src/errors.js'
import { findScenario } from './catalogue.js'
import type { Choker } from './choker.js'
import { type Fault, readFaults } from './faults.js'
import { checkKeys, checkSeed, isObject, type Takes } from './keys.js'
import type { Picker } from './picker.js'
import { type Played, runSwarm } from './run.js'
import type { Scenario } from './scenario.js'
import { type RunSettings, readSettings, type SettingValues } from './settings.js'
import type { Strategies } from './strategies.js'
import type { Swarm } from './swarm.js'

export interface ScenarioDefinition {
  readonly name: string
  /** A line for people. */
  readonly summary?: string | undefined
  /** Whose course and settings it takes but for what is said here: one that ships, or another; by default `flash-crowd`. */
  readonly basis?: string | Scenario | undefined
  /** In place of those of the basis; each run may change them again. */
  readonly settings?: SettingValues | undefined
  /** The text of each file that a setting names, by its name: nothing else is read. */
  readonly files?: Readonly<Record<string, string>> | undefined
  /** What goes wrong and when, in place of what the basis would draw. */
  readonly faults?: readonly Fault[] | undefined
  /** Of runs that are given no other; by default 1. */
  readonly seed?: number | undefined
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
  basis: ['string', 'object'],
  settings: 'object',
  files: 'object',
  faults: 'list',
  seed: 'number',
  picker: 'function',
  choker: 'function',
  play: 'function',
} as const satisfies Record<keyof ScenarioDefinition, Takes>

const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/

const invalid = (message: string): TorrewindError => new TorrewindError('OPTION_INVALID', message)

/** A scenario that ships, or one that `defineScenario` made. */
export const isScenario = (value: unknown): value is Scenario =>
  isObject(value) && typeof value.run === 'function' && isObject(value.defaults)

const filesOf = (files: Readonly<Record<string, string>>): ReadonlyMap<string, string> => {
  for (const [name, text] of Object.entries(files))
    if (typeof text !== 'string') throw invalid(`files of a scenario are texts, and ${name} is of type ${typeof text}`)
  return new Map(Object.entries(files))
}

const definedOnes = ({ picker, choker }: Strategies = {}): Strategies => ({
  ...(picker === undefined ? {} : { picker }),
  ...(choker === undefined ? {} : { choker }),
})

/**
 * Throws `OPTION_INVALID`, which names the key that is unknown or has a value that it cannot take, `TRACE_INVALID` of a
 * file, and `SCENARIO_INVALID` of faults.
 */
export const defineScenario = (definition: ScenarioDefinition): Scenario => {
  checkKeys('a scenario', definition, KEYS)
  const { name, summary, basis = 'flash-crowd', settings = {}, files = {}, seed, picker, choker, play } = definition
  if (name === undefined || !NAME.test(name))
    throw invalid(`name of a scenario cannot be "${name}": it is up to 64 small letters, digits and hyphens`)
  if (seed !== undefined) checkSeed(seed)
  const based = typeof basis === 'string' ? findScenario(basis) : basis
  if (!isScenario(based)) throw invalid('basis of a scenario is the name of one that ships, or another scenario')
  const faults = definition.faults === undefined ? undefined : readFaults(definition.faults)
  return {
    name,
    summary: summary ?? `${based.name} with changes`,
    defaults: readSettings(based.defaults, settings, filesOf(files)),
    seed,
    run: (options) => {
      // What was made of this scenario has its say first.
      const strategies = { picker, choker, ...definedOnes(options.strategies) }
      const own = { ...options, strategies, faults: options.faults ?? faults }
      return play === undefined ? based.run(own) : runSwarm(own, play)
    },
  }
}

/** What a scenario is as data: a run that somebody wants to see again, as `--shrink` writes it. */
const DATA_KEYS = {
  scenario: 'string',
  summary: 'string',
  seed: 'number',
  settings: 'object',
  faults: 'list',
} as const satisfies Readonly<Record<string, Takes>>

/**
 * Reads `{ scenario, seed, settings, faults }`, with a line for people in `summary`; `find` knows the scenarios. Rejects
 * with what `defineScenario` throws.
 */
export const readScenario = async (
  name: string,
  data: unknown,
  find: (scenario: string) => Promise<Scenario>,
): Promise<Scenario> => {
  checkKeys('a scenario', data, DATA_KEYS)
  const { scenario, ...rest } = data as Readonly<Record<string, never>> // every key was looked at
  if (scenario === undefined) throw invalid('there is no scenario in it: the name of one that ships, or a file')
  return defineScenario({ ...rest, name, basis: await find(scenario) })
}
