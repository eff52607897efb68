/** Real processes of the command line: a tracker, one seed and leechers, and how long each leecher took. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openLink, type Program } from './link.js'

export interface RealCrowd {
  readonly leechers: number
  readonly contentBytes: number
  readonly pieceLength: number
  /** Bytes a second; 0 for no limit. */
  readonly seedUploadRate: number
  readonly uploadRate: number
  readonly downloadRate: number
}

/** Where they run. */
interface Site {
  /** Of the seed and its tracker, and of each leecher. */
  readonly hosts: readonly string[]
  run(host: number, command: string, args: readonly string[]): Program
}

const onLoopback = ({ leechers }: RealCrowd): Site => ({
  hosts: Array.from({ length: 1 + leechers }, () => '127.0.0.1'),
  run: (_, command, args) => spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] }),
})

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = path.join(ROOT, 'src/cli/main.ts')
const PATIENCE_MS = 300_000
/** Nobody beyond this machine is asked for peers, nor for a port. */
const ON_THIS_MACHINE: readonly string[] = ['--no-dht', '--no-lsd', '--no-upnp']

type Line = Readonly<Record<string, unknown>>

/** One process, its lines of JSON, and what it says first of a type. */
class Cli {
  readonly #child: Program
  readonly #lines: Line[] = []
  readonly #waiting = new Set<() => void>()
  #ended = false

  constructor(run: (command: string, args: readonly string[]) => Program, dataDir: string, args: readonly string[]) {
    const all = ['--import', 'tsx', MAIN, '--json', '--log-level', 'error', '--data', dataDir, ...args]
    this.#child = run(process.execPath, all)
    createInterface({ input: this.#child.stdout }).on('line', (text) => {
      this.#lines.push(JSON.parse(text) as Line)
      for (const look of this.#waiting) look()
    })
    this.#child.on('exit', () => {
      this.#ended = true
      for (const look of this.#waiting) look()
    })
  }

  said(type: string): Promise<Line> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        this.#waiting.delete(look)
        clearTimeout(patience)
        settle()
      }
      const look = (): void => {
        const line = this.#lines.find((each) => each.type === type)
        if (line !== undefined) end(() => resolve(line))
        else if (this.#ended) end(() => reject(new Error(`a process ended before it said ${type}`)))
      }
      const patience = setTimeout(() => end(() => reject(new Error(`no ${type} in time`))), PATIENCE_MS)
      this.#waiting.add(look)
      look()
    })
  }

  async stop(): Promise<void> {
    if (this.#ended) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGTERM')
    const killed = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    await ended
    clearTimeout(killed)
  }
}

/** Seconds that each leecher took, in ascending order. */
const runAt = async ({ hosts, run }: Site, crowd: RealCrowd): Promise<readonly number[]> => {
  const { leechers, contentBytes, pieceLength, seedUploadRate, uploadRate, downloadRate } = crowd
  const place = await mkdtemp(path.join(tmpdir(), 'torrewind-validity-'))
  const running: Cli[] = []
  const start = (host: number, name: string, ...args: readonly string[]): Cli => {
    const cli = new Cli((command, all) => run(host, command, all), path.join(place, `${name}-data`), args)
    running.push(cli)
    return cli
  }
  try {
    const [host = ''] = hosts
    await mkdir(path.join(place, 'seed'))
    await writeFile(path.join(place, 'seed', 'content'), randomBytes(contentBytes))
    const { http } = await start(0, 'tracker', 'tracker', '--http', '0', '--host', host).said('listening')
    const torrent = path.join(place, 'content.torrent')
    const tracker = `http://${host}:${http}/announce`
    const content = path.join(place, 'seed', 'content')
    const size = String(pieceLength)
    const created = start(0, 'create', 'create', content, '-o', torrent, '--tracker', tracker, '--piece-size', size)
    await created.said('created')
    const from = ['--path', path.join(place, 'seed'), '--upload-limit', `${seedUploadRate}`]
    await start(0, 'seed', 'seed', torrent, ...from, ...ON_THIS_MACHINE).said('seeding')
    const times = Array.from({ length: leechers }, async (_, number) => {
      const dir = path.join(place, `leecher-${number}`)
      const limits = ['--upload-limit', `${uploadRate}`, '--download-limit', `${downloadRate}`]
      const args = ['get', torrent, '--dir', dir, '--seed', ...limits, ...ON_THIS_MACHINE]
      const leecher = start(1 + number, `leecher-${number}`, ...args)
      const { seconds } = await leecher.said('done')
      return Number(seconds)
    })
    return (await Promise.all(times)).sort((left, right) => left - right)
  } finally {
    await Promise.all(running.map((cli) => cli.stop()))
    await rm(place, { recursive: true, force: true })
  }
}

/** On loopback, each held to its rates by its own engine. */
export const runLimited = (crowd: RealCrowd): Promise<readonly number[]> => runAt(onLoopback(crowd), crowd)

export interface Way {
  readonly roundTripMs: number
  /** Of packets. */
  readonly lossRate: number
}

/** Each over a line of these rates and this way, without a limit of its engine. Throws where there can be no link. */
export const runLinked = async (crowd: RealCrowd, { roundTripMs, lossRate }: Way): Promise<readonly number[]> => {
  const { leechers, seedUploadRate, uploadRate, downloadRate } = crowd
  const way = { latencyUs: (roundTripMs * 1_000) / 4, downloadRate, lossRate }
  const others = Array.from({ length: leechers }, () => ({ ...way, uploadRate }))
  const link = await openLink([{ ...way, uploadRate: seedUploadRate }, ...others])
  try {
    return await runAt(link, { ...crowd, seedUploadRate: 0, uploadRate: 0, downloadRate: 0 })
  } finally {
    await link.close()
  }
}
