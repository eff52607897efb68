/** The contract of datagrams: what every implementation of the `Datagrams` port does. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import type { Answer, BindOptions, DatagramSocket, Datagrams } from '../../src/ports.js'
import type { PeerAddress } from '../../src/values.js'
import { signal, type Until } from './waiting.js'

/** A world in which no datagram is lost that there is room for. */
export interface DatagramsWorld {
  readonly datagrams: Datagrams
  /** An address of this world that can be bound to, and one that it does not have; of the same family. */
  readonly host: string
  readonly elsewhere: string
  /** An address of the other family. */
  readonly foreign: string
  readonly until: Until
  close(): Promise<void>
}

interface Heard {
  readonly bytes: readonly number[]
  readonly from: PeerAddress
}

/** A socket and what it was sent. */
export interface Mailbox {
  readonly socket: DatagramSocket
  readonly address: PeerAddress
  readonly heard: Heard[]
  whenHeard(count: number): Promise<void>
}

/** Binds, and says what came of it. */
export const binding = (datagrams: Datagrams, options: BindOptions): Promise<Answer<DatagramSocket>> => {
  const told = signal<Answer<DatagramSocket>>()
  let calls = 0
  datagrams.bind(options, (answer) => {
    calls++
    assert.is(calls, 1, 'it is told once')
    told.send(answer)
  })
  assert.is(calls, 0, 'nothing is called back from within bind')
  return told.promise
}

export const mailbox = async (
  { datagrams, until }: Pick<DatagramsWorld, 'datagrams' | 'until'>,
  host: string | undefined,
  sendHost = host ?? '',
): Promise<Mailbox> => {
  const heard: Heard[] = []
  const waiting: { readonly count: number; readonly enough: () => void }[] = []
  const received = (bytes: Uint8Array, from: PeerAddress): void => {
    heard.push({ bytes: [...bytes], from })
    for (const { count, enough } of waiting) if (heard.length >= count) enough()
  }
  const answer = await until(binding(datagrams, { port: 0, host, received }), 'binding')
  if (answer.type === 'failed') throw new Error(answer.failure.message)
  const socket = answer.value
  return {
    socket,
    address: { host: sendHost, port: socket.port },
    heard,
    whenHeard: (count) => {
      if (heard.length >= count) return Promise.resolve()
      const enough = signal<void>()
      waiting.push({ count, enough: () => enough.send() })
      return enough.promise
    },
  }
}

const outcome = (answer: Answer<undefined>): string => (answer.type === 'done' ? 'done' : answer.failure.code)

/** Sends, and says what came of it. */
const sending = (socket: DatagramSocket, chunks: readonly Uint8Array[], to: PeerAddress): Promise<string> => {
  const told = signal<string>()
  let calls = 0
  socket.send(chunks, to, (answer) => {
    calls++
    told.send(calls === 1 ? outcome(answer) : 'told twice')
  })
  assert.is(calls, 0, 'nothing is called back from within send')
  return told.promise
}

/** Waits until another pair had every chance to be served. */
const whileOthersTalk = async (world: DatagramsWorld, rounds = 20): Promise<void> => {
  const [left, right] = [await mailbox(world, world.host), await mailbox(world, world.host)]
  for (let round = 1; round <= rounds; round++) {
    left.socket.send([Uint8Array.of(round)], right.address)
    await world.until(right.whenHeard(round), 'others talk')
    right.socket.send([Uint8Array.of(round)], left.address)
    await world.until(left.whenHeard(round), 'others talk')
  }
  left.socket.close()
  right.socket.close()
}

