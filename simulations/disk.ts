/** The simulated disk: the `Disk` port of one process over a medium, with its time, its tears and its failures. */
import type { Answer, Clock, Disk, DiskOptions, DiskPlace, Failure, FileStamp, MoveOptions } from '../src/ports.js'
import { transmissionUs } from './host.js'
import type { DiskMedium, MediumFile } from './medium.js'
import type { Delivery } from './queue.js'
import type { Chance } from './random.js'
import { labelOf, type World } from './world.js'

export type DiskOperation = 'read' | 'write' | 'reserve' | 'stat' | 'sync' | 'remove' | 'move'

/** What a machine's disk is like, and what is wrong with it just now. Faults change it. */
export interface DiskConditions {
  /** Every operation takes this, and up to as much again by chance: so they overtake each other. */
  latencyUs: number
  /** Bytes a second; 0 for no limit. */
  rate: number
  /** Why operations fail; nothing, where they do not. */
  failure: ((operation: DiskOperation) => Failure | undefined) | undefined
}

export const diskConditions = (): DiskConditions => ({ latencyUs: 100, rate: 500_000_000, failure: undefined })

export const failureOf = (code: string): Failure => ({ code, message: `${code}, as the simulated disk has it` })

type Done<Value> = (answer: Answer<Value>) => void

interface UnderWay {
  readonly delivery: Delivery
  /** Does a part of it, as a process that is killed leaves it. */
  tear: (() => void) | undefined
}

export class SimulatedDisk implements Disk {
  readonly #world: World
  readonly #clock: Clock
  readonly #medium: DiskMedium
  readonly #conditions: DiskConditions
  readonly #chance: Chance
  readonly #paths: string[]
  readonly #label: number
  readonly #underWay = new Set<UnderWay>()
  #busyUntil = 0
  #closed = false
  #idle: (() => void)[] = []

  constructor(
    world: World,
    node: number,
    parts: { clock: Clock; medium: DiskMedium; conditions: DiskConditions; chance: Chance },
    options: DiskOptions,
  ) {
    this.#world = world
    this.#clock = parts.clock
    this.#medium = parts.medium
    this.#conditions = parts.conditions
    this.#chance = parts.chance
    this.#label = labelOf('disk', node)
    this.#paths = this.#pathsIn(options)
  }

