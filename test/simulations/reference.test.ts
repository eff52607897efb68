/** The content that all nodes share: what is the reference's is a view of it from end to end, and all else is not. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SimulatedClock } from '../../simulations/clock.js'
import { Content } from '../../simulations/content.js'
import { diskConditions, SimulatedDisk } from '../../simulations/disk.js'
import { SimulatedHasher } from '../../simulations/hasher.js'
import { DiskMedium } from '../../simulations/medium.js'
import { ProcessNetwork, SimulatedNetwork } from '../../simulations/network.js'
import { ReferenceMemory } from '../../simulations/reference-memory.js'
import { World } from '../../simulations/world.js'
import { geometryOf } from '../../src/events/geometry.js'
import type { Answer, Connection, ConnectionEvents } from '../../src/ports.js'
import { Layout } from '../../src/store/layout.js'
import { PieceStorage } from '../../src/store/piece-storage.js'
import { ReadCache } from '../../src/store/read-cache.js'
import { BLOCK_BYTES, pieceIndex } from '../../src/values.js'
import { pieceMemoryContract } from '../contracts/piece-memory.js'

const PIECE = 65_536
const contentOf = (files = 1) => new Content(5, { bytes: 2 * PIECE + 40_000, pieceLength: PIECE, trackers: [], files })

pieceMemoryContract('reference memory, the right bytes', () => {
  const content = contentOf()
  return { memory: new ReferenceMemory([content]), pieceLength: PIECE, bytes: content.bytes.slice() }
})
pieceMemoryContract('reference memory, other bytes', () => {
  const content = contentOf()
  const bytes = content.bytes.map((byte, at) => (at % 50_000 === 0 ? byte ^ 1 : byte))
  return { memory: new ReferenceMemory([content]), pieceLength: PIECE, bytes }
})

const isView = (content: Content, bytes: Uint8Array, offset: number): boolean =>
  bytes.buffer === content.bytes.buffer && bytes.byteOffset === offset

test('reference memory: a piece of right blocks is a view of the reference, copied or not on their way', () => {
  const content = contentOf()
  const memory = new ReferenceMemory([content])
  for (let at = 0; at < PIECE; at += BLOCK_BYTES) {
    const block = content.bytes.subarray(PIECE + at, PIECE + at + BLOCK_BYTES)
    memory.keep(pieceIndex(1), at, at === 0 ? block.slice() : block)
  }
  assert.ok(isView(content, memory.held(pieceIndex(1), PIECE), PIECE))
})

test('content: it knows when somebody wrote to it', () => {
  const content = contentOf()
  assert.ok(content.isUntouched())
  content.bytes[2 * PIECE + 39_999] = (content.bytes[2 * PIECE + 39_999] ?? 0) ^ 128
  assert.not.ok(content.isUntouched())
})

test('simulated hasher: bytes are hashed for real unless they are a piece of the reference', async () => {
  const content = contentOf()
  const hasher = new SimulatedHasher(new World(1), 0, [content], { rate: 0 })
  const digestOf = (bytes: Uint8Array): string => {
    let found = ''
    hasher.sha1(bytes, (digest) => {
      found = Buffer.from(digest).toString('hex')
    })
    return found
  }
  const expected = Buffer.from(content.metainfo.pieceHashes.subarray(20, 40)).toString('hex')
  const piece = content.bytes.subarray(PIECE, 2 * PIECE)
  assert.is(digestOf(piece), expected)
  assert.is(digestOf(piece.slice()), expected)
  for (const wrong of [
    content.bytes.subarray(PIECE, 2 * PIECE - 1),
    content.bytes.subarray(PIECE + 1, 2 * PIECE + 1),
    piece.map((byte, at) => (at === 60_000 ? byte ^ 1 : byte)),
  ])
    assert.is.not(digestOf(wrong), expected)
})

const diskOf = (content: Content) => {
  const world = new World(3)
  const medium = new DiskMedium(content)
  medium.fill(0)
  const parts = { clock: new SimulatedClock(world, 0), medium, conditions: diskConditions(), chance: world.chance('d') }
  const layout = new Layout(content.metainfo)
  const disk = new SimulatedDisk(world, 0, parts, { folder: '/', files: layout.diskFiles, preallocate: false })
  return { world, medium, layout, storage: new PieceStorage(layout, disk) }
}

test('simulated disk: it lends what is the reference, and has anything else read', async () => {
  for (const files of [1, 3]) {
    const content = contentOf(files)
    const { world, medium, storage } = diskOf(content)
    const fetched = async (start: number, length: number): Promise<Answer<Uint8Array>> => {
      const answers: Answer<Uint8Array>[] = []
      storage.fetch(
        start,
        length,
        () => new Uint8Array(length),
        (answer) => answers.push(answer),
      )
      await world.run({})
      assert.is(answers.length, 1)
      const [answer] = answers
      assert.ok(answer)
      return answer
    }
    for (const start of [0, 1_000, 2 * PIECE]) {
      const answer = await fetched(start, 30_000)
      assert.ok(answer.type === 'done')
      assert.ok(content.has(start, answer.value))
      // A range over the edge of a file lies nowhere in one piece.
      if (files === 1) assert.ok(isView(content, answer.value, start))
    }
    medium.files[0]?.rot(1_500)
    const rotten = await fetched(1_000, 30_000)
    assert.ok(rotten.type === 'done' && !content.has(1_000, rotten.value))
    assert.is((rotten.value[500] ?? 0) ^ (content.bytes[1_500] ?? 0), 1)
    assert.equal(rotten.value.subarray(501), content.bytes.subarray(1_501, 31_000))
  }
})

test('simulated disk: what is lent is no longer lent where the file ends before it', async () => {
  const content = contentOf()
  const { world, storage } = diskOf(content)
  const codes: string[] = []
  const note = (answer: Answer<Uint8Array>): void => {
    codes.push(answer.type === 'done' ? 'done' : answer.failure.code)
  }
  storage.disk.lend?.(0, 2 * PIECE, 40_000, (answer) => codes.push(answer.type))
  storage.disk.lend?.(0, 2 * PIECE, 40_001, (answer) => codes.push(answer.type === 'failed' ? answer.failure.code : ''))
  await world.run({})
  await storage.disk.close()
  storage.fetch(0, 10, () => new Uint8Array(10), note)
  await world.run({})
  assert.equal(codes.sort(), ['ECLOSED', 'EOF', 'done'])
})

test('read cache: what the disk lends is lent on, and its memory is never read into', async () => {
  const content = contentOf()
  const { world, storage, medium } = diskOf(content)
  const cache = new ReadCache(storage, geometryOf(PIECE, content.bytes.length))
  const seen: Uint8Array[] = []
  const read = async (piece: number): Promise<void> => {
    cache.read({ piece: pieceIndex(piece), offset: BLOCK_BYTES, length: BLOCK_BYTES }, (answer) => {
      assert.ok('bytes' in answer)
      seen.push(answer.bytes)
      answer.release()
    })
    await world.run({})
  }
  await read(0)
  cache.clear()
  medium.files[0]?.rot(PIECE)
  await read(1)
  assert.ok(isView(content, seen[0] ?? new Uint8Array(), BLOCK_BYTES))
  assert.ok(content.isUntouched())
})

/** What arrives of what is sent over a connection that cuts nowhere but where it must. */
const arriving = async (chunks: readonly Uint8Array[], uploadRate: number): Promise<Uint8Array[]> => {
  const world = new World(2)
  const network = new SimulatedNetwork(world)
  const [from, to] = ['10.0.0.1', '10.0.0.2'].map((host, node) =>
    network.attach(node + 1, { host, uploadRate, cutOneIn: 0 }),
  )
  assert.ok(from && to)
  const arrived: Uint8Array[] = []
  const ends: ConnectionEvents = { opened: () => undefined, received: () => undefined, closed: () => undefined }
  const received = (chunk: Uint8Array): void => {
    // Only what lies in memory of its own may be looked at later.
    arrived.push(chunks.some(({ buffer }) => buffer === chunk.buffer) ? chunk : chunk.slice())
  }
  const listening = new ProcessNetwork(network, to).listen({ port: 1, accepted: () => ({ ...ends, received }) })
  const opened = (connection: Connection): void => connection.send(chunks)
  new ProcessNetwork(network, from).dial({ host: '10.0.0.2', port: 1 }, 1_000, { ...ends, opened })
  await world.run({})
  assert.is((await listening).type, 'done')
  return arrived
}

