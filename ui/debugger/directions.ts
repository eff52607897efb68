/** Which way an event goes between us and a peer, as a sequence diagram shows it. */
import type { EventRow } from './api.js'

export type Direction = 'out' | 'in' | 'note'

const NOT_BY_NAME: Readonly<Record<string, Direction>> = {
  'dial-began': 'out',
  'blocks-requested': 'out',
  'requests-cancelled': 'out',
  'request-refused': 'out',
  'block-served': 'out',
  'peer-accepted': 'in',
  'peer-connected': 'in',
  'block-wasted': 'in',
  'block-refused': 'in',
}

export const directionOf = ({ type }: EventRow): Direction => {
  const known = NOT_BY_NAME[type]
  if (known !== undefined) return known
  if (type.endsWith('-sent')) return 'out'
  return type.endsWith('-received') ? 'in' : 'note'
}

const BLOCK_BYTES = 16_384

/** What is said, in few words: blocks as `piece:block`, and of other events the fields but for the peer's number. */
export const wordsOf = ({ type, text }: EventRow): string => {
  const name = type
    .replace(/-(sent|received)$/, '')
    .replace('blocks-requested', 'request')
    .replace('block-served', 'block')
  const ranges = [...text.matchAll(/piece=(\d+) offset=(\d+)/g)]
  if (ranges.length === 0) return `${name} ${text.replace(/\bpeer=\d+ ?/, '')}`.trim()
  const more = /… (\d+) in all/.exec(text)?.[1]
  const blocks = ranges.map(([, piece, offset]) => `${piece}:${Math.floor(Number(offset) / BLOCK_BYTES)}`)
  return `${name} ${blocks.join(', ')}${more === undefined ? '' : ` … ${more}`}`
}
