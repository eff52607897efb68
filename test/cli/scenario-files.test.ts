/** Scenario files: what can be loaded, what it finds when it is, and what is said of those that cannot. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { simulate } from '../../simulations/index.js'
import { loadScenario } from '../../src/cli/sim/load-scenario.js'
import { TorrewindError } from '../../src/errors.js'
import { cli, jsonLines, lastLine } from './run-cli.js'

const test = suite('scenario files')

/** Outside of any project: nothing but the command line itself can find the package. */
let folder = ''
test.before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'torrewind-scenario-'))
})
test.after(() => rm(folder, { recursive: true, force: true }))

const write = async (name: string, text: string): Promise<string> => {
  const file = path.join(folder, name)
  await writeFile(file, text)
  return file
}

const DEFINE = `import { defineScenario } from 'torrewind/simulations'\n`
const SMALL = '{ peers: 2, contentBytes: 500_000, pieceLength: 65_536 }'

test('scenario files: TypeScript runs, with what it imports from beside it, and its picker decides', async () => {
  await write(
    'policies.ts',
    `import type { PickerView } from 'torrewind/simulations'
    export enum Ends { Front, Back }
    export const asked: number[] = []
    export const from = (end: Ends) => ({ pieces }: PickerView): readonly number[] => {
      asked.push(...pieces)
      return end === Ends.Back ? pieces.reverse() : pieces
    }`,
  )
  const file = await write(
    'own.ts',
    `${DEFINE}import { asked, Ends, from } from './policies.js'
    import { readFile } from 'node:fs/promises'
    interface Own { readonly peers: number }
    const own = { ...${SMALL}, peers: 3 } satisfies Own
    if ((await readFile(new URL(import.meta.url))).length === 0) throw new Error('it is not itself')
    export { asked }
    export default defineScenario({ name: 'own', settings: own, picker: from(Ends.Back) })`,
  )
  const scenario = await loadScenario(file)
  assert.is(scenario.name, 'own')
  const result = await simulate(scenario)
  assert.equal([result.completed, result.violations.length], [3, 0])
  assert.not.equal(
    result.hash,
    (await simulate('flash-crowd', { settings: { peers: 3, contentBytes: 500_000, pieceLength: 65_536 } })).hash,
  )
})

const KINDS: Readonly<Record<string, string>> = {
  'own.mts': `${DEFINE}const name: string = 'own'\nexport default defineScenario({ name })`,
  'own.js': `${DEFINE}export default defineScenario({ name: 'own' })`,
  'own.mjs': `${DEFINE}export default defineScenario({ name: 'own' })`,
  'own.cjs': `module.exports = { ...require('./base.json'), defaults: {}, run: async () => ({}) }`,
}
for (const [name, text] of Object.entries(KINDS))
  test(`scenario files: ${path.extname(name)} can be loaded`, async () => {
    await write('base.json', '{ "name": "own" }')
    assert.is((await loadScenario(await write(name, text))).name, 'own')
  })

const WRONG: Readonly<Record<string, readonly [text: string | undefined, code: string, says: RegExp]>> = {
  'missing.ts': [undefined, 'SCENARIO_INVALID', /^there is no file .*missing\.ts$/],
  'other.txt': ['', 'SCENARIO_INVALID', /ends in one of \.ts, /],
  'syntax.ts': [
    'const a = 1\nimport {\nexport default',
    'SCENARIO_INVALID',
    /syntax\.ts cannot be loaded: ParseError.*:3:0$/,
  ],
  'none.ts': ['export const scenario = 1', 'SCENARIO_INVALID', /it has no default export/],
  'number.ts': ['export default 3', 'SCENARIO_INVALID', /its default export is of type number/],
  'definition.ts': [
    `export default { name: 'x' }`,
    'SCENARIO_INVALID',
    /of type object, and not what `defineScenario` ret/,
  ],
  'throws.ts': [
    `\nthrow new Error('not today')`,
    'SCENARIO_INVALID',
    /cannot be loaded: not today, at .*throws\.ts:2:/,
  ],
  'gone.ts': [`import './nobody.js'\nexport default 1`, 'SCENARIO_INVALID', /Cannot find module '\.\/nobody\.js'$/],
  'syntax.json': ['{ "scenario": ', 'SCENARIO_INVALID', /syntax\.json cannot be loaded: .*JSON/],
  'list.json': ['[]', 'OPTION_INVALID', /must be an object, and not of type list/],
  'key.json': [
    '{ "scenario": "flash-crowd", "sead": 1 }',
    'OPTION_INVALID',
    /there is no sead in a scenario; there are: /,
  ],
  'nothing.json': ['{}', 'OPTION_INVALID', /there is no scenario in it/],
  'fault.json': [
    '{ "scenario": "flash-crowd", "faults": [{ "kind": "nap" }] }',
    'SCENARIO_INVALID',
    /fault\.json: fault 0: there is no kind "nap"/,
  ],
  'unknown.ts': [
    `${DEFINE}export default defineScenario({ name: 'x', settings: { peer: 3 } })`,
    'OPTION_INVALID',
    /unknown\.ts: there is no setting peer; there are: peers, /,
  ],
}
for (const [name, [text, code, says]] of Object.entries(WRONG))
  test(`scenario files: ${name} is refused, and it is said why`, async () => {
    const file = text === undefined ? path.join(folder, name) : await write(name, text)
    const error = await loadScenario(file).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    assert.instance(error, TorrewindError)
    assert.is((error as TorrewindError).code, code)
    assert.match((error as TorrewindError).message, says)
    // It is refused the second time, too.
    assert.is(
      await loadScenario(file).then(
        () => 'loaded',
        () => 'refused',
      ),
      'refused',
    )
  })

