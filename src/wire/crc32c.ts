/** CRC32C (Castagnoli), by which node ids are bound to addresses (BEP 42) and peers put in an order (BEP 40). */

/** The polynomial of RFC 3720, its bits in reverse. */
const POLYNOMIAL = 0x82f6_3b78

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let bits = byte
  for (let step = 0; step < 8; step++) bits = (bits & 1) === 1 ? (bits >>> 1) ^ POLYNOMIAL : bits >>> 1
  return bits
})

export const crc32c = (bytes: Uint8Array): number => {
  let bits = 0xffff_ffff
  for (const byte of bytes) bits = (TABLE[(bits ^ byte) & 0xff] ?? 0) ^ (bits >>> 8)
  return ~bits >>> 0
}
