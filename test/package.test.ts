/** The package as users get it: built, packed, unpacked beside its dependencies, type-checked and run. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { buildIsStale } from '../scripts/build-state.mjs'
import { createEngine, createTorrent } from '../src/index.js'
import { VERSION } from '../src/version.js'
import { createTracker } from '../tracker/index.js'
import { codeBlocks } from './docs/markdown.js'
import { loadedWith } from './package/loaded.js'

const test = suite('package')
const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const HOST = '127.0.0.1'
const BOUND_MS = 120_000
const require = createRequire(import.meta.url)
const tsc = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')

const isBuilt = !buildIsStale(ROOT)
/** What a clone does not have, or what is not the sources' business; what was built of them is built again where it is old. */
const LEFT_OUT = new Set(['node_modules', '.git', '.cache', ...(isBuilt ? [] : ['dist'])])

interface Manifest {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies: Readonly<Record<string, string>>
}
const manifest = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as Manifest

let folder = ''
/** A project that has the package installed. */
let project = ''
let packed: ReadonlySet<string> = new Set()

const npm = (...args: readonly string[]): readonly [command: string, args: readonly string[]] => {
  const script = process.env.npm_execpath
  return script !== undefined && /npm-cli\.c?js$/.test(script) ? [process.execPath, [script, ...args]] : ['npm', args]
}

/** Runs a command in the folder, and says what it printed where it fails. */
const runIn = async (cwd: string, command: string, args: readonly string[]): Promise<string> => {
  try {
    const shell = process.platform === 'win32' && command === 'npm'
    // What they print is compared with what is expected, so it is without colours.
    const env = { ...process.env, FORCE_COLOR: '0' }
    return (await run(command, args, { cwd, env, shell, timeout: BOUND_MS, maxBuffer: 1 << 26 })).stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error(`${path.basename(command)} ${args.join(' ')} failed:\n${stdout}\n${stderr}`, { cause: error })
  }
}

const pack = async (): Promise<void> => {
  const tree = path.join(folder, 'tree')
  await cp(ROOT, tree, { recursive: true, filter: (source) => !LEFT_OUT.has(path.relative(ROOT, source)) })
  await symlink(path.join(ROOT, 'node_modules'), path.join(tree, 'node_modules'), 'junction')
  if (!isBuilt) await runIn(tree, process.execPath, ['scripts/build.mjs'])
  const [command, args] = npm('pack', '--json', '--ignore-scripts', '--pack-destination', folder)
  const [report] = JSON.parse(await runIn(tree, command, args)) as [{ filename: string; files: { path: string }[] }]
  packed = new Set(report.files.map((file) => file.path))
  await mkdir(path.join(project, 'node_modules'), { recursive: true })
  await runIn(folder, 'tar', ['-xzf', report.filename, '-C', path.join(project, 'node_modules')])
  await rename(path.join(project, 'node_modules', 'package'), path.join(project, 'node_modules', 'torrewind'))
  for (const name of [...Object.keys(manifest.dependencies), '@types/node', 'undici-types']) {
    const place = path.join(project, 'node_modules', name)
    await mkdir(path.dirname(place), { recursive: true })
    await symlink(path.join(ROOT, 'node_modules', name), place, 'junction')
  }
  await writeFile(path.join(project, 'package.json'), JSON.stringify({ type: 'module' }))
}

test.before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'torrewind-package-'))
  project = path.join(folder, 'project')
  await pack().catch((error: unknown) => {
    // uvu says that nothing was run, and not why.
    console.error(error)
    throw error
  })
})
test.after(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))

