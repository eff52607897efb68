/** What a file of the built package loads: the sources that went into it, and into all that it imports at once. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'

/** How the build writes imports of its own files; those of `import()` stand within a line. */
const IMPORTED = /^(?:\} from|import) "(\.{1,2}\/[^"]+)";$/gm

const addSources = async (file: string, loaded: Set<string>, root: string): Promise<void> => {
  const name = path.relative(root, file)
  if (loaded.has(name)) return
  loaded.add(name)
  const { sources } = JSON.parse(await readFile(`${file}.map`, 'utf8')) as { sources: string[] }
  for (const source of sources) loaded.add(path.relative(root, path.resolve(path.dirname(file), source)))
  for (const [, imported = ''] of (await readFile(file, 'utf8')).matchAll(IMPORTED))
    await addSources(path.resolve(path.dirname(file), imported), loaded, root)
}

/** Names of built files and of sources, from the package's folder. */
export const loadedWith = async (root: string, file: string): Promise<readonly string[]> => {
  const loaded = new Set<string>()
  await addSources(path.join(root, file), loaded, root)
  return [...loaded].map((name) => name.split(path.sep).join('/')).sort()
}
