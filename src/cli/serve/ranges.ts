/** Ranges of HTTP (RFC 9110): which bytes of a file a request asks for. */

export interface ByteRange {
  readonly start: number
  /** The last byte, which is part of it. */
  readonly end: number
}

/** More ranges in one request are those of somebody who wants to keep us busy. */
const RANGES_MAX = 16
const HEADER_CHARACTERS_MAX = 1_024

/**
 * The ranges that there are; `unsatisfiable` where there is none of them; undefined where the header is none that has to
 * be understood, and the whole file is the answer.
 */
export const readRanges = (
  header: string | undefined,
  length: number,
): readonly ByteRange[] | 'unsatisfiable' | undefined => {
  if (header === undefined || header.length > HEADER_CHARACTERS_MAX) return undefined
  const [, list] = /^bytes=(.+)$/i.exec(header.trim()) ?? []
  const parts = list?.split(',') ?? []
  if (parts.length === 0 || parts.length > RANGES_MAX) return undefined
  const ranges: ByteRange[] = []
  for (const part of parts) {
    const [, first = '', last = ''] = /^\s*(\d{0,15})-(\d{0,15})\s*$/.exec(part) ?? []
    if (first === '' && last === '') return undefined
    const suffix = first === ''
    const start = suffix ? Math.max(0, length - Number(last)) : Number(first)
    const end = suffix || last === '' ? length - 1 : Math.min(Number(last), length - 1)
    if (!suffix && last !== '' && Number(last) < Number(first)) return undefined
    if (start <= end && start < length) ranges.push({ start, end })
  }
  return ranges.length === 0 ? 'unsatisfiable' : ranges
}
