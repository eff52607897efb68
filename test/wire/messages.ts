/** Messages for tests: any of them, and what a decoder makes of chunks. */
import fc from 'fast-check'
import { type DecoderBounds, MessageDecoder } from '../../src/wire/decoder.js'
import type { Fault } from '../../src/wire/fault.js'
import type { PeerMessage, SendableMessage } from '../../src/wire/messages.js'

export const BOUNDS: DecoderBounds = { bitfieldBytes: 64, blockBytesMax: 32_768, extendedBytesMax: 1_000, hashesMax: 8 }

/** A message whose bytes stay as they are when its chunk does not. */
export const keep = (message: PeerMessage): PeerMessage => {
  switch (message.type) {
    case 'bitfield':
      return { ...message, bits: message.bits.slice() }
    case 'piece':
      return { ...message, block: message.block.slice() }
    case 'extended':
      return { ...message, payload: message.payload.slice() }
    case 'hashes':
      return { ...message, hashes: message.hashes.slice() }
    default:
      return { ...message }
  }
}

export interface Decoded {
  readonly messages: readonly PeerMessage[]
  readonly fault: Fault | undefined
}

/** Overwrites every chunk once it is pushed, so that a view kept too long would show. */
export const decodeAll = (chunks: readonly Uint8Array[], decoder = new MessageDecoder(BOUNDS)): Decoded => {
  const messages: PeerMessage[] = []
  for (const chunk of chunks) {
    const own = chunk.slice()
    const fault = decoder.push(own, (message) => messages.push(keep(message)))
    own.fill(0xee)
    if (fault !== undefined) return { messages, fault }
  }
  return { messages, fault: undefined }
}

export const concat = (parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const uint32 = fc.oneof(fc.nat(100), fc.constantFrom(0x7fff_ffff, 0x8000_0000, 0xffff_ffff), fc.nat(0xffff_ffff))
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })
function anyHashRange() {
  return fc
    .tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), uint32, uint32, uint32, uint32)
    .map(([piecesRoot, baseLayer, index, length, proofLayers]) => ({
      piecesRoot,
      baseLayer,
      index,
      length,
      proofLayers,
    }))
}
const BARE = ['keep-alive', 'choke', 'unchoke', 'interested', 'not-interested', 'have-all', 'have-none'] as const

export const anyMessage: fc.Arbitrary<SendableMessage> = fc.oneof(
  fc.constantFrom(...BARE).map((type) => ({ type })),
  fc
    .tuple(fc.constantFrom('have' as const, 'suggest-piece' as const, 'allowed-fast' as const), uint32)
    .map(([type, piece]) => ({ type, piece })),
  fc
    .tuple(fc.constantFrom('request' as const, 'cancel' as const, 'reject-request' as const), uint32, uint32, uint32)
    .map(([type, piece, offset, length]) => ({ type, piece, offset, length })),
  bytes(BOUNDS.bitfieldBytes).map((bits) => ({ type: 'bitfield' as const, bits })),
  fc
    .tuple(uint32, uint32, bytes(300))
    .map(([piece, offset, block]) => ({ type: 'piece' as const, piece, offset, block })),
  fc.nat(65_535).map((port) => ({ type: 'port' as const, port })),
  fc.tuple(fc.nat(255), bytes(300)).map(([id, payload]) => ({ type: 'extended' as const, id, payload })),
  fc
    .tuple(fc.constantFrom('hash-request' as const, 'hash-reject' as const), anyHashRange())
    .map(([type, range]) => ({ type, ...range })),
  fc.tuple(anyHashRange(), fc.nat(8), fc.nat(255)).map(([range, count, byte]) => ({
    type: 'hashes' as const,
    ...range,
    hashes: new Uint8Array(count * 32).fill(byte),
  })),
)
