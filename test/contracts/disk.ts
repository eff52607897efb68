/** The contract of a disk: what every implementation of the `Disk` port does. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Answer, Disk, DiskFile, DiskPlace, FileStamp, MoveOptions } from '../../src/ports.js'
import { Pattern } from './pattern.js'
import { signal, type Until } from './waiting.js'

export interface DiskWorld {
  /** Each call opens the same files, which do not exist at first, in a way that the world closes at its end. */
  open(files: readonly DiskFile[], preallocate?: boolean): Disk
  /** The folder of those, and one that is not there yet; and the same files in a folder. */
  readonly folder: string
  readonly elsewhere: string
  openAt(folder: string, files: readonly DiskFile[]): Disk
  readonly until: Until
  close(): Promise<void>
}

const MIB = 1_048_576

export const file = (path: string, length = 0, executable = false): DiskFile => ({
  path: path.split('/'),
  length,
  executable,
})

/** A disk whose operations are awaited. */
export class AwaitedDisk {
  readonly disk: Disk
  readonly #until: Until

  constructor(disk: Disk, until: Until) {
    this.disk = disk
    this.#until = until
  }

  read(which: number, offset: number, length: number): Promise<Uint8Array> {
    const into = new Uint8Array(length).fill(0xaa)
    return this.#value('reading', (done) => this.disk.read(which, offset, into, done)).then(() => into)
  }

  write(which: number, offset: number, bytes: Uint8Array): Promise<undefined> {
    return this.#value('writing', (done) => this.disk.write(which, offset, bytes, done))
  }

  reserve(which: number, length: number): Promise<undefined> {
    return this.#value('reserving', (done) => this.disk.reserve(which, length, done))
  }

  stat(which: number): Promise<FileStamp | undefined> {
    return this.#value('looking', (done) => this.disk.stat(which, done))
  }

  sync(which: number): Promise<undefined> {
    return this.#value('syncing', (done) => this.disk.sync(which, done))
  }

  remove(which: number): Promise<undefined> {
    return this.#value('removing', (done) => this.disk.remove(which, done))
  }

  move(to: DiskPlace, options: Partial<MoveOptions> = {}): Promise<undefined> {
    const all = { resumed: false, stopped: () => false, ...options }
    return this.#value('moving', (done) => this.disk.move(to, all, done))
  }

  /** The code of the failure; undefined where it was done. */
  async codeOf(start: (disk: Disk, done: (answer: Answer<unknown>) => void) => void): Promise<string | undefined> {
    const answered = signal<Answer<unknown>>()
    start(this.disk, answered.send)
    const answer = await this.#until(answered.promise, 'answering')
    return answer.type === 'failed' ? answer.failure.code : undefined
  }

  async #value<Value>(what: string, start: (done: (answer: Answer<Value>) => void) => void): Promise<Value> {
    const answered = signal<Answer<Value>>()
    start(answered.send)
    const answer = await this.#until(answered.promise, what)
    if (answer.type === 'failed') throw new Error(`${what}: ${answer.failure.code} ${answer.failure.message}`)
    return answer.value
  }
}

