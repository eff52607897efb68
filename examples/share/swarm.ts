/** The processes of the show: a tracker, a seed and downloaders, and the folders that they keep their things in. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { Command, type Line, numberIn } from './process.js'

/** The show is nobody else's business: neither that of the local network nor that of the router. */
const ON_THIS_MACHINE: readonly string[] = ['--no-dht', '--no-lsd', '--no-upnp']

export class Downloader {
  readonly name: string
  /** Where it downloads to, and where its event log is. */
  readonly dir: string
  readonly data: string
  readonly #start: (name: string, args: readonly string[]) => Command
  readonly #torrent: string
  #command: Command | undefined

  constructor(swarm: Swarm, name: string, torrent: string) {
    this.name = name
    this.dir = path.join(swarm.folder, name.replaceAll(' ', '-'), 'files')
    this.data = path.join(swarm.folder, name.replaceAll(' ', '-'), 'data')
    this.#start = (title, args) => swarm.start(title, args)
    this.#torrent = torrent
  }

  get command(): Command {
    if (this.#command === undefined) throw new Error(`${this.name} was not started`)
    return this.#command
  }

  /** The same words each time: it goes on by itself. It seeds afterwards, since others may still need it. */
  get(): void {
    const args = ['get', this.#torrent, '-d', this.dir, '--data', this.data, '--seed', ...ON_THIS_MACHINE]
    this.#command = this.#start(this.name, args)
  }

  progress(): Line | undefined {
    return this.command.last('progress')
  }

  get isDone(): boolean {
    return this.command.last('done') !== undefined
  }

  done(): Promise<Line> {
    return this.command.first('done')
  }

  /** How many bytes it has, once they are `bytes` or more. */
  reached(bytes: number): Promise<number> {
    return this.command.when(() => {
      if (this.isDone) return numberIn(this.command.last('done') ?? { type: 'done' }, 'bytes')
      const line = this.progress()
      const stored = line === undefined ? 0 : numberIn(line, 'storedBytes')
      return stored >= bytes ? stored : undefined
    })
  }
}

export class Swarm {
  readonly folder: string
  readonly seedData: string
  readonly #commands = new Set<Command>()
  readonly #failed: Promise<never>
  #fail: (error: unknown) => void = () => {}

  constructor(folder: string) {
    this.folder = folder
    this.seedData = path.join(folder, 'seed', 'data')
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.#failed.catch(() => {})
    // However this process ends, no other is left behind.
    process.on('exit', () => {
      for (const command of this.#commands) void command.kill()
    })
  }

  start(name: string, args: readonly string[]): Command {
    const command = new Command(name, args)
    this.#commands.add(command)
    command.guard().catch(this.#fail)
    void command.ended.then(() => this.#commands.delete(command))
    return command
  }

  /** The work, or the first failure of a process that it depends on. */
  orFailure<Result>(work: Promise<Result>): Promise<Result> {
    return Promise.race([work, this.#failed])
  }

  /** Answers the URL to announce to. */
  async startTracker(): Promise<string> {
    const tracker = this.start('the tracker', ['tracker', '--host', '127.0.0.1', '--http', '0', '--interval', '10'])
    return `http://127.0.0.1:${numberIn(await tracker.first('listening'), 'http')}/announce`
  }

  /** Makes the .torrent; shows its progress by `shown`. */
  async create(content: string, announceUrl: string): Promise<{ readonly torrent: string; readonly created: Line }> {
    const torrent = path.join(this.folder, `${path.basename(content)}.torrent`)
    await mkdir(this.folder, { recursive: true })
    const create = new Command('create', ['create', content, '-o', torrent, '--tracker', announceUrl])
    this.#commands.add(create)
    const created = await create.first('created')
    await create.ended
    this.#commands.delete(create)
    return { torrent, created }
  }

  /** Resolves when it seeds. `uploadLimit` is in bytes a second; 0 for none. */
  async startSeed(torrent: string, content: string, uploadLimit: number): Promise<void> {
    const where = ['--path', path.dirname(content), '--data', this.seedData, ...ON_THIS_MACHINE]
    const seed = this.start('the seed', ['seed', torrent, ...where, '--upload-limit', `${uploadLimit}`])
    await seed.first('seeding')
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#commands].map((command) => command.stop()))
  }
}
