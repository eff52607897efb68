// `npm start -- [PATH] [--json]`: sets itself up in a fresh clone, then shows the main job (examples/share).
// Only Node's own modules are used here, since there may be no others yet.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildIsStale } from './build-state.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const NODE_NEEDED = [20, 12]

const say = (text) => process.stderr.write(`${text}\n`)

const nodeIsOldEnough = () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor >= NODE_NEEDED[1])
}

/** The first package of the lock file that is not there in its version; undefined where all are. */
const lackingPackage = () => {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'))
  for (const [place, { version, optional, link }] of Object.entries(packages)) {
    if (place === '' || optional || link) continue
    try {
      const manifest = JSON.parse(readFileSync(path.join(root, place, 'package.json'), 'utf8'))
      if (manifest.version !== version) return place
    } catch {
      return place
    }
  }
  return undefined
}

/** Runs a command whose words are no part of what this one prints on stdout. */
const run = (command, args) => {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    // On Windows npm is a script of the shell.
    shell: process.platform === 'win32' && command === 'npm',
  })
  if (status === 0) return
  say(`\`${command} ${args.join(' ')}\` failed${error === undefined ? ` with ${status}` : `: ${error.message}`}.`)
  process.exit(1)
}

const install = () => {
  const args = ['install', '--no-audit', '--no-fund']
  const npm = process.env.npm_execpath
  if (npm !== undefined && /npm-cli\.c?js$/.test(npm)) run(process.execPath, [npm, ...args])
  else run('npm', args)
}

if (!nodeIsOldEnough()) {
  say(`Torrewind needs Node ${NODE_NEEDED.join('.')} or newer; this is ${process.versions.node}.`)
  process.exit(1)
}
const lacking = lackingPackage()
if (lacking !== undefined) {
  say(`Installing what package-lock.json names (${lacking} is not there) ...`)
  install()
}
if (buildIsStale(root)) {
  say('Building ...')
  run(process.execPath, ['scripts/build.mjs'])
}
const { register } = await import('tsx/esm/api')
register()
await import('../examples/share/main.ts')