  read(file: number, offset: number, into: Uint8Array, done: Done<undefined>): void {
    this.#start('read', into.length, done, () => {
      const on = this.#file(file)
      if (!on.exists) return failureOf('ENOENT')
      if (offset + into.length > on.bytes) return failureOf('EOF')
      on.read(offset, into)
      return undefined
    })
  }

  lend(file: number, offset: number, length: number, done: Done<Uint8Array | undefined>): void {
    let lent: Uint8Array | undefined
    const look = (): Failure | undefined => {
      const on = this.#file(file)
      if (!on.exists) return failureOf('ENOENT')
      if (offset + length > on.bytes) return failureOf('EOF')
      lent = on.lend(offset, length)
      return undefined
    }
    this.#start('read', length, (answer) => done(answer.type === 'done' ? { type: 'done', value: lent } : answer), look)
  }

  write(file: number, offset: number, bytes: Uint8Array, done: Done<undefined>): void {
    const write = (length: number): void => this.#file(file).write(offset, bytes.subarray(0, length), this.#clock.now())
    const act = (): undefined => {
      write(bytes.length)
    }
    this.#start('write', bytes.length, done, act, () => write(this.#chance.below(bytes.length + 1)))
  }

  reserve(file: number, length: number, done: Done<undefined>): void {
    this.#start('reserve', 0, done, () => {
      this.#file(file).extend(length, this.#clock.now())
      return undefined
    })
  }

  stat(file: number, done: Done<FileStamp | undefined>): void {
    let stamp: FileStamp | undefined
    const look = (): undefined => {
      const { exists, bytes, modifiedAt } = this.#file(file)
      stamp = exists ? { bytes, modifiedAt } : undefined
    }
    this.#start('stat', 0, (answer) => done(answer.type === 'done' ? { type: 'done', value: stamp } : answer), look)
  }

  sync(file: number, done: Done<undefined>): void {
    this.#start('sync', 0, done, () => {
      const on = this.#file(file)
      if (!on.exists) return failureOf('ENOENT')
      on.sync()
      return undefined
    })
  }

  remove(file: number, done: Done<undefined>): void {
    this.#start('remove', 0, done, () => {
      this.#file(file).remove()
      return undefined
    })
  }

  /** A file at a time, so that a process may be killed in the midst of it. */
  move(to: DiskPlace, { resumed, stopped }: MoveOptions, done: Done<undefined>): void {
    const before = [...this.#paths]
    const next = this.#pathsIn(to)
    const moveFrom = (file: number): void => {
      const [from, at] = [before[file], next[file]]
      if (from === undefined || at === undefined) {
        done({ type: 'done', value: undefined })
        return
      }
      const act = (): Failure | undefined => {
        if (stopped()) return failureOf('ESTOPPED')
        if (from !== at) this.#medium.move(from, at)
        this.#paths[file] = at
        return undefined
      }
      const answered = (answer: Answer<undefined>): void => {
        if (answer.type === 'done') moveFrom(file + 1)
        else {
          if (answer.failure.code !== 'ESTOPPED')
            for (const back of before.keys()) this.#takeBack(back, before, resumed ? next : this.#paths)
          done(answer)
        }
      }
      this.#start('move', 0, answered, act)
    }
    const isTaken = !resumed && next.some((path, file) => path !== before[file] && this.#medium.file(path).exists)
    if (isTaken) this.#start('move', 0, done, () => failureOf('EEXIST'))
    else moveFrom(0)
  }

  /** Of a move that is resumed any of the files may have arrived before. */
  #takeBack(file: number, before: readonly string[], there: readonly string[]): void {
    const [at, from] = [there[file] ?? '', before[file] ?? '']
    if (at !== from) this.#medium.move(at, from)
    this.#paths[file] = from
  }

  #pathsIn({ folder, files }: DiskPlace): string[] {
    return files.map(({ path }) => this.#medium.pathIn(folder, path))
  }

  close(): Promise<void> {
    this.#closed = true
    return new Promise((resolve) => {
      this.#idle.push(resolve)
      this.#rest()
    })
  }

  /** The process is gone: what was under way is done in part or not at all, and nobody hears of it. */
  stop(): void {
    this.#closed = true
    for (const { delivery, tear } of this.#underWay) {
      delivery.act = undefined
      tear?.()
    }
    this.#underWay.clear()
    this.#idle = []
  }

  #file(file: number): MediumFile {
    return this.#medium.file(this.#paths[file] ?? '')
  }

  #start(
    operation: DiskOperation,
    bytes: number,
    done: Done<undefined>,
    act: () => Failure | undefined,
    tear?: () => void,
  ): void {
    const { latencyUs, rate } = this.#conditions
    const { now } = this.#world
    const closed = this.#closed
    this.#busyUntil = Math.max(this.#busyUntil, now) + transmissionUs(bytes, rate)
    const at = closed ? now : this.#busyUntil + latencyUs + this.#chance.below(latencyUs + 1)
    const delivery = this.#world.schedule(at, this.#label, () => {
      this.#underWay.delete(underWay)
      const failure = closed ? failureOf('ECLOSED') : (this.#conditions.failure?.(operation) ?? act())
      done(failure === undefined ? { type: 'done', value: undefined } : { type: 'failed', failure })
      this.#rest()
    })
    const underWay: UnderWay = { delivery, tear: closed ? undefined : tear }
    this.#underWay.add(underWay)
  }

  #rest(): void {
    if (this.#underWay.size > 0) return
    const waiting = this.#idle
    this.#idle = []
    for (const resolve of waiting) resolve()
  }
}