export const datagramsContract = (name: string, makeWorld: () => Promise<DatagramsWorld>): void => {
  const claim = (text: string, check: (world: DatagramsWorld) => Promise<void>): void => {
    test(`${name}: ${text}`, async () => {
      const world = await makeWorld()
      try {
        await check(world)
      } finally {
        await world.close()
      }
    })
  }

  claim('a datagram arrives whole, and says whom to answer', async (world) => {
    const [left, right] = [await mailbox(world, world.host), await mailbox(world, world.host)]
    assert.ok(left.socket.port > 0 && left.socket.port !== right.socket.port)
    const chunks = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)]
    assert.is(await world.until(sending(left.socket, chunks, right.address), 'sending'), 'done')
    await world.until(right.whenHeard(1), 'it arrives')
    assert.equal(right.heard, [{ bytes: [1, 2, 3], from: left.address }])
    right.socket.send([Uint8Array.of(9)], right.heard[0]?.from ?? left.address)
    await world.until(left.whenHeard(1), 'the answer arrives')
    assert.equal(left.heard, [{ bytes: [9], from: right.address }])
    left.socket.close()
    right.socket.close()
  })

  claim('each is a message of its own, the empty one too', async (world) => {
    const [left, right] = [await mailbox(world, world.host), await mailbox(world, world.host)]
    for (const length of [0, 1, 1_472, 9_000]) {
      const count = right.heard.length + 1
      left.socket.send(length === 0 ? [] : [new Uint8Array(length).fill(7)], right.address)
      await world.until(right.whenHeard(count), `${length} bytes arrive`)
    }
    assert.equal(
      right.heard.map(({ bytes }) => bytes.length),
      [0, 1, 1_472, 9_000],
    )
    left.socket.close()
    right.socket.close()
  })

  claim('the longest arrives, and one byte more is EMSGSIZE', async (world) => {
    const [left, right] = [await mailbox(world, world.host), await mailbox(world, world.host)]
    const longest = Uint8Array.from({ length: LIMITS.datagramBytesMax }, (_, at) => at % 251)
    const sent = [longest, Uint8Array.of(1)]
    assert.is(await world.until(sending(left.socket, sent, right.address), 'sending too much'), 'EMSGSIZE')
    assert.is(await world.until(sending(left.socket, [longest], right.address), 'sending the longest'), 'done')
    await world.until(right.whenHeard(1), 'the longest arrives')
    assert.equal(Uint8Array.from(right.heard[0]?.bytes ?? []), longest)
    assert.is(right.heard.length, 1)
    left.socket.close()
    right.socket.close()
  })

  claim('what cannot be sent to is a failure, and the next is sent', async (world) => {
    const [left, right] = [await mailbox(world, world.host), await mailbox(world, world.host)]
    const wrong: [PeerAddress, string][] = [
      [{ host: world.host, port: 0 }, 'EINVAL'],
      [{ host: world.host, port: 65_536 }, 'EINVAL'],
      [{ host: world.host, port: 1.5 }, 'EINVAL'],
      [{ host: 'localhost', port: 1 }, 'EINVAL'],
      [{ host: '', port: 1 }, 'EINVAL'],
      [{ host: '1.2.3', port: 1 }, 'EINVAL'],
      [{ host: world.foreign, port: 1 }, 'EAFNOSUPPORT'],
    ]
    for (const [to, code] of wrong)
      assert.is(await world.until(sending(left.socket, [Uint8Array.of(1)], to), `sending to ${to.host}`), code)
    assert.is(await world.until(sending(left.socket, [Uint8Array.of(2)], right.address), 'sending'), 'done')
    await world.until(right.whenHeard(1), 'the next arrives')
    assert.equal(right.heard[0]?.bytes, [2])
    left.socket.close()
    right.socket.close()
  })

  claim('a datagram that nobody waits for is no failure', async (world) => {
    const [left, right] = [await mailbox(world, world.host), await mailbox(world, world.host)]
    right.socket.close()
    for (let send = 0; send < 3; send++)
      assert.is(await world.until(sending(left.socket, [Uint8Array.of(1)], right.address), 'sending'), 'done')
    await whileOthersTalk(world)
    assert.equal([left.heard, right.heard], [[], []])
    left.socket.close()
  })

  claim('more than may wait at one time are ENOBUFS, and once they left there is room again', async (world) => {
    const [left, right] = [await mailbox(world, world.host), await mailbox(world, world.host)]
    const { datagramsUnsentMax } = LIMITS
    const sends = Array.from({ length: datagramsUnsentMax + 10 }, () =>
      sending(left.socket, [Uint8Array.of(1)], right.address),
    )
    const outcomes = await world.until(Promise.all(sends), 'sending many')
    assert.ok(outcomes.slice(0, datagramsUnsentMax).every((code) => code === 'done'))
    assert.ok(outcomes.slice(datagramsUnsentMax).every((code) => code === 'ENOBUFS'))
    assert.is(await world.until(sending(left.socket, [Uint8Array.of(1)], right.address), 'sending'), 'done')
    left.socket.close()
    right.socket.close()
  })

  claim('a port that is taken is EADDRINUSE, and can be had once it is closed', async (world) => {
    const { datagrams, host, until } = world
    const first = await mailbox(world, host)
    const options = { port: first.socket.port, host, received: () => undefined }
    const second = await until(binding(datagrams, options), 'binding again')
    assert.is(second.type === 'failed' && second.failure.code, 'EADDRINUSE')
    first.socket.close()
    first.socket.close()
    const third = await until(binding(datagrams, options), 'binding after that')
    assert.is(third.type === 'done' && third.value.port, options.port)
    if (third.type === 'done') third.value.close()
  })

  claim('an address that is not of this machine is EADDRNOTAVAIL, and no address at all EINVAL', async (world) => {
    const codes: unknown[] = []
    for (const host of [world.elsewhere, 'localhost', '']) {
      const answer = await world.until(
        binding(world.datagrams, { port: 0, host, received: () => undefined }),
        `binding to ${host}`,
      )
      codes.push(answer.type === 'failed' && answer.failure.code)
    }
    assert.equal(codes, ['EADDRNOTAVAIL', 'EINVAL', 'EINVAL'])
  })

  claim('nothing is called back after close, and what is asked of a closed socket does nothing', async (world) => {
    const [left, right] = [await mailbox(world, world.host), await mailbox(world, world.host)]
    const told: string[] = []
    left.socket.send([Uint8Array.of(1)], right.address, (answer) => told.push(outcome(answer)))
    left.socket.send([Uint8Array.of(1)], { host: '', port: 0 }, (answer) => told.push(outcome(answer)))
    left.socket.close()
    left.socket.send([Uint8Array.of(2)], right.address, (answer) => told.push(outcome(answer)))
    right.socket.send([Uint8Array.of(3)], left.address)
    await whileOthersTalk(world)
    assert.equal([told, left.heard], [[], []])
    assert.ok(right.heard.every(({ bytes }) => bytes[0] === 1))
    right.socket.close()
  })

  claim('a socket may be closed from within received', async (world) => {
    const heard: number[] = []
    const answer = await world.until(
      binding(world.datagrams, {
        port: 0,
        host: world.host,
        received: (bytes) => {
          heard.push(bytes[0] ?? -1)
          if (answer.type === 'done') answer.value.close()
        },
      }),
      'binding',
    )
    if (answer.type === 'failed') throw new Error(answer.failure.message)
    const left = await mailbox(world, world.host)
    const to = { host: world.host, port: answer.value.port }
    for (let send = 1; send <= 3; send++) left.socket.send([Uint8Array.of(send)], to)
    await whileOthersTalk(world)
    assert.is(heard.length, 1)
    left.socket.close()
  })

  claim('without a host it is bound to all addresses', async (world) => {
    const [all, left] = [await mailbox(world, undefined, world.host), await mailbox(world, world.host)]
    left.socket.send([Uint8Array.of(1)], all.address)
    await world.until(all.whenHeard(1), 'it arrives')
    assert.equal(all.heard, [{ bytes: [1], from: left.address }])
    all.socket.send([Uint8Array.of(2)], left.address)
    await world.until(left.whenHeard(1), 'the answer arrives')
    assert.equal(left.heard, [{ bytes: [2], from: all.address }])
    all.socket.close()
    left.socket.close()
  })
}
