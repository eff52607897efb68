import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { pieceIndex } from '../../src/values.js'
import { downloading, leecher, PIECES, seeding } from './beginnings.js'
import { given, type Story, says, toPeer } from './given.js'

const BLOCK = { piece: pieceIndex(2), offset: 0, length: 16_384 }
/** The last block of all, of 100 bytes. */
const LAST = { piece: 7, offset: 16_384, length: 100 }

const served = (guest = {}): Story => given(seeding(), leecher(1, { served: true, ...guest }))

test('request: of what we have is served', () => {
  const story = served().when(says(1, { type: 'request', ...BLOCK }))
  story.thenEvents('request-received').thenEffects('serve')
  story.when(says(1, { type: 'request', ...BLOCK })).thenNothing()
  story.when(toPeer(1, { type: 'blocks-flushed', ranges: [BLOCK] })).thenEvents('block-served')
  assert.is(story.peer(1).asked.size, 0)
  assert.is(story.peer(1).uploaded.total, 16_384)
})

test('request: the last block may be short, and a part of one may be asked for', () => {
  served()
    .when(says(1, { type: 'request', ...LAST }))
    .thenEvents('request-received')
  served()
    .when(says(1, { type: 'request', piece: 2, offset: 1, length: 3 }))
    .thenEvents('request-received')
})

test('request: out of range closes the connection', () => {
  const wrong = [
    { piece: PIECES, offset: 0, length: 16_384 },
    { piece: 0xffff_ffff, offset: 0, length: 16_384 },
    { piece: 2, offset: 0, length: 0 },
    { piece: 2, offset: 16_385, length: 16_384 },
    { piece: 2, offset: 0xffff_ffff, length: 16_384 },
    { piece: 2, offset: 0, length: LIMITS.blockBytesServedMax + 1 },
    { ...LAST, length: 101 },
  ]
  for (const range of wrong)
    served()
      .when(says(1, { type: 'request', ...range }))
      .thenClosed(1, 'protocol-fault')
})

test('request: while choked is refused, by name where the peer has the fast extension', () => {
  const plain = given(seeding(), leecher(1)).when(says(1, { type: 'request', ...BLOCK }))
  plain.thenEvents('request-refused').thenEffects()
  const fast = given(seeding(), leecher(1, { fast: true })).when(says(1, { type: 'request', ...BLOCK }))
  fast.thenEvents('request-refused')
  assert.equal(fast.sentTo(1), ['reject-request'])
  assert.is(fast.eventsOf('request-refused')[0]?.reason, 'choked')
})

test('request: of a piece that we lack is refused', () => {
  const story = given(downloading(), leecher(1, { served: true, fast: true })).when(
    says(1, { type: 'request', ...BLOCK }),
  )
  assert.is(story.eventsOf('request-refused')[0]?.reason, 'not-stored')
})

test('request: too many at once are refused', () => {
  const story = served({ fast: true })
  for (let at = 0; at < LIMITS.requestsServedMax; at++)
    story.when(says(1, { type: 'request', piece: 1, offset: at, length: 1 })).thenEvents('request-received')
  story.when(says(1, { type: 'request', ...BLOCK })).thenEvents('request-refused')
  assert.is(story.eventsOf('request-refused')[0]?.reason, 'too-many')
  assert.is(story.peer(1).asked.size, LIMITS.requestsServedMax)
})

test('cancel: what waits is withdrawn, and refused by name where the peer has the fast extension', () => {
  for (const fast of [false, true]) {
    const story = served({ fast }).when(says(1, { type: 'request', ...BLOCK }), says(1, { type: 'cancel', ...BLOCK }))
    story.thenEvents('request-received', 'cancel-received').thenEffects('serve', 'withdraw')
    story.when(toPeer(1, { type: 'block-withdrawn', range: BLOCK })).thenEvents()
    assert.equal(story.sentTo(1), fast ? ['reject-request'] : [])
  }
})

test('cancel: of what was not asked, or was served, is passed over', () => {
  served()
    .when(says(1, { type: 'cancel', ...BLOCK }))
    .thenNothing()
  const story = served().when(says(1, { type: 'request', ...BLOCK }))
  story
    .when(toPeer(1, { type: 'blocks-flushed', ranges: [BLOCK] }))
    .when(says(1, { type: 'cancel', ...BLOCK }))
    .thenNothing()
})

test.run()
