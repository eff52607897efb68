/** The checks: each takes sources and says in words what is wrong, so that it can be shown to fail. */
import path from 'node:path'
import { HASHING_NAMES, MACHINE_NAMES, roomOf, TIMED_OPERATORS, UNEVEN_MATH } from './rooms.js'
import { importsOf, stripped, usesOf } from './source.js'

/** Path of each file, relative to the project and with `/`, and its text. */
export type Sources = ReadonlyMap<string, string>

/** The file that a specifier means; undefined where it is a package. */
export const resolveImport = (from: string, specifier: string): string | undefined =>
  specifier.startsWith('.') ? path.posix.join(path.posix.dirname(from), specifier).replace(/\.js$/, '.ts') : undefined

const filesImported = (file: string, text: string): string[] => [
  ...new Set(importsOf(text).flatMap(({ specifier }) => resolveImport(file, specifier) ?? [])),
]

const graphOf = (sources: Sources): Map<string, string[]> =>
  new Map([...sources].map(([file, text]) => [file, filesImported(file, text)]))

/** Imports against the table of rooms, of files that are not there, and files that are in no room. */
export const wrongDirections = (sources: Sources): string[] => {
  const wrong: string[] = []
  for (const [file, targets] of graphOf(sources)) {
    const room = roomOf(file)
    if (room === undefined) {
      wrong.push(`${file} is in no room: give it one in test/tidy/rooms.ts`)
      continue
    }
    for (const target of targets) {
      const other = roomOf(target)
      if (!sources.has(target)) wrong.push(`${file} imports ${target}, which is not there`)
      else if (other === undefined || (other !== room && !room.from.includes(other.name))) {
        wrong.push(`${file} (${room.name}) imports ${target} (${other?.name ?? 'no room'})`)
      }
    }
  }
  return wrong
}

/** Files that import each other, over however many steps: each cycle once, from its first file in the alphabet. */
export const cycles = (sources: Sources): string[] => {
  const graph = graphOf(sources)
  const found = new Set<string>()
  const state = new Map<string, 'open' | 'done'>()
  const trail: string[] = []
  const visit = (file: string): void => {
    state.set(file, 'open')
    trail.push(file)
    for (const target of graph.get(file) ?? []) {
      if (state.get(target) === 'open') {
        const cycle = trail.slice(trail.indexOf(target))
        const first = cycle.indexOf([...cycle].sort()[0] ?? target)
        const turned = [...cycle.slice(first), ...cycle.slice(0, first)]
        found.add([...turned, turned[0]].join(' -> '))
      } else if (!state.has(target) && graph.has(target)) visit(target)
    }
    trail.pop()
    state.set(file, 'done')
  }
  for (const file of graph.keys()) if (!state.has(file)) visit(file)
  return [...found]
}

/** Files that no entry reaches, and entries that are not there. */
export const deadFiles = (sources: Sources, entries: readonly string[]): string[] => {
  const graph = graphOf(sources)
  const reached = new Set<string>()
  const left = [...entries]
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (reached.has(file)) continue
    reached.add(file)
    left.push(...(graph.get(file) ?? []))
  }
  const missing = entries.filter((entry) => !sources.has(entry)).map((entry) => `the entry ${entry} is not there`)
  const dead = [...sources.keys()]
    .filter((file) => !reached.has(file))
    .map((file) => `${file} is reached from no entry`)
  return [...missing, ...dead]
}

/** Clocks, chance, timers, the process, the console and Node's modules outside the rooms that touch the machine. */
export const machineUses = (sources: Sources): string[] => {
  const wrong: string[] = []
  for (const [file, text] of sources) {
    if (roomOf(file)?.machine === true) continue
    const code = stripped(text)
    for (const name of MACHINE_NAMES) if (usesOf(code, name)) wrong.push(`${file} uses ${name}`)
    for (const { specifier, names } of importsOf(text)) {
      if (!specifier.startsWith('node:')) continue
      const hashing = specifier === 'node:crypto' && names.every((name) => HASHING_NAMES.includes(name))
      if (!hashing) wrong.push(`${file} imports ${names.join(', ')} from ${specifier}`)
    }
  }
  return wrong
}

/** Squares and powers of two are exact, so they are the same everywhere; other powers are not. */
const POWER = /(?<!\b2 )\*\*(?! 2\b)/

/** Arithmetic that differs between versions of Node, outside the rooms that touch the machine. */
export const unevenMath = (sources: Sources): string[] => {
  const wrong: string[] = []
  for (const [file, text] of sources) {
    if (roomOf(file)?.machine === true) continue
    const code = stripped(text)
    for (const name of UNEVEN_MATH) if (usesOf(code, name)) wrong.push(`${file} uses ${name}`)
    if (POWER.test(code)) wrong.push(`${file} raises to a power`)
  }
  return wrong
}

/** What RxJS does with time, imported outside the rooms that touch the machine. */
export const timedOperators = (sources: Sources): string[] => {
  const wrong: string[] = []
  for (const [file, text] of sources) {
    if (roomOf(file)?.machine === true) continue
    for (const { specifier, names } of importsOf(text)) {
      if (specifier !== 'rxjs' && !specifier.startsWith('rxjs/')) continue
      const banned = names.filter((name) => name === '*' || name === 'default' || TIMED_OPERATORS.includes(name))
      if (banned.length > 0) wrong.push(`${file} imports ${banned.join(', ')} from ${specifier}`)
    }
  }
  return wrong
}

/** Test files that uvu passes silently, since a suite of theirs is never run or their last line is not a run. */
export const unrunTests = (sources: Sources): string[] => {
  const wrong: string[] = []
  for (const [file, text] of sources) {
    const code = stripped(text)
    const suites = [...code.matchAll(/\bconst\s+([\w$]+)\s*=\s*(?:suite|interopSuite)\b/g)].map(
      ([, name]) => name ?? '',
    )
    const imported = importsOf(text).some(({ specifier, names }) => specifier === 'uvu' && names.includes('test'))
    for (const name of imported ? ['test', ...suites] : suites) {
      if (!new RegExp(`^${name.replaceAll('$', '\\$')}\\.run\\(\\)`, 'm').test(code))
        wrong.push(`${file} never runs ${name}`)
    }
    if (!/(?:^|\n)[\w$]+\.run\(\)\s*$/.test(code)) wrong.push(`${file} does not end in test.run()`)
  }
  return wrong
}
