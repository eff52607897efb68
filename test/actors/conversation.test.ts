import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inFlightMax } from '../../src/actors/picker.js'
import type { Effect, Input } from '../../src/actors/vocabulary.js'
import { present } from '../../src/assert.js'
import { restoreSnapshot, stateHash, takeSnapshot } from '../../src/events/snapshot.js'
import { EVENT_TYPES, type EventType, type TransferEvent } from '../../src/events/vocabulary.js'
import { METADATA_EVENTS } from '../../src/events/vocabulary-metadata.js'
import { type Shape, SMALL } from './beginnings.js'
import { Conversation } from './conversation.js'
import { foldOf } from './folding.js'
import { Story } from './given.js'

const SHAPES: { readonly [name: string]: Shape } = {
  'a few small pieces': SMALL,
  'pieces of one block': { pieceLength: 16_384, totalBytes: 40 * 16_384 - 5 },
  'more pieces than buffers': { pieceLength: 12_582_912, totalBytes: 6 * 12_582_912 - 77 },
  'a single short piece': { pieceLength: 65_536, totalBytes: 50_000 },
}
const STEPS = 1_200
/** Longer than any number of stalling peers takes that there are: half a minute of waiting for each. */
const SETTLES_WITHIN_MS = 900_000

const happened = new Map<string, number>()
const noteEvents = (conversation: Conversation): void => {
  for (const { event } of conversation.story.log) happened.set(event.type, (happened.get(event.type) ?? 0) + 1)
}

for (const [name, shape] of Object.entries(SHAPES))
  for (const eventful of [false, true]) {
    const title = `${name}, ${eventful ? 'an eventful life' : 'a quiet user'}`
    test(`conversation: whatever peers do, the state agrees with itself and with the world (${title})`, () => {
      for (let seed = 0; seed < 8; seed++) {
        const conversation = new Conversation(seed, shape, eventful)
        try {
          for (let step = 0; step < STEPS; step++) conversation.step()
        } catch (error) {
          throw new Error(`seed ${seed}, turn ${conversation.turns}`, { cause: error })
        }
        assert.is(stateHash(foldOf(conversation.story.log)), stateHash(conversation.state), `seed ${seed}`)
        noteEvents(conversation)
      }
    })

    test(`conversation: two honest seeds are enough to complete beside all others (${title})`, () => {
      for (let seed = 100; seed < 103; seed++) {
        const conversation = new Conversation(seed, shape, eventful)
        for (let step = 0; step < STEPS; step++) conversation.step()
        assert.ok(conversation.settles(SETTLES_WITHIN_MS), `seed ${seed} is stuck`)
        assert.is(stateHash(foldOf(conversation.story.log)), stateHash(conversation.state))
        noteEvents(conversation)
      }
    })
  }

const shown = (effect: Effect): unknown =>
  effect.type === 'keep'
    ? { ...effect, blocks: effect.blocks.map(({ offset, block }) => [offset, block.length]) }
    : effect

test('conversation: a state that was saved and restored decides the same from then on', () => {
  for (let seed = 200; seed < 208; seed++) {
    const shape = present(Object.values(SHAPES)[seed % 4], 'a shape')
    const conversation = new Conversation(seed, shape, false)
    for (let step = 0; step < 700; step++) conversation.step()
    const { story } = conversation
    const twin = new Story([], present(restoreSnapshot(takeSnapshot(story.state)), 'a restored state'))
    assert.is(stateHash(twin.state), stateHash(story.state))
    const inputs: Input[] = []
    const events: TransferEvent[] = []
    const effects: Effect[] = []
    story.system.inputs$.subscribe((input) => inputs.push(input))
    story.system.events$.subscribe(({ event }) => events.push(event))
    story.system.effects$.subscribe((effect) => effects.push(effect))
    for (let step = 0; step < 300; step++) {
      for (const list of [inputs, events, effects]) list.length = 0
      conversation.step()
      twin.now = story.now // it moves only before the first input of a step
      twin.when(...inputs)
      assert.equal(twin.events, events, `seed ${seed}`)
      assert.equal(twin.effects.map(shown), effects.map(shown), `seed ${seed}`)
    }
    assert.is(stateHash(twin.state), stateHash(story.state), `seed ${seed}`)
  }
})

/** What nobody of the conversation does yet: tests of their own have these. */
const NOT_SAID: readonly EventType[] = [
  'address-allowed',
  'address-barred',
  'folder-set',
  'tracker-wished',
  'peer-introduced',
  'place-set',
  'dial-held',
  'dial-released',
  'move-began',
  'files-moved',
  'move-failed',
  'transport-known',
  'address-refused',
  'blocklist-set',
  'utp-failed',
  // Of the DHT, of peer exchange, of hole punching, of web seeds, and of trees of hashes, which this torrent of v1 has not.
  ...EVENT_TYPES.filter((type) =>
    /^(?:dht|pex|punch(?:ing)?|holepunch|introductions?|offers?|rendezvous|web-seeds?|hash|hashes)-/.test(type),
  ),
  ...([
    'blocks-disproved',
    'layers-missing',
    'other-hash-known',
    'peer-agreed-on-v2',
    'piece-doubted',
    'trees-described',
  ] as const),
]

test('conversation: nearly everything that can happen did happen', () => {
  // Those of metadata have a conversation of their own (metadata.test.ts).
  const expected = EVENT_TYPES.filter((type) => !(type in METADATA_EVENTS))
  const never = expected.filter((type) => (happened.get(type) ?? 0) < 3)
  assert.equal(never.sort(), [...NOT_SAID].sort())
})

test('conversation: one of the torrents has more pieces than may be in flight', () => {
  const { pieceLength, totalBytes } = present(SHAPES['more pieces than buffers'], 'that shape')
  assert.ok(totalBytes / pieceLength > inFlightMax(pieceLength))
})

test.run()
