/** The documents say what is so: whatever of them a program can compare with the sources. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fillRegions } from '../scripts/docs/markdown.js'
import { PAGES } from '../scripts/docs/pages.js'
import * as simulations from '../simulations/index.js'
import type { CommandContext } from '../src/cli/context.js'
import { Terminal } from '../src/cli/terminal.js'
import { ERROR_CODES } from '../src/errors.js'
import { EVENT_TYPES } from '../src/events/vocabulary.js'
import * as torrewind from '../src/index.js'
import { LIMITS } from '../src/limits.js'
import * as replay from '../src/replay/index.js'
import { CATALOGUE_CODES } from '../tracker/catalogue-codes.js'
import * as tracker from '../tracker/index.js'
import { anchorsOf, codeBlocks, codeInFirstCells, linksOf, sectionOf } from './docs/markdown.js'

const test = suite('docs')
const ROOT = fileURLToPath(new URL('..', import.meta.url))

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')
const README = read('README.md')
const MANUAL = read('docs/MANUAL.md')
const ARCHITECTURE = read('ARCHITECTURE.md')
const PAGE_NAMES = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'],
  ...readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`),
]

const section = (page: string, title: string): string => {
  const found = sectionOf(page, title)
  if (found === undefined) throw new Error(`there is no section ${title}`)
  return found
}

const sourcesBelow = (folder: string): readonly string[] =>
  readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))

test('docs: pages and tables that are made from sources are current (npm run docs)', () => {
  for (const [name, make] of Object.entries(PAGES)) {
    const page = read(name)
    assert.ok(make(page) === page, `${name} is not current: run \`npm run docs\``)
  }
})

test('docs: a region is filled and nothing beside it, and one that is not there is an error', () => {
  const page = 'a\n<!-- made by npm run docs: x -->\nold\n<!-- end of x -->\nb\n'
  const filled = fillRegions(page, { x: 'new' })
  assert.is(filled, 'a\n<!-- made by npm run docs: x -->\n\nnew\n\n<!-- end of x -->\nb\n')
  assert.is(fillRegions(filled, { x: 'new' }), filled)
  assert.throws(() => fillRegions(page, { y: 'new' }), /the region y/)
})

test('docs: every code of the catalogue is in its page with its status, and no other', () => {
  const rows = section(read('docs/TRACKER.md'), 'Codes').matchAll(/^\| (`[^|]*`) \| (\d+) \|/gm)
  const listed = [...rows].flatMap(([, codes = '', status]) =>
    [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => `${code} ${status}`),
  )
  const all = Object.entries(CATALOGUE_CODES).map(([code, status]) => `${code} ${status}`)
  assert.equal([...listed].sort(), [...all].sort())
})

test('docs: every error code is in the manual once, and no other', () => {
  const listed = codeInFirstCells(section(MANUAL, 'Error codes'))
  assert.equal([...listed].sort(), Object.keys(ERROR_CODES).sort())
})

test('docs: the README says how many kinds of event there are', () => {
  assert.match(README, `[${EVENT_TYPES.length} kinds](docs/EVENTS.md)`)
})

test('docs: the README has its two lines, each alone in its block', () => {
  const blocks = codeBlocks(README, 'sh').map((block) => block.trim())
  assert.ok(blocks.includes('npm start'))
  assert.ok(blocks.includes('npm it'))
})

test('docs: every link leads to a file that is there, and to a heading of it', () => {
  let checked = 0
  for (const name of PAGE_NAMES) {
    for (const link of linksOf(read(name))) {
      if (/^https?:/.test(link)) continue
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? name : path.posix.join(path.posix.dirname(name), file)
      const found = statSync(path.join(ROOT, target), { throwIfNoEntry: false })
      assert.ok(found !== undefined, `${name} leads to ${target}`)
      if (anchor !== undefined) assert.ok(anchorsOf(read(target)).has(anchor), `${name} leads to ${link}`)
      checked++
    }
  }
  assert.ok(checked > 40)
})

/** The commands of the command line, made but not run. */
const commands = async (): Promise<readonly Command[]> => {
  const context = new Terminal([])
  const files = readdirSync(path.join(ROOT, 'src/cli')).filter((name) => name.endsWith('-command.ts'))
  return Promise.all(
    files.map(async (name) => {
      const file = pathToFileURL(path.join(ROOT, 'src/cli', name)).href
      const found = Object.values((await import(file)) as Record<string, (context: CommandContext) => Command>)
      const [make] = found.filter((value) => typeof value === 'function')
      if (make === undefined || found.length !== 1) throw new Error(`${name} does not export one command`)
      return make(context)
    }),
  )
}

