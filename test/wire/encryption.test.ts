/** Message stream encryption, both sides of it, from bytes to bytes. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { equalBytes, fromHex, infoHash, toHex } from '../../src/values.js'
import { publicKey, sharedSecret } from '../../src/wire/diffiehellman.js'
import {
  type Agreed,
  EncryptionAcceptor,
  EncryptionDialer,
  type EncryptionMethod,
  encryptedName,
} from '../../src/wire/encryption.js'
import { Rc4 } from '../../src/wire/rc4.js'

const TORRENT = infoHash(Uint8Array.from({ length: 20 }, (_, at) => at))
const OTHER = infoHash(new Uint8Array(20).fill(7))
const BOTH: readonly EncryptionMethod[] = ['handshake', 'rc4']
const text = (words: string): Uint8Array => new TextEncoder().encode(words)

/** Bytes that look like chance, the same in each run; padding as long as is wished. */
const entropyOf = (seed: number, padding: number) => {
  let state = seed
  return (length: number): Uint8Array => {
    if (length === 2) return Uint8Array.of(padding >> 8, padding & 255)
    return Uint8Array.from({ length }, () => {
      state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff
      return state >> 16
    })
  }
}

interface Wishes {
  readonly dialer?: readonly EncryptionMethod[]
  readonly acceptor?: readonly EncryptionMethod[]
  readonly padding?: number
  readonly known?: readonly (typeof TORRENT)[]
}

const pair = ({ dialer = BOTH, acceptor = BOTH, padding = 100, known = [TORRENT] }: Wishes = {}) => ({
  dialing: new EncryptionDialer({ entropy: entropyOf(1, padding), methods: dialer }, TORRENT),
  accepting: new EncryptionAcceptor({ entropy: entropyOf(2, padding), methods: acceptor }, (name) =>
    known.find((hash) => equalBytes(encryptedName(hash), name)),
  ),
})

const agreedOf = (progress: { readonly type: string }): Agreed => {
  assert.is(progress.type, 'agreed')
  return progress as Agreed
}

/** Both sides, each given what the other says, cut at one byte. */
const converse = (wishes: Wishes, cut: number): { readonly dialed: Agreed; readonly accepted: Agreed } => {
  const { dialing, accepting } = pair(wishes)
  let toAcceptor: Uint8Array = dialing.start()
  for (let round = 0; round < 4; round++) {
    const said: Uint8Array[] = []
    let accepted: Agreed | undefined
    for (const part of [toAcceptor.subarray(0, cut), toAcceptor.subarray(cut)].filter(({ length }) => length > 0)) {
      const progress = accepting.push(part)
      if (progress.type === 'fault') throw new Error(progress.reason)
      said.push(progress.send)
      if (progress.type === 'agreed') accepted = progress
    }
    const answer = Buffer.concat(said)
    const back: Uint8Array[] = []
    for (const part of [answer.subarray(0, cut), answer.subarray(cut)].filter(({ length }) => length > 0)) {
      const progress = dialing.push(part)
      if (progress.type === 'fault') throw new Error(progress.reason)
      if (progress.type === 'agreed' && accepted !== undefined) return { dialed: progress, accepted }
      back.push(progress.send)
    }
    toAcceptor = Buffer.concat(back)
  }
  throw new Error('they never agree')
}

test('rc4: gives the stream of its known vectors', () => {
  const stream = (key: string, length: number): string => {
    const bytes = new Uint8Array(length)
    new Rc4(text(key), 0).apply(bytes)
    return toHex(bytes)
  }
  assert.is(stream('Key', 10), 'eb9f7781b734ca72a719')
  assert.is(stream('Wiki', 6), '6044db6d41b7')
  assert.is(stream('Secret', 8), '04d46b053ca87b59')
})

/** The cipher as it is written down, a byte at a time. */
const keyStream = (key: Uint8Array, length: number): Uint8Array => {
  const table = Uint8Array.from({ length: 256 }, (_, at) => at)
  const at = (index: number): number => table[index & 255] ?? 0
  const swap = (one: number, other: number): void => {
    const kept = at(one)
    table[one & 255] = at(other)
    table[other & 255] = kept
  }
  let j = 0
  for (let i = 0; i < 256; i++) {
    j = (j + at(i) + (key[i % key.length] ?? 0)) & 255
    swap(i, j)
  }
  j = 0
  return Uint8Array.from({ length }, (_, index) => {
    j = (j + at(index + 1)) & 255
    swap(index + 1, j)
    return at(at(index + 1) + at(j))
  })
}

test('rc4: gives the same stream however it is cut, into any place, over long runs', () => {
  const key = text('a key')
  const bytes = 70_001
  const expected = keyStream(key, bytes)
  for (const part of [1, 2, 3, 5, 17, 4_096, 16_383, 16_384, 16_385, bytes]) {
    const cipher = new Rc4(key, 0)
    const into = new Uint8Array(bytes + 3)
    const zeros = new Uint8Array(part + 1)
    for (let at = 0; at < bytes; at += part) {
      const from = zeros.subarray(1, 1 + Math.min(part, bytes - at))
      cipher.apply(from, into, 3 + at)
    }
    assert.ok(equalBytes(into.subarray(3), expected), `by ${part}`)
  }
  const inPlace = new Uint8Array(bytes)
  new Rc4(key, 0).apply(inPlace)
  assert.ok(equalBytes(inPlace, expected))
})

