/** The checkers of what is said and who is banned, each shown to find what it is for. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Content } from '../../simulations/content.js'
import { Conversation } from '../../simulations/conversation.js'
import { Culprits } from '../../simulations/culprits.js'
import { Frames } from '../../simulations/frames.js'
import { blockFingerprints } from '../../src/fingerprints.js'
import { encodeMessage, MESSAGE_ID, type SendableMessage } from '../../src/wire/messages.js'

const BLOCK = 16_384
const CONTENT = new Content(1, { bytes: 10 * 4 * BLOCK, pieceLength: 4 * BLOCK, trackers: [] })
const BITS = 2

const joined = (chunks: readonly Uint8Array[]): Uint8Array => Uint8Array.from(chunks.flatMap((chunk) => [...chunk]))
const handshake = new Uint8Array(68)
const range = { piece: 3, offset: BLOCK, length: BLOCK }

test('frames: messages are heard wherever the bytes are cut, and blocks are passed over', () => {
  const block = new Uint8Array(100)
  const messages: readonly SendableMessage[] = [
    { type: 'bitfield', bits: Uint8Array.of(0xf0, 0x40) },
    { type: 'keep-alive' },
    { type: 'unchoke' },
    { type: 'extended', id: 0, payload: new Uint8Array(30) },
    { type: 'piece', piece: 1, offset: 2, block },
    { type: 'request', ...range },
    { type: 'have', piece: 7 },
    { type: 'choke' },
  ]
  const bytes = joined([handshake, ...messages.map(encodeMessage)])
  const heardIn = (sizes: readonly number[]): readonly unknown[] => {
    const heard: unknown[] = []
    const frames = new Frames(
      {
        message: (...numbers) => heard.push(numbers),
        bitfield: (bits) => heard.push([...bits]),
      },
      BITS,
    )
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const size = sizes[turn % sizes.length] ?? 1
      frames.push(bytes.subarray(at, at + size))
      at += size
    }
    return heard
  }
  const whole = heardIn([bytes.length])
  assert.equal(whole, [
    [0xf0, 0x40],
    [MESSAGE_ID.unchoke, 0, 0, 0],
    [MESSAGE_ID.extended, 0, 0, 0],
    [MESSAGE_ID.request, 3, BLOCK, BLOCK],
    [MESSAGE_ID.have, 7, 0, 0],
    [MESSAGE_ID.choke, 0, 0, 0],
  ])
  for (let size = 1; size < 40; size++) assert.equal(heardIn([size]), whole, `cut at every ${size}`)
  assert.equal(heardIn([1, 30, 2, 7]), whole)
})

/** Two sides: what the other says is heard, what ours says is judged. */
const talk = () => {
  const found: string[] = []
  const conversation = new Conversation(CONTENT, (checker) => found.push(checker))
  const hears = (...messages: readonly SendableMessage[]): void => {
    conversation.hears(joined(messages.map(encodeMessage)))
    conversation.heard()
  }
  conversation.hears(handshake)
  conversation.heard()
  const says = (id: number, { piece, offset, length } = { piece: 0, offset: 0, length: 0 }): void =>
    conversation.says(id, piece, offset, length)
  return { found, conversation, hears, says }
}

const { request, interested, choke, unchoke, haveAll } = MESSAGE_ID

test('conversations: asking is right of who has the piece and unchoked us, after a word of interest', () => {
  const { found, hears, says } = talk()
  says(request, range)
  assert.equal(found.splice(0), ['asksOnlyWhenInterested', 'asksOnlyForWhatIsThere', 'asksOnlyWhenServed'])
  says(interested)
  hears({ type: 'have', piece: 3 }, { type: 'unchoke' })
  says(request, range)
  assert.equal(found, [])
  hears({ type: 'choke' })
  says(request, range)
  assert.equal(found.splice(0), ['asksOnlyWhenServed'])
  hears({ type: 'allowed-fast', piece: 3 })
  says(request, range)
  assert.equal(found, [])
})

test('conversations: a choke binds from the end of the chunk that brought it', () => {
  const { found, conversation, hears, says } = talk()
  says(interested)
  hears({ type: 'have-all' }, { type: 'unchoke' })
  conversation.hears(encodeMessage({ type: 'choke' }))
  says(request, range)
  assert.equal(found, [])
  conversation.heard()
  says(request, range)
  assert.equal(found, ['asksOnlyWhenServed'])
})

