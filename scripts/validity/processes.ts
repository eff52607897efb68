/** Real processes of the command line: a tracker, one seed and leechers with limits, and how long each leecher took. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface RealCrowd {
  readonly leechers: number
  readonly contentBytes: number
  readonly pieceLength: number
  /** Bytes a second. */
  readonly seedUploadRate: number
  readonly uploadRate: number
  readonly downloadRate: number
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PATIENCE_MS = 300_000
/** Nobody beyond this machine is asked for peers, nor for a port. */
const ON_THIS_MACHINE: readonly string[] = ['--no-lsd', '--no-upnp']

type Line = Readonly<Record<string, unknown>>

/** One process, its lines of JSON, and what it says first of a type. */
class Cli {
  readonly child: ChildProcess
  readonly #lines: Line[] = []
  readonly #waiting = new Set<() => void>()
  #ended = false

  constructor(dataDir: string, args: readonly string[]) {
    const all = ['--import', 'tsx', 'src/cli/main.ts', '--json', '--log-level', 'error', '--data', dataDir, ...args]
    this.child = spawn(process.execPath, all, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
    const { stdout } = this.child
    if (stdout === null) throw new Error('its output is a pipe')
    createInterface({ input: stdout }).on('line', (text) => {
      this.#lines.push(JSON.parse(text) as Line)
      for (const look of this.#waiting) look()
    })
    this.child.on('exit', () => {
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
    const ended = new Promise((resolve) => this.child.once('exit', resolve))
    this.child.kill('SIGTERM')
    const killed = setTimeout(() => this.child.kill('SIGKILL'), 10_000)
    await ended
    clearTimeout(killed)
  }
}

/** Seconds that each leecher took, in ascending order. */
export const runRealCrowd = async (crowd: RealCrowd): Promise<readonly number[]> => {
  const { leechers, contentBytes, pieceLength, seedUploadRate, uploadRate, downloadRate } = crowd
  const place = await mkdtemp(path.join(tmpdir(), 'torrewind-validity-'))
  const running: Cli[] = []
  const start = (name: string, ...args: readonly string[]): Cli => {
    const cli = new Cli(path.join(place, `${name}-data`), args)
    running.push(cli)
    return cli
  }
  try {
    await mkdir(path.join(place, 'seed'))
    await writeFile(path.join(place, 'seed', 'content'), randomBytes(contentBytes))
    const { http } = await start('tracker', 'tracker', '--http', '0', '--host', '127.0.0.1').said('listening')
    const torrent = path.join(place, 'content.torrent')
    const tracker = `http://127.0.0.1:${http}/announce`
    const content = path.join(place, 'seed', 'content')
    const size = String(pieceLength)
    const created = start('create', 'create', content, '-o', torrent, '--tracker', tracker, '--piece-size', size)
    await created.said('created')
    const seed = start(
      'seed',
      'seed',
      torrent,
      '--path',
      path.join(place, 'seed'),
      '--upload-limit',
      `${seedUploadRate}`,
      ...ON_THIS_MACHINE,
    )
    await seed.said('seeding')
    const times = Array.from({ length: leechers }, async (_, number) => {
      const dir = path.join(place, `leecher-${number}`)
      const limits = ['--upload-limit', `${uploadRate}`, '--download-limit', `${downloadRate}`]
      const leecher = start(`leecher-${number}`, 'get', torrent, '--dir', dir, '--seed', ...limits, ...ON_THIS_MACHINE)
      const { seconds } = await leecher.said('done')
      return Number(seconds)
    })
    return (await Promise.all(times)).sort((left, right) => left - right)
  } finally {
    await Promise.all(running.map((cli) => cli.stop()))
    await rm(place, { recursive: true, force: true })
  }
}
