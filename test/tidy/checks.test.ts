/** The checks of the house rules, shown to fail on made-up sources. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  cycles,
  deadFiles,
  machineUses,
  resolveImport,
  timedOperators,
  unevenMath,
  unrunTests,
  wrongDirections,
} from './checks.js'

const sources = (files: Record<string, string>): Map<string, string> => new Map(Object.entries(files))
const one = (file: string, text: string): Map<string, string> => sources({ [file]: text })

test('directions: an import up the house is named, one down it is not', () => {
  const found = wrongDirections(
    sources({
      'src/values.ts': '',
      'src/wire/bencode.ts': `import { a } from '../values.js'\nimport { b } from '../events/codec.js'`,
      'src/events/codec.ts': `import { a } from '../wire/bencode.js'`,
    }),
  )
  assert.equal(found, ['src/wire/bencode.ts (wire) imports src/events/codec.ts (events)'])
})

test('directions: types, re-exports, bare and dynamic imports count', () => {
  for (const text of [
    `import type { A } from '../store/log.js'`,
    `import { type A } from "../store/log.js"`,
    `import * as log from '../store/log.js'`,
    `import log from '../store/log.js'`,
    `export { A } from '../store/log.js'`,
    `export type { A } from '../store/log.js'`,
    `export * from '../store/log.js'`,
    `export * as log from '../store/log.js'`,
    `import '../store/log.js'`,
    `const log = await import('../store/log.js')`,
    `new Worker(new URL('../store/log.js', import.meta.url))`,
    `export const a = 1\nimport { A } from '../store/log.js'`,
    `import {\n  A,\n  B,\n} from '../store/log.js'`,
  ]) {
    const found = wrongDirections(sources({ 'src/actors/peer.ts': text, 'src/store/log.ts': '' }))
    assert.equal(found, ['src/actors/peer.ts (actors) imports src/store/log.ts (store)'], text)
  }
})

test('directions: actors import no port and no node, the tracker no actors, and node only ports', () => {
  const found = wrongDirections(
    sources({
      'src/ports.ts': '',
      'src/node/disk.ts': `import { a } from '../engine.js'`,
      'src/engine.ts': '',
      'src/actors/peer.ts': `import { a } from '../ports.js'\nimport { b } from '../node/disk.js'`,
      'tracker/swarm.ts': `import { a } from '../src/actors/peer.js'`,
    }),
  )
  assert.equal(found, [
    'src/node/disk.ts (node) imports src/engine.ts (engine)',
    'src/actors/peer.ts (actors) imports src/ports.ts (ports)',
    'src/actors/peer.ts (actors) imports src/node/disk.ts (node)',
    'tracker/swarm.ts (tracker) imports src/actors/peer.ts (actors)',
  ])
})

test('directions: a machine is below the events, the rest of the actors is above them', () => {
  const files = { 'src/actors/peer.machine.ts': '', 'src/actors/step.ts': '', 'src/actors/peer.ts': '' }
  const text = Object.keys(files).map((file) => `import '../actors/${file.slice(11, -3)}.js'`)
  assert.equal(wrongDirections(sources({ ...files, 'src/events/evolve.ts': text.join('\n') })), [
    'src/events/evolve.ts (events) imports src/actors/peer.ts (actors)',
  ])
})

test('directions: a file in no room, and an import of nothing, are named', () => {
  assert.equal(wrongDirections(one('src/helpers.ts', '')), [
    'src/helpers.ts is in no room: give it one in test/tidy/rooms.ts',
  ])
  assert.equal(wrongDirections(one('src/wire/a.ts', `import './b.js'`)), [
    'src/wire/a.ts imports src/wire/b.ts, which is not there',
  ])
})

test('directions: what stands in a comment or a text is no import', () => {
  const text = `// import { a } from '../store/log.js'\n/* import '../store/log.js' */\nconst x = "import '../store/log.js'"`
  assert.equal(wrongDirections(sources({ 'src/actors/peer.ts': text, 'src/store/log.ts': '' })), [])
})

test('cycles: a circle of any length is found once, and a diamond is none', () => {
  const circle = { 'src/a.ts': `import './b.js'`, 'src/b.ts': `import './c.js'`, 'src/c.ts': `import './a.js'` }
  assert.equal(cycles(sources(circle)), ['src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts'])
  assert.equal(cycles(one('src/a.ts', `import './a.js'`)), ['src/a.ts -> src/a.ts'])
  const diamond = {
    'src/a.ts': `import './b.js'\nimport './c.js'`,
    'src/b.ts': `import './d.js'`,
    'src/c.ts': `import './d.js'`,
    'src/d.ts': '',
  }
  assert.equal(cycles(sources(diamond)), [])
})

test('dead files: what no entry reaches, over any number of steps, is named', () => {
  const files = sources({
    'src/index.ts': `export * from './a.js'`,
    'src/a.ts': `const b = import('./b.js')`,
    'src/b.ts': '',
    'src/old.ts': `import './older.js'`,
    'src/older.ts': '',
  })
  assert.equal(deadFiles(files, ['src/index.ts']), [
    'src/old.ts is reached from no entry',
    'src/older.ts is reached from no entry',
  ])
  assert.equal(deadFiles(files, ['src/index.ts', 'src/old.ts', 'src/main.ts']), ['the entry src/main.ts is not there'])
})

test('machine: clocks, chance, timers, the process, the console and Node stay at the rim', () => {
  for (const [text, used] of [
    ['const now = Date.now()', 'uses Date'],
    ['const at = new Date(0)', 'uses Date'],
    ['performance.now()', 'uses performance'],
    ['const { now } = performance', 'uses performance'],
    ['Math.random()', 'uses Math.random'],
    ['const roll = Math\n  .random', 'uses Math.random'],
    ['setTimeout(work, 10)', 'uses setTimeout'],
    ['setInterval(work, 10)', 'uses setInterval'],
    ['setImmediate(work)', 'uses setImmediate'],
    ['process.exit(1)', 'uses process'],
    ['console.log(1)', 'uses console'],
    [`const text = \`at \${Date.now()}\``, 'uses Date'],
    ['const half = bytes / 2; Date.now() / 1000', 'uses Date'],
    [`import fs from 'node:fs'`, 'imports default from node:fs'],
    [`import type { Socket } from 'node:net'`, 'imports Socket from node:net'],
    [`import { createHash, randomBytes } from 'node:crypto'`, 'imports createHash, randomBytes from node:crypto'],
    [`import * as crypto from 'node:crypto'`, 'imports * from node:crypto'],
  ] as const) {
    assert.equal(machineUses(one('src/actors/peer.ts', text)), [`src/actors/peer.ts ${used}`], text)
    assert.equal(machineUses(one('src/node/clock.ts', text)), [], text)
    assert.equal(machineUses(one('src/cli/main.ts', text)), [], text)
    assert.equal(machineUses(one('tracker/http.ts', text)), [], text)
    assert.equal(machineUses(one('tracker/swarm.ts', text)).length, 1, text)
  }
})