test('simulated network: a block arrives as the memory that was sent, and small messages in one go', async () => {
  const content = contentOf()
  // Once the stream is past its slow start, in which segments end where the window does.
  const before = Array.from({ length: 128 }, () => content.bytes.subarray(0, BLOCK_BYTES))
  const block = (at: number): Uint8Array => content.bytes.subarray(at, at + BLOCK_BYTES)
  const small = (size: number): Uint8Array => new Uint8Array(size).fill(size)
  const chunks = [small(5), small(13), block(0), small(13), block(PIECE), small(9)]
  for (const uploadRate of [0, 1_048_576]) {
    const arrived = (await arriving([...before, ...chunks], uploadRate)).slice(-5)
    assert.equal(
      arrived.map(({ length }) => length),
      [18, BLOCK_BYTES, 13, BLOCK_BYTES, 9],
    )
    assert.ok(isView(content, arrived[1] ?? small(0), 0))
    assert.ok(isView(content, arrived[3] ?? small(0), PIECE))
  }
})

test('simulated network: a line too slow for whole blocks cuts them, and the bytes are the same', async () => {
  const content = contentOf()
  const chunks = [content.bytes.subarray(0, 13), content.bytes.subarray(13, 40_000)]
  const arrived = await arriving(chunks, 32_000)
  assert.ok(arrived.length > 5)
  assert.equal(Buffer.concat(arrived), Buffer.from(content.bytes.subarray(0, 40_000)))
})

test.run()
