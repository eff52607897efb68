/** Clients of the HTTP front for its tests: well-behaved ones over node:http, and sockets that send any bytes. */
import { Agent, get, type IncomingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'
import { peerId } from '../../src/values.js'
import {
  type AnnounceRequest,
  announceUrl,
  type ReadAnnounceAnswer,
  readAnnounceAnswer,
  readScrapeAnswer,
  type ScrapeAnswer,
  scrapeUrl,
} from '../../src/wire/tracker.js'
import { hashOf, idOf } from './swarm-world.js'

/** Nothing here takes as long, unless it is broken. */
const BOUND_MS = 15_000

export interface Response {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Port of our end: the same for requests of one connection. */
  readonly localPort: number
}

export const fetchUrl = (url: string, agent?: Agent): Promise<Response> =>
  new Promise((resolve, reject) => {
    const request = get(url, { agent: agent ?? new Agent(), timeout: BOUND_MS }, (response) => {
      const chunks: Buffer[] = []
      const localPort = response.socket.localPort ?? 0
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, body: Buffer.concat(chunks), localPort })
      })
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${BOUND_MS} ms`)))
    request.on('error', reject)
  })

export const request = (number: number, more: Partial<AnnounceRequest> = {}): AnnounceRequest => ({
  infoHash: hashOf(1),
  peerId: peerId(idOf(number)),
  port: 6_000 + number,
  uploadedBytes: 0,
  downloadedBytes: 0,
  leftBytes: 1,
  ...more,
})

export const askAnnounce = async (base: string, asked: AnnounceRequest, agent?: Agent): Promise<ReadAnnounceAnswer> => {
  const { status, body } = await fetchUrl(announceUrl(`${base}/announce`, asked), agent)
  const answer = readAnnounceAnswer(body)
  if (status !== 200 || answer.type !== 'answer') throw new Error(`${status}: ${JSON.stringify(answer)}`)
  return answer
}

export const askScrape = async (base: string, numbers: readonly number[]): Promise<ScrapeAnswer> => {
  const { status, body } = await fetchUrl(scrapeUrl(`${base}/announce`, numbers.map(hashOf)) ?? '')
  const answer = readScrapeAnswer(body)
  if (status !== 200 || answer.type !== 'answer') throw new Error(`${status}: ${JSON.stringify(answer)}`)
  return answer
}

/** The `failure reason` of an answer under HTTP 200. */
export const failureOf = async (url: string): Promise<string> => {
  const { status, body } = await fetchUrl(url)
  const answer = readAnnounceAnswer(body)
  if (status !== 200 || answer.type !== 'failure') throw new Error(`${status}: ${body.toString('latin1')}`)
  return answer.reason
}

/** A connection that sends what it is told to, and collects what comes. */
export class RawClient {
  readonly socket: Socket
  text = ''
  closed = false
  #watchers = new Set<() => void>()

  private constructor(socket: Socket) {
    this.socket = socket
    // A reset is one of the ways in which a server may close a connection.
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1')
      this.#tell()
    })
    for (const end of ['end', 'close'] as const) {
      socket.on(end, () => {
        this.closed = true
        this.#tell()
      })
    }
  }

  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawClient(socket))
      })
    })
  }

  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  async until(what: string, holds: (client: RawClient) => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`not ${what} within ${BOUND_MS} ms: ${this.text.slice(0, 200)}`)),
        BOUND_MS,
      )
      const look = (): void => {
        if (!holds(this)) return
        clearTimeout(timer)
        this.#watchers.delete(look)
        resolve()
      }
      this.#watchers.add(look)
      look()
    })
  }

  #tell(): void {
    for (const look of [...this.#watchers]) look()
  }
}
