// Whether what was built is older than what it is built from. Only Node's own modules are used here.
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'

const BUILT = 'dist/src/cli/main.js'
const FOLDERS = ['src', 'tracker', 'simulations', 'ui']
const FILES = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs']

const newestBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((newest, entry) => Math.max(newest, statSync(path.join(entry.parentPath, entry.name)).mtimeMs), 0)

export const buildIsStale = (root) => {
  const built = path.join(root, BUILT)
  if (!existsSync(built)) return true
  const folders = FOLDERS.map((folder) => newestBelow(path.join(root, folder)))
  const files = FILES.map((file) => statSync(path.join(root, file)).mtimeMs)
  return statSync(built).mtimeMs < Math.max(...folders, ...files)
}
