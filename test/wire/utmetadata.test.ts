/** Messages of metadata: the examples of BEP 9, what clients add, and nothing that does not fit itself. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  encodeMetadataMessage,
  METADATA_PIECE_BYTES,
  type MetadataMessage,
  metadataPieceLength,
  metadataPieces,
  readMetadataMessage,
} from '../../src/wire/utmetadata.js'

const bytesOf = (latin1: string): Uint8Array => Uint8Array.from(latin1, (letter) => letter.charCodeAt(0))
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
const reasonOf = (latin1: string): string => {
  const read = readMetadataMessage(bytesOf(latin1))
  return read?.type === 'fault' ? read.reason : `no fault: ${read?.type}`
}

test('metadata: the examples of BEP 9 are written and read', () => {
  const request: MetadataMessage = { type: 'metadata-request', piece: 0 }
  assert.is(textOf(encodeMetadataMessage(request)), 'd8:msg_typei0e5:piecei0ee')
  assert.equal(readMetadataMessage(bytesOf('d8:msg_typei0e5:piecei0ee')), request)
  const bytes = new Uint8Array(3_425).fill(0x78)
  const data: MetadataMessage = { type: 'metadata-data', piece: 0, totalBytes: 3_425, bytes }
  const written = encodeMetadataMessage(data)
  assert.is(textOf(written.subarray(0, 47)), 'd8:msg_typei1e5:piecei0e10:total_sizei3425eexxx')
  assert.equal(readMetadataMessage(written), data)
  const reject: MetadataMessage = { type: 'metadata-reject', piece: 0 }
  assert.is(textOf(encodeMetadataMessage(reject)), 'd8:msg_typei2e5:piecei0ee')
  assert.equal(readMetadataMessage(encodeMetadataMessage(reject)), reject)
})

test('metadata: keys in any order and further ones are taken, as libtorrent writes its size into everything', () => {
  assert.equal(readMetadataMessage(bytesOf('d5:piecei7e8:msg_typei2e10:total_sizei31235e1:xle')), {
    type: 'fault',
    code: 'metadata-message-invalid',
    reason: 'the data ends in the middle of a value',
  })
  assert.equal(readMetadataMessage(bytesOf('d5:piecei7e8:msg_typei2e10:total_sizei31235e1:xlee')), {
    type: 'metadata-reject',
    piece: 7,
  })
})

test('metadata: a type that nobody knows is passed over', () => {
  assert.is(readMetadataMessage(bytesOf('d8:msg_typei3e5:piecei0ee')), undefined)
  assert.is(readMetadataMessage(bytesOf('d8:msg_typei-1ee')), undefined)
})

test('metadata: what lacks something or does not fit its own numbers is a fault', () => {
  assert.is(reasonOf(''), 'the data ends in the middle of a value')
  assert.is(reasonOf('le'), 'it is no dictionary')
  assert.is(reasonOf('de'), 'it does not say of which type it is')
  assert.is(reasonOf('d8:msg_type1:0e'), 'it does not say of which type it is')
  assert.is(reasonOf('d8:msg_typei0ee'), 'it is about no piece')
  assert.is(reasonOf('d8:msg_typei0e5:piecei-1ee'), 'it is about no piece')
  assert.is(reasonOf('d8:msg_typei1e5:piecei0ee'), 'it does not say how long the metadata are')
  assert.is(reasonOf('d8:msg_typei1e5:piecei0e10:total_sizei0ee'), 'it does not say how long the metadata are')
  assert.is(reasonOf('d8:msg_typei1e5:piecei1e10:total_sizei9eex'), 'piece 1 of 9 bytes')
  assert.is(reasonOf('d8:msg_typei1e5:piecei0e10:total_sizei9eex'), 'piece 0 has 1 bytes where it should have 9')
  assert.is(reasonOf('d8:msg_typei1e5:piecei0e10:total_sizei1eexx'), 'piece 0 has 2 bytes where it should have 1')
  assert.match(reasonOf(`d8:msg_typei0e5:piecei0e1:x${'l'.repeat(9)}${'e'.repeat(9)}e`), 'nested deeper')
  assert.match(reasonOf(`d8:msg_typei0e5:piecei0e1:xl${'i0e'.repeat(99)}ee`), 'more than 64 values')
})

test('metadata: only the last piece is shorter, and what is cut anywhere is a fault', () => {
  assert.is(metadataPieces(1), 1)
  assert.is(metadataPieces(METADATA_PIECE_BYTES), 1)
  assert.is(metadataPieces(METADATA_PIECE_BYTES + 1), 2)
  assert.is(metadataPieceLength(METADATA_PIECE_BYTES + 1, 0), METADATA_PIECE_BYTES)
  assert.is(metadataPieceLength(METADATA_PIECE_BYTES + 1, 1), 1)
  const bytes = Uint8Array.of(1, 2, 3)
  const last = encodeMetadataMessage({ type: 'metadata-data', piece: 1, totalBytes: METADATA_PIECE_BYTES + 3, bytes })
  for (let end = 0; end < last.length; end++) {
    const read = readMetadataMessage(last.subarray(0, end))
    assert.is(read?.type, 'fault', `cut at ${end}`)
  }
  assert.is(readMetadataMessage(last)?.type, 'metadata-data')
})

test('metadata: any piece survives the way, and no bytes make reading throw', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200_000 }), fc.nat(), (totalBytes, at) => {
      const piece = at % metadataPieces(totalBytes)
      const bytes = new Uint8Array(metadataPieceLength(totalBytes, piece)).fill(at)
      const message: MetadataMessage = { type: 'metadata-data', piece, totalBytes, bytes }
      assert.equal(readMetadataMessage(encodeMetadataMessage(message)), message)
    }),
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void readMetadataMessage(bytes)))
})

test.run()