export const diskContract = (name: string, makeWorld: () => Promise<DiskWorld>): void => {
  const claim = (text: string, files: readonly DiskFile[], check: (d: AwaitedDisk, w: DiskWorld) => Promise<void>) => {
    test(`${name}: ${text}`, async () => {
      const world = await makeWorld()
      try {
        await check(new AwaitedDisk(world.open(files), world.until), world)
      } finally {
        await world.close()
      }
    })
  }

  claim('what was written is read again, by this disk and the next one', [file('a/b/c.bin')], async (disk, world) => {
    const bytes = new Pattern(1).take(0, 3 * MIB + 17)
    await disk.write(0, 0, bytes)
    assert.is(new Pattern(1).differs(0, await disk.read(0, 0, bytes.length)), undefined)
    assert.is(new Pattern(1).differs(MIB, await disk.read(0, MIB, 100_000)), undefined)
    await disk.disk.close()
    const again = new AwaitedDisk(world.open([file('a/b/c.bin')]), world.until)
    assert.is(new Pattern(1).differs(0, await again.read(0, 0, bytes.length)), undefined)
  })

  claim('files are told apart', [file('one'), file('dir/one'), file('dir/two')], async (disk) => {
    for (const which of [0, 1, 2]) await disk.write(which, which, Uint8Array.of(which + 1))
    assert.equal([...(await disk.read(0, 0, 1))], [1])
    assert.equal([...(await disk.read(1, 0, 2))], [0, 2])
    assert.equal([...(await disk.read(2, 0, 3))], [0, 0, 3])
  })

  claim('bytes may come in any order, and a hole reads as zeros', [file('holes')], async (disk) => {
    await disk.write(0, 5 * MIB, Uint8Array.of(5, 6))
    await disk.write(0, 2 * MIB, Uint8Array.of(2, 3))
    assert.is((await disk.stat(0))?.bytes, 5 * MIB + 2)
    const all = await disk.read(0, 0, 5 * MIB + 2)
    assert.equal([...all.subarray(2 * MIB - 1, 2 * MIB + 3)], [0, 2, 3, 0])
    assert.equal([...all.subarray(5 * MIB - 1)], [0, 5, 6])
    assert.is(
      all.reduce((sum, byte) => sum + byte, 0),
      2 + 3 + 5 + 6,
    )
  })

  claim('writing beside bytes leaves them as they are', [file('f')], async (disk) => {
    await disk.write(0, 0, Uint8Array.of(1, 2, 3, 4, 5))
    await disk.write(0, 1, Uint8Array.of(9))
    await disk.write(0, 3, Uint8Array.of(8))
    assert.equal([...(await disk.read(0, 0, 5))], [1, 9, 3, 8, 5])
  })

  claim('a missing file fails with ENOENT, and is not made by reading', [file('no/such')], async (disk) => {
    assert.is(await disk.codeOf((d, done) => d.read(0, 0, new Uint8Array(1), done)), 'ENOENT')
    assert.is(await disk.codeOf((d, done) => d.sync(0, done)), 'ENOENT')
    assert.is(await disk.stat(0), undefined)
  })

  claim('reading past the end fails with EOF', [file('short')], async (disk) => {
    await disk.write(0, 0, new Uint8Array(10))
    assert.is(await disk.codeOf((d, done) => d.read(0, 0, new Uint8Array(11), done)), 'EOF')
    assert.is(await disk.codeOf((d, done) => d.read(0, 10, new Uint8Array(1), done)), 'EOF')
    assert.is(await disk.codeOf((d, done) => d.read(0, 99, new Uint8Array(1), done)), 'EOF')
    assert.is((await disk.read(0, 0, 10)).length, 10)
    assert.is((await disk.read(0, 10, 0)).length, 0)
  })

  claim('a file that was missing is seen when it is there', [file('later')], async (disk, world) => {
    assert.is(await disk.stat(0), undefined)
    assert.is(await disk.codeOf((d, done) => d.read(0, 0, new Uint8Array(1), done)), 'ENOENT')
    await new AwaitedDisk(world.open([file('later')]), world.until).write(0, 0, Uint8Array.of(7))
    assert.equal([...(await disk.read(0, 0, 1))], [7])
    assert.is((await disk.stat(0))?.bytes, 1)
  })

  claim('a file that is read from may be written to, and read on', [file('both')], async (disk, world) => {
    await new AwaitedDisk(world.open([file('both')]), world.until).write(0, 0, Uint8Array.of(1, 2, 3))
    assert.equal([...(await disk.read(0, 0, 3))], [1, 2, 3])
    await disk.write(0, 1, Uint8Array.of(9))
    assert.equal([...(await disk.read(0, 0, 3))], [1, 9, 3])
  })

  claim('reserve makes a file of that length, be it none', [file('x/empty'), file('x/large')], async (disk) => {
    await disk.reserve(0, 0)
    await disk.reserve(1, 3 * MIB + 1)
    assert.is((await disk.stat(0))?.bytes, 0)
    assert.is((await disk.stat(1))?.bytes, 3 * MIB + 1)
    assert.is(
      (await disk.read(1, 0, 3 * MIB + 1)).findIndex((byte) => byte !== 0),
      -1,
    )
  })

  claim('reserve never shortens a file and never changes its bytes', [file('r')], async (disk, world) => {
    const preallocating = new AwaitedDisk(world.open([file('r')], true), world.until)
    const bytes = new Pattern(2).take(0, 2 * MIB + 3)
    await disk.write(0, 0, bytes)
    for (const length of [0, 1, bytes.length, bytes.length + 2 * MIB]) {
      await disk.reserve(0, length)
      await preallocating.reserve(0, length)
      assert.is(new Pattern(2).differs(0, await disk.read(0, 0, bytes.length)), undefined)
      assert.is((await disk.stat(0))?.bytes, Math.max(bytes.length, length))
    }
  })

  for (const preallocate of [false, true]) {
    const kind = preallocate ? 'with the space taken' : 'sparse'
    claim(`a write beside a reserve is neither lost nor cut off, ${kind}`, [file('w')], async (_, world) => {
      const disk = new AwaitedDisk(world.open([file('w')], preallocate), world.until)
      const pattern = new Pattern(3)
      const operations: Promise<unknown>[] = []
      for (let part = 0; part < 16; part++) {
        const offset = part * 300_000
        operations.push(disk.write(0, offset, pattern.take(offset, 300_000)))
        operations.push(disk.reserve(0, offset + 900_000))
      }
      await Promise.all(operations)
      assert.is(pattern.differs(0, await disk.read(0, 0, 16 * 300_000)), undefined)
      assert.is((await disk.stat(0))?.bytes, 15 * 300_000 + 900_000)
    })
  }

  claim('a stamp changes with the bytes, and is whole', [file('s')], async (disk) => {
    await disk.write(0, 0, new Uint8Array(5))
    const first = await disk.stat(0)
    await disk.write(0, 5, new Uint8Array(5))
    const second = await disk.stat(0)
    assert.is(first?.bytes, 5)
    assert.is(second?.bytes, 10)
    assert.ok(Number.isInteger(first?.modifiedAt))
    assert.ok((second?.modifiedAt ?? 0) >= (first?.modifiedAt ?? 1))
  })

  claim('what was written can be synced, new folders and all', [file('p/q/r'), file('p/q/s')], async (disk) => {
    await disk.write(0, 0, new Uint8Array(100_000))
    await disk.reserve(1, 0)
    await disk.sync(0)
    await disk.sync(1)
    await disk.sync(0)
  })

  claim('nothing is called back from within the call', [file('f'), file('g')], async (disk, world) => {
    await disk.write(0, 0, new Uint8Array(10))
    const answered: string[] = []
    const last = signal<void>()
    const note = (what: string) => (): void => {
      answered.push(what)
      if (answered.length === 6) last.send()
    }
    const start = (d: Disk): void => {
      d.read(0, 0, new Uint8Array(10), note('read'))
      d.read(1, 0, new Uint8Array(10), note('read of nothing'))
      d.write(0, 0, new Uint8Array(10), note('write'))
      d.reserve(0, 20, note('reserve'))
      d.stat(0, note('stat'))
      d.sync(0, note('sync'))
    }
    start(disk.disk)
    assert.equal(answered, [])
    await world.until(last.promise, 'all answer')
    const closed = disk.disk.close()
    answered.length = 0
    start(disk.disk)
    assert.equal(answered, [])
    await world.until(closed, 'the disk closes')
    await world.until(last.promise, 'all answer')
  })

  const MANY = Array.from({ length: 300 }, (_, which) => file(`d${which % 7}/f${which}`))
  claim('hundreds of files are written and read at once', MANY, async (disk) => {
    await Promise.all(MANY.map((_, which) => disk.write(which, 0, new Pattern(which).take(0, 1_000))))
    const all = await Promise.all(MANY.map((_, which) => disk.read(which, 0, 1_000)))
    for (const [which, bytes] of all.entries()) assert.is(new Pattern(which).differs(0, bytes), undefined)
    await Promise.all(MANY.map((_, which) => disk.sync(which)))
  })

  claim('a removed file is gone, and may be written anew', [file('d/gone'), file('stays')], async (disk) => {
    await disk.write(0, 0, new Pattern(1).take(0, 1_000))
    await disk.write(1, 0, new Pattern(2).take(0, 10))
    await disk.remove(0)
    await disk.remove(0)
    assert.is(await disk.stat(0), undefined)
    assert.is(await disk.codeOf((d, done) => d.read(0, 0, new Uint8Array(1), done)), 'ENOENT')
    await disk.write(0, 0, new Pattern(3).take(0, 5))
    assert.is(new Pattern(3).differs(0, await disk.read(0, 0, 5)), undefined)
    assert.is((await disk.stat(0))?.bytes, 5)
    assert.is((await disk.stat(1))?.bytes, 10)
  })

  const moved = [file('t/a'), file('t/b/c'), file('t/none')]
  const renamed = [file('t/a'), file('u/other name'), file('t/none')]
  const fill = async (disk: AwaitedDisk): Promise<void> => {
    await disk.write(0, 0, new Pattern(1).take(0, 100_000))
    await disk.write(1, 0, new Pattern(2).take(0, 5))
  }
  const isThere = async (disk: AwaitedDisk): Promise<void> => {
    assert.is(new Pattern(1).differs(0, await disk.read(0, 0, 100_000)), undefined)
    assert.is(new Pattern(2).differs(0, await disk.read(1, 0, 5)), undefined)
    assert.is(await disk.stat(2), undefined)
  }

  claim(
    'what is moved is in the other folder, under other names, as it was, and nothing stays behind',
    moved,
    async (disk, world) => {
      await fill(disk)
      const before = [await disk.stat(0), await disk.stat(1)]
      await disk.move({ folder: world.elsewhere, files: renamed })
      assert.equal([await disk.stat(0), await disk.stat(1)], before)
      await isThere(disk)
      const there = new AwaitedDisk(world.openAt(world.elsewhere, renamed), world.until)
      await isThere(there)
      const behind = new AwaitedDisk(world.open(moved), world.until)
      assert.equal([await behind.stat(0), await behind.stat(1)], [undefined, undefined])
      await disk.write(2, 3, Uint8Array.of(9))
      assert.is((await there.stat(2))?.bytes, 4)
      await disk.move({ folder: world.folder, files: moved })
      assert.is((await disk.stat(0))?.bytes, 100_000)
      assert.is(await there.stat(1), undefined)
    },
  )

  claim('what is read and written meanwhile is as ever', moved, async (disk, world) => {
    await fill(disk)
    const work: Promise<unknown>[] = [disk.move({ folder: world.elsewhere, files: renamed })]
    for (let at = 0; at < 20; at++) {
      work.push(disk.write(1, 5 + at, Uint8Array.of(at)), disk.read(0, at, 1_000), disk.stat(1))
    }
    await Promise.all(work)
    await isThere(disk)
    assert.equal([...(await disk.read(1, 5, 20))], [...Array(20).keys()])
  })

  claim('nothing is moved onto what is there already', moved, async (disk, world) => {
    await fill(disk)
    const other = new AwaitedDisk(world.openAt(world.elsewhere, renamed), world.until)
    await other.write(1, 0, Uint8Array.of(7))
    const to = { folder: world.elsewhere, files: renamed }
    const move = { resumed: false, stopped: () => false }
    assert.is(await disk.codeOf((d, done) => d.move(to, move, done)), 'EEXIST')
    await isThere(disk)
    assert.equal([...(await other.read(1, 0, 1))], [7])
    assert.is(await other.stat(0), undefined)
  })

  claim('a move that was stopped goes on when it is resumed, by another disk too', moved, async (disk, world) => {
    await fill(disk)
    const to = { folder: world.elsewhere, files: renamed }
    let asked = 0
    const move = { resumed: false, stopped: () => ++asked > 1 }
    assert.is(await disk.codeOf((d, done) => d.move(to, move, done)), 'ESTOPPED')
    await isThere(disk)
    await disk.disk.close()
    const next = new AwaitedDisk(world.open(moved), world.until)
    await next.move(to, { resumed: true })
    await isThere(next)
    await isThere(new AwaitedDisk(world.openAt(world.elsewhere, renamed), world.until))
    await next.move(to, { resumed: true })
  })

  claim('close waits for what is under way, and may be called twice', [file('c'), file('d')], async (disk, world) => {
    const answers: Promise<undefined>[] = []
    for (let part = 0; part < 8; part++) {
      answers.push(disk.write(part % 2, part * MIB, new Pattern(part).take(0, MIB)))
    }
    let answered = 0
    for (const answer of answers) answer.then(() => answered++)
    const closed = disk.disk.close()
    await world.until(Promise.all([closed, disk.disk.close()]), 'the disk closes')
    await Promise.all(answers)
    assert.is(answered, 8)
    const again = new AwaitedDisk(world.open([file('c'), file('d')]), world.until)
    for (let part = 0; part < 8; part++) {
      assert.is(new Pattern(part).differs(0, await again.read(part % 2, part * MIB, MIB)), undefined)
    }
  })

  claim('a closed disk answers ECLOSED and touches nothing', [file('late')], async (disk, world) => {
    await world.until(disk.disk.close(), 'the disk closes')
    assert.is(await disk.codeOf((d, done) => d.read(0, 0, new Uint8Array(1), done)), 'ECLOSED')
    assert.is(await disk.codeOf((d, done) => d.write(0, 0, new Uint8Array(1), done)), 'ECLOSED')
    assert.is(await disk.codeOf((d, done) => d.reserve(0, 1, done)), 'ECLOSED')
    assert.is(await disk.codeOf((d, done) => d.stat(0, done)), 'ECLOSED')
    assert.is(await disk.codeOf((d, done) => d.sync(0, done)), 'ECLOSED')
    assert.is(await disk.codeOf((d, done) => d.remove(0, done)), 'ECLOSED')
    const again = new AwaitedDisk(world.open([file('late')]), world.until)
    assert.is(await again.stat(0), undefined)
  })
}
