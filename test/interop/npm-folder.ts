/** Packages from npm that tests run against, in a folder of their own that has nothing to do with the project's dependencies. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url))
const INSTALL_BOUND_MS = 180_000

export interface Wanted {
  /** Of the folder. */
  readonly name: string
  /** What people call them. */
  readonly packages: string
  /** The text of a package.json. */
  readonly manifest: string
  /** What shall lie beside it: called with the folder, before npm is. */
  readonly prepare?: (folder: string) => void
}

export interface NpmFolder {
  readonly folder: string
  /** Why its packages cannot be used here; undefined where they can. Installs them on the first use. */
  readonly unavailable: () => string | undefined
}

const install = (folder: string, { name, packages, manifest, prepare }: Wanted): string | undefined => {
  const stamp = path.join(folder, 'installed.json')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === manifest) return undefined
  console.log(`interop: installing ${packages} into .cache/${name}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  prepare?.(folder)
  writeFileSync(path.join(folder, 'package.json'), manifest)
  // Install scripts would fetch binaries from outside the registry, and none of them is needed.
  const args = ['install', '--ignore-scripts', '--omit=optional', '--no-package-lock', '--no-audit', '--no-fund']
  const { status, stderr, error } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', timeout: INSTALL_BOUND_MS })
  if (status !== 0) return `npm install failed in .cache/${name}: ${error?.message ?? stderr.slice(-500)}`
  writeFileSync(stamp, manifest)
  return undefined
}

export const npmFolder = (wanted: Wanted): NpmFolder => {
  const folder = path.join(CACHE, wanted.name)
  let reason: string | null | undefined
  const unavailable = (): string | undefined => {
    if (reason === undefined) reason = install(folder, wanted) ?? null
    return reason ?? undefined
  }
  return { folder, unavailable }
}
