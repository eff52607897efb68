/**
 * The simulator's own speed and memory: swarms of real engines in one thread, each measured in a process of its own.
 *
 *   node --import tsx bench/simulator.ts [SECONDS] [large]
 *
 * A run that is not over after so many seconds is stopped, and told of as far as it came. `large` adds the swarms of
 * 10,000 peers, which take minutes until all are connected.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findScenario, readSettings } from '../simulations/index.js'
import { printTable } from './table.js'

const MIB = 1_048_576
const US_PER_SECOND = 1_000_000
const UNLIMITED = { seedUploadRate: 0, uploadRate: 0, downloadRate: 0 }

/** As homes have them: the same for all, and eight times that to download. */
const uplinks = (rate: number) => ({ seedUploadRate: rate, uploadRate: rate, downloadRate: 8 * rate })

interface Case {
  readonly name: string
  readonly settings: Readonly<Record<string, number>>
  /** What the old generation of the heap may take. */
  readonly heapMiB: number
  readonly large?: true
}

const CASES: readonly Case[] = [
  { name: '100 peers, 16 MiB, uplinks of 1 MiB/s', settings: { peers: 100, contentBytes: 16 * MIB }, heapMiB: 4_096 },
  ...[128, 64].map((kib) => ({
    name: `100 peers, 16 MiB, uplinks of ${kib} KiB/s`,
    settings: { peers: 100, contentBytes: 16 * MIB, ...uplinks(kib * 1_024) },
    heapMiB: 4_096,
  })),
  {
    name: '10 peers, 256 MiB, lines without limits',
    settings: { peers: 10, contentBytes: 256 * MIB, pieceLength: MIB, ...UNLIMITED },
    heapMiB: 4_096,
  },
  { name: '1,000 peers, 64 MiB', settings: { peers: 1_000, contentBytes: 64 * MIB }, heapMiB: 1_600 },
  {
    name: '10,000 peers, 1 MiB, 40 connections each',
    settings: { peers: 10_000, contentBytes: MIB, pieceLength: 65_536, maxPeers: 40 },
    heapMiB: 7_000,
    large: true,
  },
  {
    name: '10,000 peers, 1 MiB',
    settings: { peers: 10_000, contentBytes: MIB, pieceLength: 65_536 },
    heapMiB: 7_000,
    large: true,
  },
]

/** What a run came to, or how far it came. */
interface Figures {
  readonly over: boolean
  readonly blocks: number
  readonly simulatedSeconds: number
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly residentMiB: number
  readonly wrong: number
}

const runCase = async ({ settings }: Case, boundSeconds: number): Promise<void> => {
  const scenario = findScenario('flash-crowd')
  const began = process.hrtime.bigint()
  let blocks = 0
  let simulatedUs = 0
  const tell = (over: boolean, wrong: number): void => {
    const { user, system } = process.cpuUsage()
    const figures: Figures = {
      over,
      blocks,
      simulatedSeconds: simulatedUs / US_PER_SECOND,
      wallSeconds: Number(process.hrtime.bigint() - began) / 1e9,
      cpuSeconds: (user + system) / US_PER_SECOND,
      residentMiB: process.resourceUsage().maxRSS / 1_024,
      wrong,
    }
    console.log(JSON.stringify(figures))
  }
  // Set before the world begins, in which nobody can set any; it rings at a turn of the event loop.
  const alarm = setTimeout(() => {
    tell(false, 0)
    process.exit()
  }, boundSeconds * 1_000)
  const { violations } = await scenario.run({
    seed: 1,
    settings: readSettings(scenario.defaults, settings),
    onEvent: (_node, _seq, _at, { type }) => {
      if (type === 'block-received') blocks++
    },
    onStep: ({ at }) => {
      simulatedUs = at
    },
  })
  clearTimeout(alarm)
  tell(true, violations.length)
}

const measure = (each: Case, boundSeconds: number): Figures => {
  const args = ['--import', 'tsx', fileURLToPath(import.meta.url), 'case', each.name, String(boundSeconds)]
  const { stdout, stderr, status } = spawnSync(process.execPath, [`--max-old-space-size=${each.heapMiB}`, ...args], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${each.name}: ${stderr}`)
  return JSON.parse(stdout) as Figures // as `tell` wrote them
}

const rowOf = ({ name }: Case, figures: Figures): readonly string[] => {
  const { over, blocks, simulatedSeconds, wallSeconds, cpuSeconds, residentMiB, wrong } = figures
  return [
    name,
    (blocks / wallSeconds).toFixed(0),
    (blocks / cpuSeconds).toFixed(0),
    (simulatedSeconds / wallSeconds).toFixed(2),
    residentMiB.toFixed(0),
    wrong > 0
      ? `${wrong} VIOLATIONS`
      : over
        ? `over after ${wallSeconds.toFixed(0)} s`
        : `at ${simulatedSeconds.toFixed(1)} s`,
  ]
}

const [first, name, bound] = process.argv.slice(2)
if (first === 'case') {
  const found = CASES.find((each) => each.name === name)
  if (found === undefined) throw new Error(`there is no case ${name}`)
  await runCase(found, Number(bound))
} else {
  const boundSeconds = Number(process.argv.slice(2).find((word) => word !== 'large') ?? 120)
  const cases = CASES.filter(({ large }) => large !== true || process.argv.includes('large'))
  console.log(`Flash crowds of real engines, each in one thread, stopped after ${boundSeconds} s:\n`)
  printTable(
    ['swarm', 'blocks/s', 'blocks per CPU s', 'simulated s/s', 'resident MiB, most', 'simulated'],
    cases.map((each) => rowOf(each, measure(each, boundSeconds))),
  )
}
