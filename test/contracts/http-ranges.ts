/** The contract of HttpRanges: what every implementation of the port does, whatever a server answers. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { HttpRanges, RangeEnd, RangeReading, RangeRequest } from '../../src/ports.js'
import { signal, type Until } from './waiting.js'

/** What a server may do wrong, and what that is called. */
export const RANGE_FAULTS = {
  lacking: 'NOT_FOUND',
  busy: 'BUSY',
  failing: 'STATUS',
  page: 'WEB_PAGE',
  whole: 'NO_RANGES',
  short: 'TOO_SHORT',
  silent: 'TIMEOUT',
} as const
export type RangeFault = keyof typeof RANGE_FAULTS

export interface HttpRangesWorld {
  readonly ranges: HttpRanges
  readonly until: Until
  /** A file that is there, of at least 200,000 bytes, and what it holds. */
  readonly url: string
  readonly file: Uint8Array
  /** On a server that nobody runs. */
  readonly nowhere: string
  /** The server does this wrong from now on; nothing, where it is left out. */
  misbehave(fault?: RangeFault): void
}

/** Hears one answer. */
class Ear {
  readonly chunks: Buffer[] = []
  readonly #ended = signal<RangeEnd>()
  ends = 0
  /** Called with each chunk. */
  onChunk: () => void = () => undefined
  readonly reading: RangeReading

  constructor({ ranges, url, file }: HttpRangesWorld, request: Partial<RangeRequest> = {}) {
    this.reading = ranges.get(
      { url, offset: 100, length: 150_000, fileLength: file.length, trusted: true, ...request },
      {
        received: (chunk) => {
          assert.is(this.ends, 0, 'nothing comes after the end')
          this.chunks.push(Buffer.from(chunk))
          this.onChunk()
        },
        ended: (end) => {
          this.ends++
          this.#ended.send(end)
        },
      },
    )
    assert.equal([this.chunks.length, this.ends], [0, 0], 'nothing is called from within the call')
  }

  get end(): Promise<RangeEnd> {
    return this.#ended.promise
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }
}

export const httpRangesContract = (
  name: string,
  withWorld: (work: (world: HttpRangesWorld) => Promise<void>) => Promise<void>,
): void => {
  const claim = (what: string, work: (world: HttpRangesWorld) => Promise<void>): void => {
    test(`${name}: ${what}`, () => withWorld(work))
  }
  const read = async (world: HttpRangesWorld, request: Partial<RangeRequest> = {}) => {
    const ear = new Ear(world, request)
    return { ear, end: await world.until(ear.end, 'the end') }
  }

  claim('bytes of a range arrive, all of them and no others, be it one byte or the whole file', async (world) => {
    const { length } = world.file
    for (const [offset, bytes] of [
      [100, 150_000],
      [0, 1],
      [length - 1, 1],
      [0, length],
    ] as const) {
      const { ear, end } = await read(world, { offset, length: bytes })
      assert.is(end.type, 'done')
      assert.ok(ear.bytes.equals(world.file.subarray(offset, offset + bytes)), `${bytes} bytes from ${offset}`)
    }
  })

  claim('several answers come apart from each other', async (world) => {
    const ears = [0, 1_000, 50_000].map((offset) => new Ear(world, { offset, length: 100_000 }))
    await world.until(Promise.all(ears.map(({ end }) => end)), 'all of them')
    for (const [at, offset] of [0, 1_000, 50_000].entries())
      assert.ok(ears[at]?.bytes.equals(world.file.subarray(offset, offset + 100_000)))
  })

  for (const [fault, code] of Object.entries(RANGE_FAULTS) as [RangeFault, string][]) // the table's own entries
    claim(`a server that is ${fault} ends it once, with ${code}`, async (world) => {
      world.misbehave(fault)
      const { ear, end } = await read(world)
      assert.is(end.type === 'failed' && end.failure.code, code)
      // What comes of a range that breaks off is right as far as it goes; of other answers nothing is told.
      assert.is(ear.bytes.length > 0, fault === 'short')
      assert.ok(ear.bytes.length < 150_000)
      assert.ok(ear.bytes.equals(world.file.subarray(100, 100 + ear.bytes.length)))
      assert.is(end.type === 'failed' && end.retryAfterMs !== undefined, fault === 'busy')
      world.misbehave()
      assert.is((await read(world)).end.type, 'done', 'the next answer is another one')
      assert.is(ear.ends, 1)
    })

  claim('where nobody is, that is said', async (world) => {
    const { end } = await read(world, { url: world.nowhere })
    assert.ok(end.type === 'failed' && ['REFUSED', 'ENOTFOUND'].includes(end.failure.code))
  })

  claim('who pauses gets nothing more until it reads on, and then all of it', async (world) => {
    const ear = new Ear(world)
    const first = signal<void>()
    ear.onChunk = () => {
      ear.reading.pause()
      first.send()
    }
    await world.until(first.promise, 'something comes')
    const before = ear.bytes.length
    ear.onChunk = () => undefined
    await read(world, { offset: 0, length: world.file.length })
    assert.equal([ear.bytes.length, ear.ends], [before, 0])
    ear.reading.resume()
    assert.is((await world.until(ear.end, 'the end')).type, 'done')
    assert.ok(ear.bytes.equals(world.file.subarray(100, 150_100)))
  })

  claim('who is closed, before anything comes or while it comes, is called no more', async (world) => {
    const [early, amid] = [new Ear(world), new Ear(world)]
    early.reading.close()
    const first = signal<void>()
    amid.onChunk = () => {
      amid.reading.close()
      amid.reading.close()
      first.send()
    }
    await world.until(first.promise, 'something comes')
    await read(world, { offset: 0, length: world.file.length })
    assert.equal([early.chunks.length, early.ends, amid.chunks.length, amid.ends], [0, 0, 1, 0])
    amid.reading.resume()
    await read(world)
    assert.is(amid.chunks.length, 1)
  })
}
