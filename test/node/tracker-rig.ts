/** Trackers to be asked in tests: real servers on loopback, and an announce to them. */
import { createServer, type RequestListener } from 'node:http'
import type { Server, Socket } from 'node:net'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { nodeClock } from '../../src/node/clock.js'
import { nodeDatagrams } from '../../src/node/datagrams.js'
import { nodeDiscovery } from '../../src/node/discovery.js'
import { TRACKER_BOUNDS } from '../../src/node/http-tracker.js'
import type { Answer } from '../../src/ports.js'
import { infoHash, peerId } from '../../src/values.js'
import { type AnnounceAnswer, type AnnounceRequest, encodeAnnounceAnswer } from '../../src/wire/tracker.js'
import { signal, waitAtMost } from '../contracts/waiting.js'

export const until = waitAtMost(20_000)

export const REQUEST: AnnounceRequest = {
  infoHash: infoHash(Uint8Array.from({ length: 20 }, (_, at) => at * 13)),
  peerId: peerId(Uint8Array.from({ length: 20 }, (_, at) => 255 - at)),
  port: 6_881,
  uploadedBytes: 1,
  downloadedBytes: 2,
  leftBytes: 3,
  event: 'started',
}
export const ANSWER: AnnounceAnswer = {
  intervalSeconds: 1_234,
  complete: 5,
  peers: [{ host: '10.0.0.7', port: 7_007 }],
}
export const ANSWER_BYTES = encodeAnnounceAnswer(ANSWER, { compact: true, noPeerId: true })
export const HTML = '<!DOCTYPE html><html><body>This domain is for sale</body></html>'

export interface Tracker {
  readonly url: string
  /** Connections that are open. */
  readonly sockets: Set<Socket>
  /** Bytes written to connections that were closed since. */
  readonly writtenBytes: number
  whenAllClosed(): Promise<void>
}

export const withServer = async (
  server: Server,
  scheme: string,
  check: (tracker: Tracker) => Promise<void>,
): Promise<void> => {
  const sockets = new Set<Socket>()
  let writtenBytes = 0
  const closed: (() => void)[] = []
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      writtenBytes += socket.bytesWritten
      sockets.delete(socket)
      if (sockets.size === 0) for (const tell of closed.splice(0)) tell()
    })
  })
  const listening = signal<void>()
  server.listen(0, '127.0.0.1', () => listening.send())
  await until(listening.promise, 'the tracker listens')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    await check({
      url: `${scheme}://127.0.0.1:${port}/announce`,
      sockets,
      get writtenBytes() {
        return writtenBytes
      },
      whenAllClosed: () =>
        sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => closed.push(() => resolve())),
    })
  } finally {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
}

export const withTracker = (listener: RequestListener, check: (tracker: Tracker) => Promise<void>): Promise<void> =>
  withServer(createServer(listener), 'http', check)

export const announce = (
  url: string,
  timeoutMs: number = LIMITS.trackerTimeoutMs,
  request = REQUEST,
): Promise<Answer<AnnounceAnswer>> => {
  const answered = signal<Answer<AnnounceAnswer>>()
  let calls = 0
  nodeDiscovery(nodeClock(), nodeDatagrams(), { bounds: { ...TRACKER_BOUNDS, timeoutMs } }).announce(
    url,
    request,
    (answer) => {
      calls++
      assert.is(calls, 1, 'done is called once')
      answered.send(answer)
    },
  )
  assert.is(calls, 0, 'done is not called from within the call')
  return until(answered.promise, 'the announce is answered')
}

/** `CODE: message`, or `done`. */
export const outcomeOf = async (url: string, timeoutMs?: number): Promise<string> => {
  const answer = await announce(url, timeoutMs)
  return answer.type === 'done' ? 'done' : `${answer.failure.code}: ${answer.failure.message}`
}