test('conversations: a block is served once for each time that it was asked for, to the unchoked', () => {
  const { found, conversation, hears, says } = talk()
  const serve = (): readonly string[] => {
    conversation.serves(range.piece, range.offset, range.length)
    return found.splice(0)
  }
  says(unchoke)
  assert.equal(serve(), ['servesOnlyWhatIsAsked'])
  hears({ type: 'request', ...range })
  assert.equal(serve(), [])
  assert.equal(serve(), ['servesOnlyWhatIsAsked'])
  hears({ type: 'request', ...range }, { type: 'cancel', ...range })
  assert.equal(serve(), ['servesOnlyWhatIsAsked'])
  hears({ type: 'request', ...range })
  says(choke)
  assert.equal(serve(), ['servesOnlyTheUnchoked'])
})

test('conversations: pieces are said once, and first', () => {
  const { found, conversation, says } = talk()
  says(MESSAGE_ID.extended)
  conversation.saysPieces()
  assert.equal(found, [])
  says(haveAll)
  assert.equal(found, ['saysPiecesFirst'])
})

const fingerprintsOf = (piece: number, wrong: readonly number[]): readonly number[] => {
  const right = blockFingerprints(CONTENT.bytes.subarray(piece * 4 * BLOCK, (piece + 1) * 4 * BLOCK))
  return right.map((fingerprint, block) => (wrong.includes(block) ? fingerprint + 1 : fingerprint))
}

test('culprits: who spoiled two pieces that became right again, and is not banned, is found by the second', () => {
  const culprits = new Culprits(CONTENT)
  const givers = ['a', 'b', 'a', 'b']
  const reject = (piece: number, wrong: readonly number[]) =>
    culprits.rejected(piece, givers, fingerprintsOf(piece, wrong))
  assert.is(reject(1, [1]), undefined)
  assert.is(reject(2, [3]), undefined)
  assert.is(culprits.verified(1), undefined, 'one may be what it takes to find out')
  assert.match(culprits.verified(2) ?? '', /^b spoiled piece 1 and then piece 2/)
})

test('culprits: whoever is banned, or did nothing, is not looked for, and a new process starts anew', () => {
  const culprits = new Culprits(CONTENT)
  for (const piece of [1, 2, 3]) culprits.rejected(piece, ['a', 'b', 'a', 'b'], fingerprintsOf(piece, [1]))
  assert.is(culprits.verified(1), undefined)
  culprits.banned('b')
  assert.is(culprits.verified(2), undefined)
  const forgetful = new Culprits(CONTENT)
  forgetful.rejected(1, ['a', 'b', 'a', 'b'], fingerprintsOf(1, [0]))
  forgetful.verified(1)
  forgetful.began()
  forgetful.rejected(2, ['a', 'b', 'a', 'b'], fingerprintsOf(2, [0]))
  assert.is(forgetful.verified(2), undefined)
})

test('culprits: a piece that one peer gave all of needs no second look', () => {
  const culprits = new Culprits(CONTENT)
  const alone = ['c', 'c', 'c', 'c']
  assert.is(culprits.rejected(1, alone, fingerprintsOf(1, [2])), undefined)
  assert.match(culprits.rejected(2, alone, fingerprintsOf(2, [2])) ?? '', /^c spoiled piece 1 and then piece 2/)
})

test('culprits: a piece that is wrong again, all by one peer, says nothing yet of those who spoiled it before', () => {
  const culprits = new Culprits(CONTENT)
  const mixed = ['a', 'b', 'a', 'b']
  culprits.rejected(1, mixed, fingerprintsOf(1, [1]))
  culprits.rejected(2, mixed, fingerprintsOf(2, [1]))
  assert.is(culprits.rejected(1, ['c', 'c', 'c', 'c'], fingerprintsOf(1, [0])), undefined)
  assert.is(culprits.verified(2), undefined, 'the first piece that shows what b did')
  assert.match(culprits.verified(1) ?? '', /^b spoiled piece 2 and then piece 1/)
})

test.run()
