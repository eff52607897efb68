/** The peers that come from npm, in a folder of their own that has nothing to do with the project's dependencies. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const WANTED = fileURLToPath(new URL('./npm', import.meta.url))
export const NPM_PEERS = fileURLToPath(new URL('../../.cache/interop-npm', import.meta.url))
const INSTALL_BOUND_MS = 180_000

const install = (): string | undefined => {
  const wanted = readFileSync(path.join(WANTED, 'package.json'), 'utf8')
  const stamp = path.join(NPM_PEERS, 'installed.json')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return undefined
  console.log('interop: installing WebTorrent and bittorrent-tracker into .cache/interop-npm')
  rmSync(NPM_PEERS, { recursive: true, force: true })
  mkdirSync(NPM_PEERS, { recursive: true })
  cpSync(WANTED, NPM_PEERS, { recursive: true })
  // Install scripts would fetch binaries from outside the registry, and TCP needs none of them.
  const args = ['install', '--ignore-scripts', '--omit=optional', '--no-package-lock', '--no-audit', '--no-fund']
  const { status, stderr, error } = spawnSync('npm', args, {
    cwd: NPM_PEERS,
    encoding: 'utf8',
    timeout: INSTALL_BOUND_MS,
  })
  if (status !== 0) return `npm install failed in .cache/interop-npm: ${error?.message ?? stderr.slice(-500)}`
  writeFileSync(stamp, wanted)
  return undefined
}

let reason: string | null | undefined

/** Why the peers from npm cannot be used here; undefined where they can. Installs them on the first use. */
export const npmPeersUnavailable = (): string | undefined => {
  if (reason === undefined) reason = install() ?? null
  return reason ?? undefined
}
