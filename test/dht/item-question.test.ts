/** A question for an item of the DHT: it ends where nobody is there to be asked, and when it is closed. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ItemAnswer, ItemQuestion } from '../../src/dht/item-question.js'
import { DhtService } from '../../src/dht/service.js'
import { LIMITS } from '../../src/limits.js'
import { ManualClock } from '../contracts/manual-clock.js'

/** A node that hears of nobody, and a question to it. */
const open = () => {
  const clock = new ManualClock()
  const dht = new DhtService({
    clock,
    socket: { port: 1, hear: (_protocol, _listener, ready) => ready({ type: 'done', value: undefined }), send() {} },
    entropy: (length) => new Uint8Array(length).fill(7),
    families: ['ipv4'],
    bootstrap: [],
    bootstrapIsOurs: true,
    resolve: undefined,
    memory: undefined,
    tell() {},
  })
  const answers: ItemAnswer[] = []
  const key = { publicKey: new Uint8Array(32), salt: undefined }
  const question = new ItemQuestion(clock, dht, key, (answer) => answers.push(answer))
  return { clock, question, answers }
}

const codes = (answers: readonly ItemAnswer[]) =>
  answers.map((answer) => (answer.type === 'failed' ? answer.failure.code : answer.value))

test('item question: who knows nobody is answered in time, once', () => {
  const { clock, question, answers } = open()
  clock.advance(LIMITS.dhtOpenMs - 1)
  assert.equal(answers, [])
  clock.advance(1)
  question.close()
  assert.equal(codes(answers), ['DHT_UNREACHABLE'])
})

test('item question: that the DHT cannot be joined is an answer, and other news are none', () => {
  const { question, answers } = open()
  question.hear({ type: 'dht-began' })
  assert.equal(answers, [])
  question.hear({ type: 'dht-failed', reason: 'why' })
  question.hear({ type: 'dht-failed', reason: 'again' })
  assert.equal(codes(answers), ['DHT_UNREACHABLE'])
})

test('item question: one that is closed is answered with nothing, and one that is asked of nobody, too', () => {
  const closed = open()
  closed.question.close()
  assert.equal(codes(closed.answers), [undefined])
  const asked = open()
  asked.question.hear({ type: 'dht-joined' })
  asked.question.hear({ type: 'dht-failed', reason: 'later' })
  asked.clock.advance(LIMITS.dhtOpenMs)
  assert.equal(codes(asked.answers), [undefined])
})

test.run()
