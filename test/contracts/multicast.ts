/** The contract of multicast: what every implementation of the `Multicast` port does. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Answer, Multicast, MulticastSocket } from '../../src/ports.js'
import type { PeerAddress } from '../../src/values.js'
import { signal, type Until } from './waiting.js'

/** A network in which no datagram is lost. */
export interface MulticastWorld {
  readonly multicast: Multicast
  /** Nobody else listens there. */
  readonly group: PeerAddress
  readonly until: Until
  close(): Promise<void>
}

interface Member {
  readonly socket: MulticastSocket
  readonly heard: string[]
  whenHeard(count: number): Promise<void>
}

const utf8 = {
  encode: (text: string) => new TextEncoder().encode(text),
  decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes),
}

/** Joins, and says what came of it. */
export const joining = (
  multicast: Multicast,
  group: PeerAddress,
  received: (bytes: Uint8Array, from: PeerAddress) => void = () => undefined,
): Promise<Answer<MulticastSocket>> => {
  const told = signal<Answer<MulticastSocket>>()
  let calls = 0
  multicast.join({ group, received }, (answer) => {
    calls++
    assert.is(calls, 1, 'it is told once')
    told.send(answer)
  })
  assert.is(calls, 0, 'nothing is called back from within join')
  return told.promise
}

const memberOf = async ({ multicast, group, until }: MulticastWorld): Promise<Member> => {
  const heard: string[] = []
  const waiting: { readonly count: number; readonly enough: () => void }[] = []
  const answer = await until(
    joining(multicast, group, (bytes, from) => {
      assert.ok(from.host !== '', 'it says who sent it')
      heard.push(utf8.decode(bytes))
      for (const { count, enough } of waiting) if (heard.length >= count) enough()
    }),
    'joining',
  )
  if (answer.type === 'failed') throw new Error(`${answer.failure.code}: ${answer.failure.message}`)
  return {
    socket: answer.value,
    heard,
    whenHeard: (count) => {
      if (heard.length >= count) return Promise.resolve()
      const enough = signal<void>()
      waiting.push({ count, enough: () => enough.send() })
      return enough.promise
    },
  }
}

const sending = (socket: MulticastSocket, text: string): Promise<string> => {
  const told = signal<string>()
  let calls = 0
  socket.send(utf8.encode(text), (answer) => {
    calls++
    assert.is(calls, 1, 'it is told once')
    told.send(answer.type === 'done' ? 'done' : answer.failure.code)
  })
  assert.is(calls, 0, 'nothing is called back from within send')
  return told.promise
}

export const multicastContract = (name: string, open: () => Promise<MulticastWorld>): void => {
  const claim = (words: string, check: (world: MulticastWorld) => Promise<void>): void => {
    test(`${name}: ${words}`, async () => {
      const world = await open()
      try {
        await check(world)
      } finally {
        await world.close()
      }
    })
  }

  claim('what one sends to the group all members hear, itself too, once each', async (world) => {
    const [one, other] = [await memberOf(world), await memberOf(world)]
    assert.is(await world.until(sending(one.socket, 'from one'), 'sending'), 'done')
    assert.is(await world.until(sending(other.socket, 'from the other'), 'sending'), 'done')
    for (const member of [one, other]) {
      await world.until(member.whenHeard(2), 'hearing')
      assert.equal([...member.heard].sort(), ['from one', 'from the other'])
    }
    for (const { socket } of [one, other]) socket.close()
  })

  claim('who has closed hears nothing, and sends nothing', async (world) => {
    const [one, other] = [await memberOf(world), await memberOf(world)]
    one.socket.close()
    one.socket.close()
    one.socket.send(utf8.encode('too late'), () => {
      throw new Error('nothing comes after closing')
    })
    assert.is(await world.until(sending(other.socket, 'alone'), 'sending'), 'done')
    await world.until(other.whenHeard(1), 'hearing')
    assert.equal([one.heard, other.heard], [[], ['alone']])
    other.socket.close()
  })

  claim('closing right after sending calls nobody back', async (world) => {
    const one = await memberOf(world)
    one.socket.send(utf8.encode('gone'), () => {
      throw new Error('nothing comes after closing')
    })
    one.socket.close()
    const other = await memberOf(world)
    assert.is(await world.until(sending(other.socket, 'here'), 'sending'), 'done')
    other.socket.close()
  })
}