test('machine: hashing is free, and words in comments, texts and members mean nothing', () => {
  for (const text of [
    `import { createHash } from 'node:crypto'`,
    '// Date.now() is banned here',
    '/** No console, no process. */',
    `const text = 'Date.now() and setTimeout'`,
    'const text = `process and console`',
    'const pattern = /Date|process/g',
    'const isText = value.replace(/["\'`]/g, "")\nconst more = "console.log"',
    'actor.process(1)',
    'const table = { process: 1, console: 2 }',
    'const updateDate = dateOf(processed)',
  ]) {
    assert.equal(machineUses(one('src/actors/peer.ts', text)), [], text)
  }
})

test('machine: code after texts with tricky ends is still read', () => {
  for (const before of [
    `const a = 'it\\'s'`,
    `const a = \`\${b ? \`\${c}\` : "}"}\``,
    'const a = /[/]\\//.test(b)',
    'const a = b / c / d',
    '/* one */ // two',
    `const a = "//"`,
    `const a = \`\${{ b: { c: 1 } }.b.c}\``,
  ]) {
    assert.equal(
      machineUses(one('src/actors/peer.ts', `${before}\nDate.now()`)),
      ['src/actors/peer.ts uses Date'],
      before,
    )
  }
})

test('rxjs: operators of time are named, the others are not', () => {
  const found = timedOperators(
    sources({
      'src/actors/bus.ts': `import { Subject, delay, filter } from 'rxjs'`,
      'src/events/streams.ts': `import { debounceTime } from 'rxjs/operators'`,
      'src/store/log.ts': `import * as rxjs from 'rxjs'`,
      'src/transfer.ts': `import { throttleTime as calm } from 'rxjs'`,
      'src/driver.ts': `import { Subject, map } from 'rxjs'`,
      'src/cli/bars.ts': `import { throttleTime } from 'rxjs'`,
    }),
  )
  assert.equal(found, [
    'src/actors/bus.ts imports delay from rxjs',
    'src/events/streams.ts imports debounceTime from rxjs/operators',
    'src/store/log.ts imports * from rxjs',
    'src/transfer.ts imports throttleTime from rxjs',
  ])
})

test('arithmetic: powers and sines are named, but not what is exact, and not what a user is shown', () => {
  const found = unevenMath(
    sources({
      'simulations/churn.ts': 'const a = Math.exp(Math.log(b) * c) // not b ** c, nor Math.pow',
      'simulations/world.ts': 'const a = Math.sin(b) + Math.log(c) + 2 ** d + (e - f) ** 2',
      'src/events/tries.ts': 'const a = first * 1.5 ** tries',
      'src/actors/choker.ts': 'const a = rate ** 0.5\nrate **= 2',
      'src/cli/format.ts': 'const a = Math.log10(b) + 1_000 ** c',
    }),
  )
  assert.equal(found, [
    'simulations/world.ts uses Math.sin',
    'src/events/tries.ts raises to a power',
    'src/actors/choker.ts raises to a power',
  ])
})

test('tests: a file whose suite never runs is named', () => {
  const uvu = `import { suite, test } from 'uvu'\n`
  assert.equal(unrunTests(one('test/a.test.ts', `${uvu}test('a', () => {})\n\ntest.run()\n`)), [])
  assert.equal(unrunTests(one('test/a.test.ts', `import { suite } from 'uvu'\nconst it = suite('a')\nit.run()`)), [])
  assert.equal(unrunTests(one('test/a.test.ts', `${uvu}test('a', () => {})\n// test.run()\n`)), [
    'test/a.test.ts never runs test',
    'test/a.test.ts does not end in test.run()',
  ])
  assert.equal(
    unrunTests(one('test/a.test.ts', `${uvu}const more = suite('more')\nmore('b', () => {})\ntest.run()\n`)),
    ['test/a.test.ts never runs more'],
  )
  assert.equal(unrunTests(one('test/a.test.ts', `${uvu}test.run()\ntest('too late', () => {})\n`)), [
    'test/a.test.ts does not end in test.run()',
  ])
})

test('imports: a specifier is a file of the project or a package', () => {
  assert.is(resolveImport('src/wire/a.ts', '../values.js'), 'src/values.ts')
  assert.is(resolveImport('tracker/a.ts', './b.js'), 'tracker/b.ts')
  assert.is(resolveImport('src/a.ts', 'rxjs'), undefined)
})

test.run()
