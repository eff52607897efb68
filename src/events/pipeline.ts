/**
 * The pipeline: how many blocks to have on order from one peer, folded from what came and when.
 *
 * The aim is the product of bandwidth and delay: as many blocks as the peer can send while a request travels to it and
 * the answer back, and some slack so that a busy peer or disk does not run dry: half a second's worth, but for a fast
 * peer no more than a few mebibytes, which would only fill buffers. Delay is the least that a block took, so that our own
 * queue does not make itself longer; now and then the queue is let run short to see the delay anew, since routes change
 * (BBR does the same). Bandwidth is counted over rounds. A new peer starts small and gains a block for each that comes
 * (doubling each round trip), until a round brings no tenth more.
 */
import type { Instant } from '../values.js'
import { BLOCK_BYTES, ZERO } from '../values.js'

export interface Pipeline {
  /** Blocks to have on order. */
  target: number
  starting: boolean
  /** Bytes a second, of the last round and smoothed. */
  rate: number
  roundStart: number
  roundBytes: number
  /** Least time that a block took, in ms. */
  delayMs: number
  delaySeenAt: number
  /** Since when the queue is let run short; 0 while it is not. */
  probingSince: number
}

export const PIPELINE = {
  /** More is asked of nobody who has not shown how fast it is: what many slow peers owe is a good part of a torrent. */
  initial: 4,
  /** One that comes and one that waits. */
  least: 2,
  /** Beyond the delay itself: what a busy peer or disk may take. */
  slackMs: 500,
  slackBytesMax: 6 * 1_048_576,
  roundMs: 100,
  /** A delay seen longer ago than this is looked at anew. */
  delayAgeMs: 10_000,
} as const

export const newPipeline = (): Pipeline => ({
  target: PIPELINE.initial,
  starting: true,
  rate: ZERO,
  roundStart: ZERO,
  roundBytes: ZERO,
  delayMs: ZERO,
  delaySeenAt: ZERO,
  probingSince: ZERO,
})

/** Blocks that bandwidth, delay and slack ask for; before the first round, when nothing is known, the most of slack. */
const product = ({ rate, delayMs }: Readonly<Pipeline>): number => {
  const slackBytes =
    rate === 0 ? PIPELINE.slackBytesMax : Math.min((rate * PIPELINE.slackMs) / 1_000, PIPELINE.slackBytesMax)
  return Math.ceil(((rate * delayMs) / 1_000 + slackBytes) / BLOCK_BYTES)
}

/** Half of what is on its way at any time: the queue at the peer runs empty, and shows how long a block takes without. */
const probe = ({ rate, delayMs }: Readonly<Pipeline>): number => Math.ceil((rate * delayMs) / 2_000 / BLOCK_BYTES) + 1

const noteDelay = (pipeline: Pipeline, at: Instant, requestedAt: number): void => {
  const delayMs = at - requestedAt
  // What was asked for since the queue ran short did not wait in it.
  const probed = pipeline.probingSince !== 0 && requestedAt > pipeline.probingSince
  if (pipeline.delaySeenAt === 0 || delayMs <= pipeline.delayMs || probed) {
    pipeline.delayMs = delayMs
    pipeline.delaySeenAt = at
    if (pipeline.probingSince !== 0) pipeline.target = product(pipeline)
    pipeline.probingSince = 0
  } else if (at - pipeline.delaySeenAt > PIPELINE.delayAgeMs && pipeline.probingSince === 0 && !pipeline.starting) {
    pipeline.probingSince = at
  }
}

/** A block came that had been asked for at `requestedAt`; the peer lets `most` be on order. */
export const blockCame = (pipeline: Pipeline, at: Instant, requestedAt: number, bytes: number, most: number): void => {
  noteDelay(pipeline, at, requestedAt)
  // Time in which nothing was on order says nothing of the peer.
  if (pipeline.roundBytes === 0) pipeline.roundStart = Math.max(pipeline.roundStart, requestedAt)
  pipeline.roundBytes += bytes
  if (pipeline.starting) pipeline.target = Math.min(pipeline.target + 1, Math.max(pipeline.target, product(pipeline)))
  const roundMs = at - pipeline.roundStart
  if (roundMs >= Math.max(PIPELINE.roundMs, pipeline.delayMs)) {
    const rate = (pipeline.roundBytes * 1_000) / roundMs
    if (pipeline.starting && pipeline.rate > 0 && rate < pipeline.rate * 1.1) pipeline.starting = false
    pipeline.rate = pipeline.rate === 0 ? rate : pipeline.rate * 0.7 + rate * 0.3
    pipeline.roundStart = at
    pipeline.roundBytes = 0
    if (!pipeline.starting) pipeline.target = product(pipeline)
  }
  if (pipeline.probingSince === 0) pipeline.target = Math.max(PIPELINE.least, Math.min(pipeline.target, most))
  else pipeline.target = Math.min(probe(pipeline), most)
}
