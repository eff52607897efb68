/** The package's own files, which lie at the same place for the sources and for what is built from them. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The code that runs may be part of any file in `dist`, so it looks upwards for where the package begins. */
const rootFrom = (folder: string): string => {
  if (existsSync(path.join(folder, 'package.json'))) return folder
  const above = path.dirname(folder)
  if (above === folder) throw new Error('no package.json lies above the code of Torrewind')
  return rootFrom(above)
}

let root: string | undefined

/** Where a file of the package is; `name` has slashes and starts from where the package.json lies. */
export const packageFile = (name: string): string => {
  root ??= rootFrom(path.dirname(fileURLToPath(import.meta.url)))
  return path.join(root, name)
}
