/** The house rules that a program can check: directions of imports, cycles, dead files, the machine, tests that run, the lock. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  cycles,
  deadFiles,
  machineUses,
  type Sources,
  timedOperators,
  unevenMath,
  unrunTests,
  wrongDirections,
} from './tidy/checks.js'
import { type LockedPackages, unlockedPackages } from './tidy/lock.js'

const root = fileURLToPath(new URL('..', import.meta.url))

const read = (folder: string, ending: string): [string, string][] =>
  readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => [path.relative(root, file).split(path.sep).join('/'), readFileSync(file, 'utf8')])

/** Every source that is shipped. */
const shipped: Sources = new Map(['src', 'tracker', 'simulations'].flatMap((folder) => read(folder, '.ts')))
const tests: Sources = new Map(read('test', '.test.ts'))

/** Files that are started by their path in a thread of their own, so that no import leads to them. */
const WORKERS: readonly string[] = ['src/cli/sim/thread.ts', 'tracker/reading-thread.ts']

/** What package.json lets others import and run. */
const entries = (): string[] => {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    bin: Record<string, string>
    exports: Record<string, string | { default: string }>
  }
  const built = [
    ...Object.values(manifest.bin),
    ...Object.values(manifest.exports).map((target) => (typeof target === 'string' ? target : target.default)),
  ]
  const sources = built.filter((file) => file.endsWith('.js')).map((file) => file.replace(/^(\.\/)?dist\//, ''))
  return sources.map((file) => file.replace(/\.js$/, '.ts'))
}

/** What package-lock.json has npm install, on any system. */
const locked = (): LockedPackages => {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as { packages: LockedPackages }
  return lock.packages
}

const SHOWN = 20

const nothing = (wrong: readonly string[]): void => {
  if (wrong.length === 0) return
  const more = wrong.length > SHOWN ? [`and ${wrong.length - SHOWN} more`] : []
  const error = new Error(['against the house rules:', ...wrong.slice(0, SHOWN), ...more].join('\n    '))
  // The place is not in this file, and the runner would show the message once more with it.
  error.stack = ''
  throw error
}

test('tidy: imports go one way through the rooms', () => nothing(wrongDirections(shipped)))
test('tidy: no file imports itself in a circle', () => nothing(cycles(shipped)))
test('tidy: every source is reached from an entry of the package', () =>
  nothing(deadFiles(shipped, [...entries(), ...WORKERS])))
test('tidy: only the rooms at the rim touch clocks, chance, timers, the process and Node', () =>
  nothing(machineUses(shipped)))
test('tidy: no arithmetic of a run depends on the version of Node', () => nothing(unevenMath(shipped)))
test('tidy: RxJS does nothing with time outside the rim', () => nothing(timedOperators(shipped)))
test('tidy: every test file ends in test.run()', () => nothing(unrunTests(tests)))
test('tidy: package-lock.json has the packages of every system', () => nothing(unlockedPackages(locked())))
test('tidy: there is something to check', () => {
  assert.ok(shipped.size > 20)
  assert.ok(tests.size > 10)
  assert.ok(Object.values(locked()).some(({ optionalDependencies }) => optionalDependencies !== undefined))
})

test.run()
