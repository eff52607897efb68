// Compiles the sources into dist, with the scripts and styles of pages; what npm installs and packs.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
// Built beside and put in place whole, so that a command that runs meanwhile loses its files for a moment at most.
const fresh = `dist.${process.pid}`
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh], {
  stdio: 'inherit',
})
if (status !== 0) {
  rmSync(fresh, { recursive: true, force: true })
  process.exit(status ?? 1)
}
// What browsers run is taken as it is.
cpSync('ui', `${fresh}/ui`, { recursive: true, filter: (file) => !file.endsWith('.json') })
chmodSync(`${fresh}/src/cli/main.js`, 0o755)
rmSync('dist', { recursive: true, force: true })
renameSync(fresh, 'dist')
