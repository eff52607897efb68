/** Copies of the sources with a change in one place: an engine with a bug, and nothing in the real one that makes it possible. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Mutant } from './mutants.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const COPIED = ['src', 'tracker', 'simulations', 'package.json'] as const

type Simulations = typeof import('../../../simulations/index.js')

const change = async (folder: string, { file, from, to }: Mutant): Promise<void> => {
  const place = path.join(folder, file)
  const text = await readFile(place, 'utf8')
  const parts = text.split(from)
  if (parts.length !== 2) throw new Error(`${JSON.stringify(from)} is ${parts.length - 1} times in ${file}, not once`)
  await writeFile(place, parts.join(to))
}

/** The simulator with a mutant's engine; undefined for one without a bug. */
export const withMutant = async <Value>(
  mutant: Mutant,
  use: (simulations: Simulations) => Promise<Value>,
): Promise<Value> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'torrewind-mutant-'))
  try {
    for (const name of COPIED) await cp(path.join(ROOT, name), path.join(folder, name), { recursive: true })
    await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'), 'junction')
    await change(folder, mutant)
    return await use((await import(pathToFileURL(path.join(folder, 'simulations/index.ts')).href)) as Simulations)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
