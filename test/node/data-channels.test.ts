/** Data channels over loopback: two of ours, introduced to each other by hand. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { loadDataChannels } from '../../src/node/data-channels.js'
import type { Connection, DataChannelAttempt, Failure } from '../../src/ports.js'

const test = suite('data channels')

const channels = loadDataChannels({ host: '127.0.0.1', stunServers: [], isBlocked: () => false })

class Side {
  readonly opened: Promise<Connection>
  readonly closed: Promise<Failure>
  readonly chunks: Buffer[] = []
  readonly attempt: DataChannelAttempt
  onReceived: () => void = () => undefined

  constructor(offer: string | undefined, described: (sdp: string) => void, from = channels) {
    let isOpen: (connection: Connection) => void
    let isClosed: (failure: Failure) => void
    this.opened = new Promise((resolve) => {
      isOpen = resolve
    })
    this.closed = new Promise((resolve) => {
      isClosed = resolve
    })
    this.attempt = from.open(offer, {
      described,
      opened: (connection) => {
        isOpen(connection)
        return {
          opened: () => undefined,
          received: (chunk) => {
            this.chunks.push(Buffer.from(chunk))
            this.onReceived()
          },
          closed: (failure) => isClosed(failure),
        }
      },
      failed: (failure) => isClosed(failure),
    })
  }

  get length(): number {
    return this.chunks.reduce((sum, { length }) => sum + length, 0)
  }

  received(length: number): Promise<void> {
    return new Promise((resolve) => {
      this.onReceived = () => {
        if (this.length >= length) resolve()
      }
      this.onReceived()
    })
  }
}

const pair = async (): Promise<readonly [Side, Side]> => {
  let answering: Side | undefined
  const offering = new Side(undefined, (offer) => {
    answering = new Side(offer, (answer) => offering.attempt.answered(answer))
  })
  await offering.opened
  assert.ok(answering)
  await answering.opened
  return [offering, answering]
}

test('data channels: what one side sends arrives at the other whole and in order, and each knows where the other is', async () => {
  const [one, other] = await pair()
  const [left, right] = [await one.opened, await other.opened]
  assert.equal([left.remote.host, right.remote.host], ['127.0.0.1', '127.0.0.1'])
  assert.equal([left.transport, left.protection], ['webrtc', 'dtls'])
  const bytes = Buffer.alloc(1_000_003)
  for (let at = 0; at < bytes.length; at++) bytes[at] = at % 251
  const flushed = new Promise<void>((resolve) => left.send([bytes.subarray(0, 7), bytes.subarray(7)], resolve))
  assert.is(left.unsentBytes >= 1_000_003, true)
  right.send([Buffer.from('back')])
  await Promise.all([flushed, other.received(bytes.length), one.received(4)])
  assert.ok(Buffer.concat(other.chunks).equals(bytes))
  assert.is(Buffer.concat(one.chunks).toString(), 'back')
  left.close()
  const { code } = await other.closed
  assert.ok(['EOF', 'ECONNRESET'].includes(code), code)
  left.send([bytes], () => assert.unreachable())
  right.close()
})

test('data channels: nothing comes while nobody reads, and all of it afterwards', async () => {
  const [one, other] = await pair()
  const [left, right] = [await one.opened, await other.opened]
  right.pause()
  await new Promise<void>((resolve) => left.send([Buffer.alloc(3 * LIMITS.webRtcMessageBytes)], resolve))
  right.send([Buffer.from('?')])
  await one.received(1)
  assert.is(other.length, 0)
  right.resume()
  await other.received(3 * LIMITS.webRtcMessageBytes)
  left.close()
  right.close()
})

test('data channels: an offer that makes no sense fails, and nothing of it is left', async () => {
  const side = new Side('no description', () => assert.unreachable())
  assert.is((await side.closed).code, 'EPROTO')
})

test('data channels: what is given up calls nobody back', async () => {
  await new Promise<void>((resolve) => {
    const side = new Side(undefined, () => {
      side.attempt.close()
      side.attempt.close()
      resolve()
    })
    side.closed.then(() => assert.unreachable())
    side.opened.then(() => assert.unreachable())
  })
})

test.run()
