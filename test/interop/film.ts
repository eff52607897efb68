/**
 * A film that any browser plays, made here: WebM (EBML), of one picture of VP8 again and again, a cluster each second, with
 * filling between them that makes it as long as films are. Its index (Cues) stands at the end, as in many real ones.
 */

/** 16 by 16, orange; a keyframe, so that a film may be entered anywhere. */
const PICTURE = Buffer.from('8AIAnQEqEAAQAABHCIWFiIWEiAICAnWqA/gD+gINTRgA/vvo///p99mDOOf/T8H/62A2QBTf9aAA', 'base64')
const SIDE = 16
const PICTURES_PER_SECOND = 10
const TRACK = 1

const LENGTH_BYTES = 4

/** An element by its number in hexadecimal: lengths are written in 4 bytes, whatever they are. */
const element = (id: string, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(0x1000_0000 + body.length)
  return Buffer.concat([Buffer.from(id, 'hex'), length, body])
}

const whole = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

const decimal = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes
}

const text = (value: string): Buffer => Buffer.from(value, 'latin1')

const HEAD = element(
  '1a45dfa3',
  element('4286', whole(1)),
  element('42f7', whole(1)),
  element('42f2', whole(4)),
  element('42f3', whole(8)),
  element('4282', text('webm')),
  element('4287', whole(2)),
  element('4285', whole(2)),
)

const info = (seconds: number): Buffer =>
  element(
    '1549a966',
    element('2ad7b1', whole(1_000_000)), // times are in milliseconds
    element('4489', decimal(seconds * 1_000)),
    element('4d80', text('torrewind')),
    element('5741', text('torrewind')),
  )

const TRACKS = element(
  '1654ae6b',
  element(
    'ae',
    element('d7', whole(TRACK)),
    element('73c5', whole(TRACK)),
    element('83', whole(1)), // video
    element('86', text('V_VP8')),
    element('e0', element('b0', whole(SIDE)), element('ba', whole(SIDE))),
  ),
)

const picture = (atMs: number): Buffer => {
  const head = Buffer.from([0x80 | TRACK, 0, 0, 0x80])
  head.writeInt16BE(atMs, 1)
  return element('a3', head, PICTURE)
}

const cluster = (second: number, fillingBytes: number): Buffer =>
  element(
    '1f43b675',
    element('e7', whole(second * 1_000)),
    ...Array.from({ length: PICTURES_PER_SECOND }, (_, at) => picture((at * 1_000) / PICTURES_PER_SECOND)),
    element('ec', Buffer.alloc(fillingBytes, second)),
  )

const seekTo = (index: number): Buffer =>
  element('114d9b74', element('4dbb', element('53ab', Buffer.from('1c53bb6b', 'hex')), element('53ac', whole(index))))

/** A film of so many seconds, each of at least so many bytes. */
export const makeFilm = (seconds: number, bytesPerSecond: number): Buffer => {
  const clusters = Array.from({ length: seconds }, (_, second) => cluster(second, bytesPerSecond))
  const before = [seekTo(0), info(seconds), TRACKS]
  const starts: number[] = []
  let end = before.reduce((sum, { length }) => sum + length, 0)
  for (const { length } of clusters) {
    starts.push(end)
    end += length
  }
  const cues = starts.map((start, second) =>
    element(
      'bb',
      element('b3', whole(second * 1_000)),
      element('b7', element('f7', whole(TRACK)), element('f1', whole(start))),
    ),
  )
  const index = element('1c53bb6b', ...cues)
  return Buffer.concat([HEAD, element('18538067', seekTo(end), info(seconds), TRACKS, ...clusters, index)])
}
