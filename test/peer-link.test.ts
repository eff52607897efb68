/** A link between a connection that flushes when it is told to and blocks that are in memory. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { geometryOf } from '../src/events/geometry.js'
import type { Range } from '../src/events/vocabulary.js'
import { boundsOf, PeerLink } from '../src/peer-link.js'
import type { Connection } from '../src/ports.js'
import { type Instant, type PeerKey, pieceIndex } from '../src/values.js'

const BLOCK = 16_384
const rangeOf = (piece: number, block = 0): Range => ({
  piece: pieceIndex(piece),
  offset: block * BLOCK,
  length: BLOCK,
})

/** A link, what was sent over it, and how to flush the oldest of that. */
const linked = () => {
  const sent: { readonly piece: number; flushed(): void }[] = []
  const served: number[] = []
  const connection: Connection = {
    remote: { host: '10.0.0.2', port: 6881 },
    unsentBytes: 0,
    send(chunks, flushed) {
      const [header] = chunks
      if (header === undefined || flushed === undefined) return
      sent.push({ piece: new DataView(header.buffer, header.byteOffset).getUint32(5), flushed })
    },
    pause() {},
    resume() {},
    close() {},
  }
  const link = new PeerLink(
    {
      metadataBytes: () => 0,
      agreesOnV2: () => false,
      bounds: boundsOf(geometryOf(4 * BLOCK, 64 * BLOCK)),
      cache: { read: (_, done) => done({ bytes: new Uint8Array(BLOCK), release() {} }) },
      now: () => 0 as Instant,
      deliver: () => {},
      flushed: (_, ranges) => served.push(...ranges.map(({ piece }) => piece)),
      maySend: () => true,
    },
    1 as PeerKey,
    connection,
  )
  return { link, sent, served, flush: () => sent.shift()?.flushed() }
}

test('peer link: a new connection is handed one block, and the next when that is flushed', () => {
  const { link, sent, served, flush } = linked()
  for (const piece of [1, 2]) link.serve(rangeOf(piece))
  link.flush()
  assert.equal(
    sent.map(({ piece }) => piece),
    [1],
  )
  flush()
  assert.equal(served, [1])
  assert.equal(
    sent.map(({ piece }) => piece),
    [2],
  )
})

test('peer link: a block that the connection has already is the answer to being asked for it again', () => {
  const { link, sent, served, flush } = linked()
  link.serve(rangeOf(1))
  link.flush()
  // The peer is choked and unchoked, and asks again.
  assert.is(link.withdraw(rangeOf(1)), false)
  link.serve(rangeOf(1))
  link.flush()
  flush()
  assert.equal(served, [1])
  assert.is(sent.length, 0, 'nothing waits that nobody knows of any more')
  link.serve(rangeOf(1))
  link.flush()
  assert.is(sent.length, 1, 'once it is flushed it may be asked for anew')
})

test('peer link: what still waits is withdrawn, and not sent', () => {
  const { link, sent, flush } = linked()
  for (const piece of [1, 2]) link.serve(rangeOf(piece))
  link.flush()
  assert.is(link.withdraw(rangeOf(2)), true)
  assert.is(link.withdraw(rangeOf(2)), false)
  flush()
  assert.is(sent.length, 0)
})

test.run()