const flagsOf = (command: Command): readonly string[] => [
  ...command.options.flatMap(({ long }) => long ?? []),
  ...command.commands.flatMap(flagsOf),
]

test('docs: every command has its section in the manual, with its flags and no others', async () => {
  const all = await commands()
  assert.ok(all.length > 5)
  for (const command of all) {
    const text = section(MANUAL, command.name())
    const documented = codeInFirstCells(text).flatMap((code) => /^--[a-z-]+/.exec(code)?.[0] ?? [])
    assert.equal([...new Set(documented)].sort(), [...new Set(flagsOf(command))].sort(), command.name())
    for (const child of command.commands) assert.match(text, `\`${command.name()} ${child.name()}\``)
    assert.match(read('CHANGELOG.md'), `\`${command.name()}`)
  }
})

test('docs: every name that the entry points export is in the manual', () => {
  const library = section(MANUAL, 'The library') + section(MANUAL, 'Simulations of your own')
  for (const name of [torrewind, replay, tracker, simulations].flatMap((entry) => Object.keys(entry))) {
    assert.ok(new RegExp(`\\b${name}\\b`).test(library), `${name} is not in the manual`)
  }
})

test('docs: every option, field and method of the library is in the manual', () => {
  const library = section(MANUAL, 'The library')
  const members = [...read('src/api.ts').matchAll(/^ {2}(?:readonly )?(\w+\$?)\??[:(]/gm)].map(([, name = '']) => name)
  assert.ok(members.length > 50)
  for (const name of members) {
    assert.ok(new RegExp(`\`${name.replace('$', '\\$')}[\`(]`).test(library), `${name} is not in the manual`)
  }
})

test('docs: every dependency has its reason, and nothing else has', () => {
  const { dependencies, peerDependencies } = JSON.parse(read('package.json')) as {
    dependencies: Record<string, string>
    peerDependencies: Record<string, string>
  }
  const listed = codeInFirstCells(section(ARCHITECTURE, 'Dependencies, and why'))
  assert.equal([...listed].sort(), Object.keys({ ...dependencies, ...peerDependencies }).sort())
})

test('docs: the walk of a block names only what is in the sources', () => {
  const sources = sourcesBelow('src').join('\n')
  const walk = section(ARCHITECTURE, 'One block of 16 KiB, all the way')
  const names = [...walk.matchAll(/`([A-Za-z]+(?:\.[a-zA-Z]+)?|[a-z]+(?:-[a-z]+)*)`/g)].map(([, name = '']) => name)
  assert.ok(names.length > 40)
  for (const name of names) {
    for (const part of name.split('.')) assert.ok(new RegExp(`(?<![\\w-])${part}(?![\\w-])`).test(sources), name)
  }
})

const count = (value: number): string => value.toLocaleString('en')
const MIB = 1_048_576
const seconds = (ms: number): string => `${ms / 1_000} seconds`

test('docs: bounds that stand in sentences are those of the limits', () => {
  const says: readonly (readonly [page: string, text: string])[] = [
    [ARCHITECTURE, `${count(LIMITS.logPendingEventsPause)} events that are not committed`],
    [ARCHITECTURE, `(${LIMITS.pieceBuffersBytesMax / MIB} MiB, or ${LIMITS.piecesInFlightMin} pieces)`],
    [ARCHITECTURE, `more than ${LIMITS.requestsServedMax} blocks`],
    [ARCHITECTURE, `blocks waits in a connection (${LIMITS.blocksInSocketMax} at most`],
    [ARCHITECTURE, `every ${count(LIMITS.checkpointEveryEvents)} events`],
    [ARCHITECTURE, `${LIMITS.checkpointsKept} are kept`],
    [ARCHITECTURE, `Up to ${LIMITS.logRecordEventsMax} events`],
    [ARCHITECTURE, `within ${LIMITS.logStoredDelayMs} ms\nwhere it is any other \`piece-stored\``],
    [ARCHITECTURE, `when ${LIMITS.logCommitRecords} records are full, or ${LIMITS.logCommitDelayMs} ms later`],
    [ARCHITECTURE, `synced every ${seconds(LIMITS.syncIntervalMs)}`],
    [MANUAL, `comes every ${seconds(LIMITS.syncIntervalMs)}`],
    [MANUAL, `${LIMITS.pieceBuffersBytesMax / MIB} MiB or ${LIMITS.piecesInFlightMin} pieces`],
    [MANUAL, `by default ${LIMITS.trackerIntervalSecondsDefault}; they are forgotten after two intervals`],
  ]
  for (const [page, text] of says) assert.match(page, text)
})

test('docs: nothing of one machine is in them', () => {
  for (const name of PAGE_NAMES) assert.not.match(read(name), /\/(home|root|work|tmp|Users)\//, name)
})

test.run()
