/**
 * Builds a script of `children/` and what it imports, so that a process of it starts in a fraction of the time: a test that
 * starts many spends most of its own on reading TypeScript otherwise.
 */
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

export interface BuiltChild {
  /** A URL, as `runChild` takes it. */
  readonly script: string
  remove(): Promise<void>
}

/** `name` is that of the script without its ending. */
export const buildChild = async (name: string): Promise<BuiltChild> => {
  const cache = join(root, '.cache') // within the project, where its dependencies are found
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'children-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  const source = join(root, 'test', 'engine', 'children', `${name}.ts`)
  // Checked already, with everything else.
  const compilerOptions = { rootDir: root, outDir: folder, noCheck: true, declaration: false, declarationMap: false }
  const project = { extends: join(root, 'tsconfig.json'), compilerOptions, files: [source], include: [] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project))
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
  if (status !== 0) {
    await remove()
    throw new Error(`${name} could not be built: ${stdout}`)
  }
  const built = join(folder, 'test', 'engine', 'children', `${name}.js`)
  return { script: pathToFileURL(built).href, remove }
}