test('rc4: drops 1,024 bytes of its stream (RFC 6229, key 0102030405)', () => {
  const bytes = new Uint8Array(16)
  new Rc4(fromHex('0102030405')).apply(bytes)
  assert.is(toHex(bytes), '30abbcc7c20b01609f23ee2d5f6bb7df')
})

test('diffie-hellman: both sides have the same secret, of 96 bytes', () => {
  const [mine, theirs] = [new Uint8Array(20).fill(3), new Uint8Array(20).fill(200)]
  const secret = sharedSecret(mine, publicKey(theirs))
  assert.is(secret?.length, 96)
  assert.equal(secret, sharedSecret(theirs, publicKey(mine)))
  assert.is(publicKey(Uint8Array.of(1)).at(-1), 2, 'the generator is 2')
})

test('diffie-hellman: keys that make the secret known are refused', () => {
  const secret = new Uint8Array(20).fill(3)
  const prime = `${'ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74'}${'020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437'}`
  const last = '4fe1356d6d51c245e485b576625e7ec6f44c42e9a63a362100000000000905'
  for (const key of [new Uint8Array(96), new Uint8Array(96).with(95, 1), new Uint8Array(96).fill(255)])
    assert.is(sharedSecret(secret, key), undefined)
  assert.is(sharedSecret(secret, fromHex(`${prime}${last}62`)), undefined, 'the prime less one')
})

for (const padding of [0, 1, 512])
  test(`encryption: both sides agree, cut at any byte, with ${padding} bytes of padding`, () => {
    for (let cut = 0; cut <= 96 + padding + 80; cut += padding === 512 ? 13 : 1) {
      const { dialed, accepted } = converse({ padding }, cut)
      assert.is(dialed.method, 'handshake')
      assert.is(accepted.method, 'handshake')
      assert.equal(accepted.infoHash, TORRENT)
      assert.is(dialed.incoming, undefined)
    }
  })

test('encryption: what is said under RC4 is read on the other side, in both directions', () => {
  const { dialed, accepted } = converse({ dialer: ['rc4'] }, 50)
  assert.is(dialed.method, 'rc4')
  for (const [from, to] of [
    [dialed, accepted],
    [accepted, dialed],
  ] as const) {
    const said = text('a block of sixteen kibibytes')
    const hidden = said.slice()
    from.outgoing?.apply(hidden)
    assert.not.equal(hidden, said)
    to.incoming?.apply(hidden)
    assert.equal(hidden, said)
  }
})

test('encryption: who was dialed takes the first of its methods that is offered', () => {
  assert.is(converse({ acceptor: ['rc4'] }, 20).accepted.method, 'rc4')
  assert.is(converse({ acceptor: ['rc4', 'handshake'] }, 20).dialed.method, 'rc4')
  const { dialing, accepting } = pair({ dialer: ['handshake'], acceptor: ['rc4'] })
  const hello = accepting.push(dialing.start())
  const offer = dialing.push(hello.type === 'more' ? hello.send : new Uint8Array())
  const end = accepting.push(offer.type === 'more' ? offer.send : new Uint8Array())
  assert.is(end.type === 'fault' && end.code, 'encryption-wrong')
})

test('encryption: a torrent that is not here is not agreed on', () => {
  const { dialing, accepting } = pair({ known: [OTHER] })
  const hello = accepting.push(dialing.start())
  const offer = dialing.push(hello.type === 'more' ? hello.send : new Uint8Array())
  const end = accepting.push(offer.type === 'more' ? offer.send : new Uint8Array())
  assert.is(end.type === 'fault' && end.reason, 'it is for a torrent that is not here')
})

test('encryption: garbage is a fault after at most the longest padding, and nothing is kept beyond', () => {
  for (const make of [() => pair().accepting, () => pair().dialing]) {
    const machine = make()
    let taken = 0
    let fault = false
    while (!fault && taken < 10_000) {
      const progress = machine.push(new Uint8Array(64).fill(taken & 127))
      taken += 64
      fault = progress.type === 'fault'
    }
    assert.ok(fault)
    assert.ok(taken <= 96 + LIMITS.encryptionPaddingBytesMax + 20 + 64 + 64, `${taken} bytes were taken`)
  }
})

test('encryption: a flipped bit of the offer never gives agreement', () => {
  const { dialing, accepting } = pair()
  const hello = accepting.push(dialing.start())
  const offer = dialing.push(hello.type === 'more' ? hello.send : new Uint8Array())
  const bytes = offer.type === 'more' ? offer.send : new Uint8Array()
  for (let at = 0; at < 48; at++) {
    const fresh = pair()
    fresh.accepting.push(fresh.dialing.start())
    const spoiled = bytes.slice()
    spoiled[at] = (spoiled[at] ?? 0) ^ 0x10
    assert.is.not(fresh.accepting.push(spoiled).type, 'agreed', `byte ${at}`)
  }
})

test('encryption: what is said ahead and what follows it come out in order', () => {
  const { dialed, accepted } = converse({ dialer: ['rc4'] }, 0)
  assert.is(dialed.rest.length + accepted.rest.length, 0)
  const { dialing, accepting } = pair({ dialer: ['rc4'] })
  const hello = accepting.push(dialing.start())
  const offer = dialing.push(hello.type === 'more' ? hello.send : new Uint8Array())
  const answer = agreedOf(accepting.push(offer.type === 'more' ? offer.send : new Uint8Array()))
  const said = text('bitfield')
  answer.outgoing?.apply(said)
  const end = agreedOf(dialing.push(Buffer.concat([answer.send, said])))
  assert.equal(end.rest, text('bitfield'))
})

test.run()
