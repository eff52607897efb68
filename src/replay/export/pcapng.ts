/** pcapng: the blocks of a capture file (draft-ietf-opsawg-pcapng), as Wireshark reads them. */

const BLOCK_SECTION = 0x0a0d0d0a
const BLOCK_INTERFACE = 1
const BLOCK_PACKET = 6
const BYTE_ORDER = 0x1a2b3c4d
/** Each packet begins with its IP header, of version 4 or 6. */
const LINK_RAW = 101
const OPTION_COMMENT = 1
const UNKNOWN_LENGTH = 0xffff_ffff

const padded = (length: number): number => (length + 3) & ~3

const utf8 = new TextEncoder()

/** Type, length, body, length: all in our byte order, which the section says. */
const block = (type: number, bodyBytes: number, write: (view: DataView, at: number) => void): Uint8Array => {
  const length = 12 + padded(bodyBytes)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, type, true)
  view.setUint32(4, length, true)
  write(view, 8)
  view.setUint32(length - 4, length, true)
  return bytes
}

/** What a file begins with: a section, and the one interface that all packets are of. */
export const captureHeader = (): readonly Uint8Array[] => [
  block(BLOCK_SECTION, 16, (view, at) => {
    view.setUint32(at, BYTE_ORDER, true)
    view.setUint16(at + 4, 1, true)
    view.setUint16(at + 6, 0, true)
    view.setUint32(at + 8, UNKNOWN_LENGTH, true)
    view.setUint32(at + 12, UNKNOWN_LENGTH, true)
  }),
  block(BLOCK_INTERFACE, 8, (view, at) => view.setUint16(at, LINK_RAW, true)),
]

/**
 * One packet, of which perhaps only the beginning is there: `bytes` were `length` bytes on the wire. `at` is in ms since
 * 1970; the comment is shown beside the packet.
 */
export const capturedPacket = (at: number, bytes: Uint8Array, length: number, comment: string): Uint8Array => {
  const text = utf8.encode(comment)
  const optionsAt = 20 + padded(bytes.length)
  return block(BLOCK_PACKET, optionsAt + 4 + padded(text.length) + 4, (view, start) => {
    // The interface is the first one; the unit of time is a microsecond, as nothing else was said.
    const us = BigInt(at) * 1_000n
    view.setUint32(start + 4, Number(us >> 32n), true)
    view.setUint32(start + 8, Number(us & 0xffff_ffffn), true)
    view.setUint32(start + 12, bytes.length, true)
    view.setUint32(start + 16, length, true)
    new Uint8Array(view.buffer).set(bytes, start + 20)
    view.setUint16(start + optionsAt, OPTION_COMMENT, true)
    view.setUint16(start + optionsAt + 2, text.length, true)
    new Uint8Array(view.buffer).set(text, start + optionsAt + 4)
  })
}
