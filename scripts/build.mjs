// Builds dist: tsc checks the sources and writes their types, esbuild joins them to few files. What npm installs and packs.
import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { build } from 'esbuild'

const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
const manifest = JSON.parse(readFileSync('package.json', 'utf8'))

/** What package.json lets others import and run, and what is started by its path in a thread of its own. */
const targets = [...Object.values(manifest.exports).map((target) => target.default), ...Object.values(manifest.bin)]
const built = targets.filter((target) => target !== undefined)
const sources = built.map((file) => path.relative('dist', file).replace(/\.js$/, '.ts'))
const threads = ['src/cli/sim/thread.ts', 'src/node/upnp-thread.ts', 'tracker/reading-thread.ts']

// Built beside and put in place whole, so that a command that runs meanwhile loses its files for a moment at most.
const fresh = `dist.${process.pid}`
const fail = (status) => {
  rmSync(fresh, { recursive: true, force: true })
  process.exit(status)
}

const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh], {
  stdio: 'inherit',
})
if (status !== 0) fail(status ?? 1)

// What several entries need is in files that they share, so that each of our classes is there once; what is imported when
// it is needed stays in files of its own. Source maps only point at the sources, which are in the package.
await build({
  entryPoints: [...sources, ...threads],
  outbase: '.',
  outdir: fresh,
  chunkNames: 'shared/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
}).catch(() => fail(1))

// The debugger's page, which browsers take as it is: nothing of it is inlined, since its server allows no such scripts.
// What index.html names is built, and is named there by its hash.
const page = 'ui/debugger'
const html = readFileSync(`${page}/index.html`, 'utf8')
const ownFile = /"\.\/(.+?)"/g
const { metafile } = await build({
  entryPoints: [...html.matchAll(ownFile)].map(([, file]) => `${page}/${file}`),
  outdir: `${fresh}/ui/assets`,
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
}).catch(() => fail(1))
const outputs = Object.entries(metafile.outputs)
const names = new Map(outputs.map(([file, { entryPoint }]) => [entryPoint, path.basename(file)]))
writeFileSync(
  `${fresh}/ui/index.html`,
  html.replace(ownFile, (_, file) => `"./assets/${names.get(`${page}/${file}`)}"`),
)

for (const program of Object.values(manifest.bin)) chmodSync(program.replace(/^dist\b/, fresh), 0o755)
rmSync('dist', { recursive: true, force: true })
renameSync(fresh, 'dist')