test('scenario files: data is a scenario, with its seed and its faults', async () => {
  const fault = { kind: 'crash', how: 'power', node: 3, atSeconds: 2, forSeconds: 3 }
  const data = { scenario: 'everything-at-once', summary: 'a crash', seed: 12, settings: { peers: 2 }, faults: [fault] }
  const scenario = await loadScenario(await write('A crash_1.json', JSON.stringify(data)))
  assert.equal([scenario.name, scenario.seed, scenario.defaults.peers], ['a-crash-1', 12, 2])
  const settings = { contentBytes: 300_000, faultSeconds: 20 }
  const { seed, faults } = await simulate(scenario, { settings })
  assert.equal([seed, faults], [12, [fault]])
  const small = { ...data, settings: { ...data.settings, ...settings } }
  const ended = await cli('sim', await write('small.json', JSON.stringify(small)), '--json')
  assert.is(ended.code, 0)
  assert.is(jsonLines(ended.stdout).find(({ type }) => type === 'run')?.seed, 12)
})

test('scenario files: data may change a scenario of another file', async () => {
  await write(
    'backwards.ts',
    `${DEFINE}export default defineScenario({ name: 'backwards', settings: ${SMALL}, picker: ({ pieces }) => pieces.sort((left, right) => right - left) })`,
  )
  const changed = await loadScenario(
    await write('changed.json', '{ "scenario": "./backwards.ts", "seed": 4, "settings": { "peers": 1 } }'),
  )
  assert.equal([changed.seed, changed.defaults.peers, changed.defaults.contentBytes], [4, 1, 500_000])
  const backwards = await loadScenario(path.join(folder, 'backwards.ts'))
  assert.is((await simulate(changed)).hash, (await simulate(backwards, { seed: 4, settings: { peers: 1 } })).hash)
  const itself = await write('itself.json', '{ "scenario": "./itself.json" }')
  assert.match(
    String(await loadScenario(itself).catch((error: unknown) => error)),
    /a scenario file ends in one of \.ts/,
  )
})

test('scenario files: a folder is none', async () => {
  const error = await loadScenario(folder).catch((reason: unknown) => reason)
  assert.match((error as TorrewindError).message, /is no file$/)
})

test('scenario files: the command runs one, and keeps what was finished where its picker fails', async () => {
  const file = await write(
    'late.ts',
    `${DEFINE}let runs = 0
    let last = Infinity
    export default defineScenario({
      name: 'late',
      settings: ${SMALL},
      picker: ({ pieces, seconds }) => {
        if (seconds < last) runs++
        last = seconds
        return runs > 2 ? [-1] : pieces
      },
    })`,
  )
  const ended = await cli('sim', file, '--seeds', '1..9', '--workers', '0', '--json')
  assert.is(ended.code, 1)
  const runs = jsonLines(ended.stdout).filter(({ type }) => type === 'run')
  assert.equal(
    runs.map(({ seed, completed }) => [seed, completed]),
    [
      [1, 2],
      [2, 2],
    ],
  )
  const error = lastLine(ended)
  assert.is(error.code, 'STRATEGY_INVALID')
  assert.match(String(error.message), /of seed 3 the picker gave -1, and pieces are whole numbers from 0 to 7/)
})

test('scenario files: the command says what is wrong with one, and with an empty range of seeds', async () => {
  const file = await write('nothing.mjs', 'export default undefined')
  const [none, range] = await Promise.all([
    cli('sim', file, '--json'),
    cli('sim', 'flash-crowd', '--seeds', '5..4', '--json'),
  ])
  assert.equal([none.code, lastLine(none).code], [1, 'SCENARIO_INVALID'])
  assert.equal([range.code, lastLine(range).code], [2, 'OPTION_INVALID'])
})

test.run()
