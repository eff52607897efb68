// Runs the tests: those of the code itself, or with the argument `interop` those against real clients. It counts what
// uvu says over all processes, names every failing test with the first lines of why, each begun with `failed: `, and ends
// with a line `N passed, N failed, N skipped`.
//   node scripts/test.mjs [interop] [FILTER]     FILTER is a part of the files' paths
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { buildIsStale } from './build-state.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const uvu = path.join(path.dirname(createRequire(import.meta.url).resolve('uvu')), '..', 'bin.js')
const [first, ...others] = process.argv.slice(2)
const interop = first === 'interop'
const filter = (interop ? others[0] : first) ?? ''
/** A process prints a dot for each test: one that is silent for as long hangs. */
const SILENCE_BOUND_MS = 120_000
const POLITE_MS = 5_000
const LINES_OF_A_FAILURE_MAX = 12
/** Of what a process printed that never counted: its file, its suite, and a dot for each test that had passed. */
const LAST_LINES = 4
const FILES_OF_A_PROCESS = 12
/** One more than processors, as many tests wait for a part of their time; none of them measures any. */
const LANES = availableParallelism() + 1
/** What takes longest comes first, so that no long one is left when all others are done. */
const FIRST = interop
  ? [
      'queue',
      'trackers',
      'node-versions',
      'transmission',
      'fetch',
      'qbittorrent',
      'port-mapping',
      'swarm',
      'resume',
      'websocket',
    ].map((name) => `interop/${name}.interop.test.ts`)
  : ['simulations', 'cli', 'engine', 'test', 'replay']

const slashed = (file) => file.split(path.sep).join('/')
const files = readdirSync(path.join(root, 'test'), { recursive: true })
  .map((file) => slashed(String(file)))
  .filter((file) => file.endsWith('.test.ts') && file.startsWith('interop/') === interop && file.includes(filter))
  .sort()

// Some files of a folder in each process for the tests of the code, for they are quick; one for each file against real
// clients, which has its own children and its own bounds.
const folderOf = (file) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : 'test')
const groups = new Map()
for (const file of files) {
  if (interop) groups.set(file, [file])
  else {
    const folder = folderOf(file)
    let part = 1
    while ((groups.get(`${folder} ${part}`)?.length ?? 0) === FILES_OF_A_PROCESS) part++
    const name = `${folder} ${part}`
    groups.set(name, [...(groups.get(name) ?? []), file])
  }
}

const numberAfter = (label, text) => {
  const found = [...text.matchAll(new RegExp(`^ *${label}: +(\\d+)`, 'gm'))].at(-1)
  return found === undefined ? undefined : Number(found[1])
}

/** The name of a failing test and the first lines of why it failed, from what follows uvu's `FAIL`. */
const reasonOf = (text) => {
  const [reason] = text.split(/\n\s*\n\s*\n|\n *Total:/)
  const lines = reason.split('\n').filter((line) => line.trim() !== '')
  // Of a difference, what both sides have says least.
  const telling = lines.length > LINES_OF_A_FAILURE_MAX ? lines.filter((line) => !/^ *··/.test(line)) : lines
  return telling.slice(0, LINES_OF_A_FAILURE_MAX)
}

/** What a process counted; one that ended without counting, or badly without saying which test, counts as a failure. */
const counted = (output, code) => {
  const text = stripVTControlCharacters(output)
  const [total, passed, skipped] = ['Total', 'Passed', 'Skipped'].map((label) => numberAfter(label, text))
  const failing = text
    .split(/^ +FAIL +/m)
    .slice(1)
    .map(reasonOf)
  if (total === undefined || passed === undefined || skipped === undefined) {
    const last = text.trimEnd().split('\n').slice(-LAST_LINES)
    const reason = [`it ended (${code}) before it had counted its tests, having printed at last`, ...last]
    return { passed: 0, failed: 1, skipped: 0, failing: [reason] }
  }
  const failed = total - passed
  if (code === 0 || failed > 0) return { passed, failed, skipped, failing }
  return { passed, failed: 1, skipped, failing: [[`it ended with ${code} after its tests`]] }
}

/** They take turns on the terminal: what a group prints is shown when it has ended. */
const run = (group) =>
  new Promise((resolve) => {
    const escaped = group.map((file) => file.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('/', '[\\\\/]'))
    const args = ['--import', 'tsx', uvu, 'test', `^(${escaped.join('|')})$`]
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let late = false
    let force
    const bound = setTimeout(() => {
      late = true
      child.kill('SIGTERM')
      force = setTimeout(() => child.kill('SIGKILL'), POLITE_MS)
    }, SILENCE_BOUND_MS)
    const take = (chunk) => {
      output += chunk
      bound.refresh()
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    child.on('close', (code, signal) => {
      clearTimeout(bound)
      clearTimeout(force)
      process.stdout.write(output)
      resolve(counted(output, late ? `stopped, as it was silent for ${SILENCE_BOUND_MS / 1000} s` : (code ?? signal)))
    })
  })

const sums = { passed: 0, failed: 0, skipped: 0 }
const failing = []
if (interop && buildIsStale(root)) {
  // The tests run what a user runs, so it must be what stands in the sources now.
  const { status } = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) {
    sums.failed++
    failing.push(['the build'])
  }
}

/** How long each group took, in seconds: what to look at when all of them take too long. */
const took = []
const rank = ([name]) => {
  const place = FIRST.indexOf(interop ? name : name.slice(0, name.lastIndexOf(' ')))
  return place < 0 ? FIRST.length : place
}
const left = [...groups].sort((one, other) => rank(one) - rank(other))
const lane = async () => {
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    const [name, group] = next
    const began = performance.now()
    const result = await run(group)
    took.push([name, (performance.now() - began) / 1_000])
    for (const kind of Object.keys(sums)) sums[kind] += result[kind]
    failing.push(...result.failing.map(([claim, ...why]) => [`${name}: ${claim}`, ...why]))
  }
}
await Promise.all(Array.from({ length: LANES }, lane))

took.sort(([, one], [, other]) => other - one)
console.log(`seconds: ${took.map(([name, seconds]) => `${name} ${seconds.toFixed(0)}`).join(', ')}`)
for (const lines of failing) for (const line of lines) console.log(`failed: ${line}`)
if (sums.passed + sums.failed === 0) console.log('no test was run')
console.log(`${sums.passed} passed, ${sums.failed} failed, ${sums.skipped} skipped`)
process.exitCode = sums.failed > 0 || sums.passed === 0 ? 1 : 0
