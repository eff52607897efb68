/** The contract of data channels: what every implementation of the port does, of two sides that are introduced by hand. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Connection, DataChannelAttempt, DataChannels, Failure } from '../../src/ports.js'
import { signal, type Until } from './waiting.js'

export interface DataChannelsWorld {
  /** Of two machines, or of one twice. */
  readonly channels: readonly [DataChannels, DataChannels]
  readonly until: Until
}

/** One side, and what it hears. */
class Side {
  readonly heard: string[] = []
  readonly #bytes: Buffer[] = []
  readonly #opened = signal<Connection>()
  readonly #closed = signal<Failure>()
  readonly attempt: DataChannelAttempt
  #enough = (): void => undefined

  constructor(channels: DataChannels, offer: string | undefined, described: (sdp: string) => void) {
    this.attempt = channels.open(offer, {
      described: (sdp) => {
        this.heard.push('described')
        described(sdp)
      },
      opened: (connection) => {
        this.heard.push('opened')
        this.#opened.send(connection)
        return {
          opened: () => this.heard.push('opened again'),
          received: (chunk) => {
            this.#bytes.push(Buffer.from(chunk))
            this.#enough()
          },
          closed: (failure) => {
            this.heard.push('closed')
            this.#closed.send(failure)
          },
        }
      },
      failed: (failure) => {
        this.heard.push('failed')
        this.#closed.send(failure)
      },
    })
    assert.equal(this.heard, [], 'nothing is called from within the call')
  }

  get opened(): Promise<Connection> {
    return this.#opened.promise
  }

  get closed(): Promise<Failure> {
    return this.#closed.promise
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#bytes)
  }

  received(length: number): Promise<void> {
    return new Promise((resolve) => {
      this.#enough = () => {
        if (this.bytes.length >= length) resolve()
      }
      this.#enough()
    })
  }
}

export const dataChannelsContract = (
  name: string,
  withWorld: (work: (world: DataChannelsWorld) => Promise<void>) => Promise<void>,
): void => {
  const claim = (what: string, work: (world: DataChannelsWorld) => Promise<void>): void => {
    test(`${name}: ${what}`, () => withWorld(work))
  }
  const meet = async ({ channels, until }: DataChannelsWorld) => {
    let answering: Side | undefined
    const offering = new Side(channels[0], undefined, (offer) => {
      answering = new Side(channels[1], offer, (answer) => offering.attempt.answered(answer))
    })
    const left = await until(offering.opened, 'the offering side is open')
    if (answering === undefined) throw new Error('nobody answered')
    return { offering, answering, left, right: await until(answering.opened, 'the answering side is open') }
  }

  claim('what each side sends arrives at the other whole and in order', async (world) => {
    const { offering, answering, left, right } = await meet(world)
    for (const { transport, protection } of [left, right]) assert.equal([transport, protection], ['webrtc', 'dtls'])
    assert.equal([offering.heard, answering.heard], Array(2).fill(['described', 'opened']))
    const bytes = Buffer.alloc(300_003)
    for (let at = 0; at < bytes.length; at++) bytes[at] = at % 251
    const flushed = new Promise<void>((resolve) => left.send([bytes.subarray(0, 7), bytes.subarray(7)], resolve))
    assert.ok(left.unsentBytes >= bytes.length)
    right.send([Buffer.from('back')])
    await world.until(Promise.all([flushed, answering.received(bytes.length), offering.received(4)]), 'all is there')
    assert.ok(answering.bytes.equals(bytes))
    assert.is(offering.bytes.toString(), 'back')
    left.close()
    right.close()
  })

  claim('one side ends it, which the other hears once, and what is sent afterwards is lost', async (world) => {
    const { offering, answering, left, right } = await meet(world)
    left.close()
    left.close()
    const { code } = await world.until(answering.closed, 'it is closed')
    assert.ok(code === 'EOF' || code === 'ECONNRESET', code)
    for (const end of [left, right]) end.send([Buffer.from('too late')], () => assert.unreachable())
    offering.attempt.close()
    assert.equal(
      [offering.heard, answering.heard.slice(1)],
      [
        ['described', 'opened'],
        ['opened', 'closed'],
      ],
    )
  })

  claim('nothing comes while nobody reads, and all of it afterwards', async (world) => {
    const { offering, answering, left, right } = await meet(world)
    right.pause()
    left.send([Buffer.alloc(50_000)])
    right.send([Buffer.from('?')])
    await world.until(offering.received(1), 'the question is there')
    assert.is(answering.bytes.length, 0)
    right.resume()
    await world.until(answering.received(50_000), 'all is there')
    left.close()
    right.close()
  })

  claim('an offer and an answer that make no sense fail, each once', async ({ channels, until }) => {
    const answering = new Side(channels[1], 'no description', () => assert.unreachable())
    assert.is((await until(answering.closed, 'the answer fails')).code, 'EPROTO')
    const offering = new Side(channels[0], undefined, () => offering.attempt.answered('no description'))
    assert.is((await until(offering.closed, 'the offer fails')).code, 'EPROTO')
    assert.equal([answering.heard, offering.heard], [['failed'], ['described', 'failed']])
  })

  claim('what is given up calls nobody back', async ({ channels, until }) => {
    const described = signal<void>()
    const silent = new Side(channels[0], undefined, () => assert.unreachable())
    silent.attempt.close()
    const offering: Side = new Side(channels[0], undefined, (offer) => {
      const answering: Side = new Side(channels[1], offer, (answer) => {
        offering.attempt.close()
        offering.attempt.close()
        offering.attempt.answered(answer)
        answering.attempt.close()
        described.send()
      })
    })
    await until(described.promise, 'both are described')
    const other = await meet({ channels, until })
    assert.equal([silent.heard, offering.heard], [[], ['described']])
    other.left.close()
    other.right.close()
  })
}
