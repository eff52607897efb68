/** Packages from npm that tests run against, in a folder of their own that has nothing to do with the project's dependencies. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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

const STAMP = 'installed.json'

const isInstalled = (folder: string, manifest: string): boolean => {
  const stamp = path.join(folder, STAMP)
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === manifest
}

/** Tests of other files may install the same at the same time: whoever is first puts it there, whole. */
const putInPlace = (own: string, folder: string, manifest: string): void => {
  try {
    renameSync(own, folder)
  } catch {
    if (!isInstalled(folder, manifest)) {
      rmSync(folder, { recursive: true, force: true })
      renameSync(own, folder)
    }
    rmSync(own, { recursive: true, force: true })
  }
}

const install = (folder: string, { name, packages, manifest, prepare }: Wanted): string | undefined => {
  if (isInstalled(folder, manifest)) return undefined
  console.log(`interop: installing ${packages} into .cache/${name}`)
  const own = `${folder}-of-${process.pid}`
  rmSync(own, { recursive: true, force: true })
  mkdirSync(own, { recursive: true })
  prepare?.(own)
  writeFileSync(path.join(own, 'package.json'), manifest)
  // Install scripts would fetch binaries from outside the registry, and none of them is needed.
  const args = ['install', '--ignore-scripts', '--omit=optional', '--no-package-lock', '--no-audit', '--no-fund']
  const { status, stderr, error } = spawnSync('npm', args, { cwd: own, encoding: 'utf8', timeout: INSTALL_BOUND_MS })
  if (status !== 0) return `npm install failed in .cache/${name}: ${error?.message ?? stderr.slice(-500)}`
  writeFileSync(path.join(own, STAMP), manifest)
  putInPlace(own, folder, manifest)
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