test('package: what users need is in it, and nothing that only we need', () => {
  for (const file of [
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'docs/MANUAL.md',
    'docs/EVENTS.md',
    'dist/ui/index.html',
  ]) {
    assert.ok(packed.has(file), `${file} is not in the package`)
  }
  const rooms = ['dist/', 'src/', 'tracker/', 'simulations/', 'ui/', 'docs/']
  const strange = [...packed].filter(
    (file) => !rooms.some((room) => file.startsWith(room)) && !/^([A-Z]+\.md|LICENSE|package\.json)$/.test(file),
  )
  assert.equal(strange, [])
  assert.equal(
    [...packed].filter((file) => /(^|\/)(test|bench|scripts|examples)\//.test(file)),
    [],
  )
})

test('package: every export has its code and its types, and every command its program', () => {
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : [target.default ?? '', target.types ?? ''],
  )
  for (const target of [...targets, ...Object.values(manifest.bin)]) {
    assert.ok(packed.has(target.replace(/^\.\//, '')), `${target} is not in the package`)
  }
})

test('package: every source map leads to a source that is there', async () => {
  const maps = [...packed].filter((file) => file.endsWith('.map'))
  assert.ok(maps.length > 100)
  for (const map of maps) {
    const text = await readFile(path.join(project, 'node_modules/torrewind', map), 'utf8')
    const { sources } = JSON.parse(text) as { sources: string[] }
    for (const source of sources) {
      const file = path.posix.join(path.posix.dirname(map), source)
      assert.ok(packed.has(file), `${map} leads to ${file}`)
    }
  }
})

test('package: an entry loads what it needs, and nothing that only others do', async () => {
  const loads = (file: string): Promise<readonly string[]> =>
    loadedWith(path.join(project, 'node_modules/torrewind'), file)
  const [command = ''] = [...packed].filter((file) => /\/get-command[^/]*\.js$/.test(file))
  const cases: readonly (readonly [file: string, needed: string, others: RegExp])[] = [
    ['dist/src/index.js', 'src/engine.ts', /^(simulations|tracker|src\/cli)\//],
    ['dist/tracker/index.js', 'tracker/swarm.ts', /^(simulations|src\/(cli|actors|events|store))\//],
    ['dist/src/replay/index.js', 'src/events/evolve.ts', /^(simulations|tracker|src\/(cli|node))\//],
    ['dist/simulations/index.js', 'src/driver.ts', /^src\/(cli|node)\//],
    ['dist/src/cli/main.js', 'src/cli/run.ts', /^(simulations|tracker|src\/(actors|events|store|wire))\//],
    [command, 'src/engine.ts', /^(simulations|tracker)\//],
  ]
  for (const [file, needed, others] of cases) {
    const loaded = await loads(file)
    assert.ok(loaded.includes(needed), `${file} does without ${needed}`)
    assert.equal(
      loaded.filter((name) => others.test(name)),
      [],
      `with ${file}`,
    )
  }
})

test('package: the programs of README, manual and examples compile against it, strictly', async () => {
  const sources = path.join(project, 'programs')
  await mkdir(sources)
  for (const page of ['README.md', 'docs/MANUAL.md']) {
    const blocks = codeBlocks(await readFile(path.join(ROOT, page), 'utf8'), 'ts')
    assert.ok(blocks.length > 0)
    for (const [at, block] of blocks.entries()) {
      await writeFile(path.join(sources, `${path.basename(page, '.md')}-${at}.ts`), block)
    }
  }
  for (const entry of await readdir(path.join(ROOT, 'examples'), { withFileTypes: true })) {
    if (entry.isFile()) await cp(path.join(ROOT, 'examples', entry.name), path.join(sources, entry.name))
  }
  const compilerOptions = {
    ...{
      target: 'es2022',
      module: 'nodenext',
      moduleResolution: 'nodenext',
      rootDir: 'programs',
      outDir: 'built',
      types: ['node'],
    },
    // Our own types are checked with it; those of XState do not bear `exactOptionalPropertyTypes`.
    ...{ strict: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
  }
  await writeFile(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['programs'] }))
  await runIn(project, process.execPath, [tsc, '-p', '.'])
})

test('package: its command runs', async () => {
  const [program = ''] = Object.values(manifest.bin)
  const main = path.join(project, 'node_modules/torrewind', program)
  assert.is((await runIn(project, process.execPath, [main, '--version'])).trim(), VERSION)
})

test('package: all entries know the same errors, and a stack leads to the line of the source that threw', async () => {
  const script = `import { TorrewindError } from 'torrewind'
    import { simulate } from 'torrewind/simulations'
    const error = await simulate('no-such-scenario').catch((error) => error)
    console.log(JSON.stringify([error instanceof TorrewindError, error.stack]))`
  const args = ['--enable-source-maps', '--input-type=module', '--eval', script]
  const [known, stack] = JSON.parse(await runIn(project, process.execPath, args)) as [boolean, string]
  assert.ok(known)
  const [, file = '', line = ''] = /(simulations\/\w+\.ts):(\d+):\d+/.exec(stack) ?? []
  const source = await readFile(path.join(ROOT, file), 'utf8')
  assert.match(source.split('\n')[Number(line) - 1] ?? '', 'throw ', stack)
})

test('package: who asks for WebRTC and has not installed what it needs is told so, before anything is made', async () => {
  const script = `import { createEngine } from 'torrewind'
    const error = await createEngine({ webrtc: true, dataDir: 'not-made' }).catch((error) => error)
    console.log(error.code)`
  assert.is(
    (await runIn(project, process.execPath, ['--input-type=module', '--eval', script])).trim(),
    'WEBRTC_MISSING',
  )
  assert.not((await readdir(project)).includes('not-made'))
})

const program = (name: string, ...args: readonly string[]): Promise<string> =>
  runIn(project, process.execPath, [path.join('built', name.replace(/\.ts$/, '.js')), ...args])

test('package: the example of a swarm in one process runs', async () => {
  const printed = await program('swarm.ts')
  assert.is([...printed.matchAll(/^(one|two): .* same: true$/gm)].length, 2, printed)
})

test('package: the example of a test that simulates runs', async () => {
  assert.match(await program('simulate.ts'), /^10 of 10 finished within \d+\.\d simulated seconds$/m)
})

test('package: its command runs the example of a scenario file, within the project and far from any', async () => {
  const [bin = ''] = Object.values(manifest.bin)
  const main = path.join(project, 'node_modules/torrewind', bin)
  const alone = path.join(folder, 'alone.ts')
  await cp(path.join(project, 'programs', 'scenario.ts'), alone)
  const [near, far] = await Promise.all(
    ['programs/scenario.ts', alone].map((file) =>
      runIn(project, process.execPath, [main, 'sim', file, '--set', 'contentBytes=1000000', '--json']),
    ),
  )
  const hashes = [near, far].map((printed) => /"seed":1,"hash":"([0-9a-f]{16})"/.exec(printed ?? '')?.[1])
  assert.ok(hashes[0] !== undefined, near)
  assert.is(hashes[1], hashes[0])
})

test('package: its command writes a report, with what the page needs from other packages and from its own', async () => {
  const [bin = ''] = Object.values(manifest.bin)
  const main = path.join(project, 'node_modules/torrewind', bin)
  const size = ['--peers', '2', '--set', 'contentBytes=65536', '--set', 'pieceLength=16384']
  await runIn(project, process.execPath, [main, 'sim', 'flash-crowd', ...size, '--report', 'report.html'])
  const page = await readFile(path.join(project, 'report.html'), 'utf8')
  for (const part of ['uPlot=function', '.uplot', 'new uPlot(', '--hue-1', 'id="plot-swarm"'])
    assert.ok(page.includes(part), `${part} is not in the report`)
})

test('package: the program of the README, and the examples of downloading and rewinding, run', async () => {
  const tracker = await createTracker({ host: HOST, httpPort: 0, intervalSeconds: 10 })
  const engine = await createEngine({ dataDir: path.join(folder, 'seed-data'), host: HOST })
  try {
    const content = path.join(folder, 'holiday')
    await mkdir(content)
    await writeFile(path.join(content, 'a.bin'), Buffer.alloc(300_000, 7))
    await writeFile(path.join(content, 'b.bin'), Buffer.alloc(200_001, 'holiday'))
    const trackers = [`http://${HOST}:${tracker.httpPort}/announce`]
    const { torrent, metainfo } = await createTorrent({ path: content, trackers })
    await writeFile(path.join(project, 'holiday.torrent'), torrent)
    const seed = await engine.add(torrent, { path: folder })
    await seed.done

    const printed = await program('README-0.ts')
    assert.is([...printed.matchAll(/^\d+ .*Z \d+$/gm)].length, metainfo.pieceCount, printed)
    assert.match(printed, /^half way through the log \d+ pieces were stored$/m)

    const downloaded = await program('download.ts', 'holiday.torrent', 'got', `${HOST}:${engine.port}`)
    assert.match(downloaded, /^done: holiday, 500001 bytes downloaded, 0 pieces hashed again$/m)
    const rewound = await program('rewind.ts', 'got/.torrewind', 'holiday.torrent', 'got')
    assert.match(rewound, /^500001 bytes from Torrewind /m)
    assert.match(rewound, /the same state as the engine's: true$/m)
    for (const name of ['a.bin', 'b.bin']) {
      const got = await readFile(path.join(project, 'got', 'holiday', name))
      assert.ok(got.equals(await readFile(path.join(content, name))), `${name} differs`)
    }
  } finally {
    await engine.close()
    await tracker.close()
  }
})

test.run()
