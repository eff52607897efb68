/**
 * Blocklists: how long a list of a million lines takes to read, and a look-up in it.
 *
 *   node --import tsx bench/blocklist.ts [LINES]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { readBlocklistFile } from '../src/node/blocklist-file.js'
import { BlocklistReader } from '../src/wire/blocklist.js'

const LINES = Number(process.argv[2] ?? 1_000_000)
const LOOKUPS = 1_000_000
/** A hundredth of them is nonsense, as in lists that are found. */
const WRONG_ONE_IN = 100

const text = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
let state = 1
const draw = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state
}
const line = (number: number): string => {
  if (number % WRONG_ONE_IN === 0) return 'what nobody understands'
  const first = draw()
  return `Some Organisation ${number}:${text(first)}-${text(Math.min(0xffff_ffff, first + (draw() & 255)))}`
}

const folder = await mkdtemp(join(tmpdir(), 'torrewind-bench-'))
try {
  const lines = Array.from({ length: LINES }, (_, number) => line(number)).join('\n')
  const files = { plain: join(folder, 'list.p2p'), packed: join(folder, 'list.p2p.gz') }
  await writeFile(files.plain, lines)
  await writeFile(files.packed, gzipSync(lines))
  for (const [name, file] of Object.entries(files)) {
    const [began, cpuBegan] = [performance.now(), process.cpuUsage()]
    const reader = new BlocklistReader()
    await readBlocklistFile(file, reader)
    const list = reader.finish()
    const readMs = performance.now() - began
    const { user } = process.cpuUsage(cpuBegan)
    const hosts = Array.from({ length: 1_000 }, () => text(draw()))
    const cpuLooked = process.cpuUsage()
    let blocked = 0
    for (let at = 0; at < LOOKUPS; at++) if (list.has(hosts[at % hosts.length] ?? '')) blocked++
    const lookupNs = (process.cpuUsage(cpuLooked).user * 1e3) / LOOKUPS
    const { ranges, errors } = list.report
    console.log(
      `${name}: ${LINES} lines in ${Math.round(readMs)} ms (${Math.round(user / 1_000)} ms of processor), ${ranges} ranges, ${errors} errors; ` +
        `a look-up ${Math.round(lookupNs)} ns (${Math.round((100 * blocked) / LOOKUPS)} % blocked)`,
    )
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
