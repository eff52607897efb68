/** Copies of the sources with a change in one place: an engine with a bug, and nothing in the real one that makes it possible. */
import { pathToFileURL } from 'node:url'
import { bundle } from '../../bundle.js'
import type { Mutant } from './mutants.js'

type Simulations = typeof import('../../../simulations/index.js')

/** The simulator with a mutant's engine. */
export const mutated = async ({ file, from, to }: Mutant): Promise<Simulations> => {
  let isChanged = false
  const edit = (text: string): string => {
    const parts = text.split(from)
    if (parts.length !== 2) throw new Error(`${JSON.stringify(from)} is ${parts.length - 1} times in ${file}, not once`)
    isChanged = true
    return parts.join(to)
  }
  const copy = await bundle('simulations/index.ts', { file, edit })
  if (!isChanged) throw new Error(`${file} is no part of the simulator`)
  return (await import(pathToFileURL(copy).href)) as Simulations
}
