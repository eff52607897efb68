/** Integers as the protocols write them: big-endian, without sign, read and written by hand because that is fast. */
import { assert } from '../assert.js'

/** The caller has checked that the bytes are there; a byte past the end reads as 0. */
export const readUint16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)

/** The caller has checked that the bytes are there; a byte past the end reads as 0. */
export const readUint32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0

/** What is beyond the whole numbers that are exact here reads as the largest of them. */
export const readUint64 = (bytes: Uint8Array, at: number): number =>
  Math.min(readUint32(bytes, at) * 0x1_0000_0000 + readUint32(bytes, at + 4), Number.MAX_SAFE_INTEGER)

export const writeUint16 = (bytes: Uint8Array, at: number, value: number): void => {
  assert((value & 0xffff) === value, 'a number of 16 bits is a whole number from 0 to 65535')
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export const writeUint32 = (bytes: Uint8Array, at: number, value: number): void => {
  assert(value >>> 0 === value, 'a number of 32 bits is a whole number from 0 to 4294967295')
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

export const writeUint64 = (bytes: Uint8Array, at: number, value: number): void => {
  assert(Number.isSafeInteger(value) && value >= 0, 'a number of 64 bits is a whole number from 0, and exact')
  writeUint32(bytes, at, Math.floor(value / 0x1_0000_0000))
  writeUint32(bytes, at + 4, value % 0x1_0000_0000)
}

export const writeUint8 = (bytes: Uint8Array, at: number, value: number): void => {
  assert((value & 0xff) === value, 'a number of 8 bits is a whole number from 0 to 255')
  bytes[at] = value
}
