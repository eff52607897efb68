/** The sending half of uTP by itself: when its window grows, when a loss makes it smaller, and when one does not. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { UtpSender } from '../../src/transports/utp-sender.js'
import { type Instant, instant } from '../../src/values.js'
import { microseconds } from '../../src/wire/utp.js'

const NOTHING = new Uint8Array(0)
const ROOM = LIMITS.utpWindowBytesMax
/** What they say, of what was sent at a moment and was five milliseconds on its way. */
const said = (ack: number, selective: Uint8Array, sentAt: Instant) => ({
  ack: ack & 0xffff,
  selective,
  windowBytes: ROOM,
  timestampUs: microseconds(sentAt) + 5_000,
  differenceUs: 5_000,
})
/** All but the one after what is acknowledged, eight packets of them. */
const ALL_BUT_ONE = Uint8Array.of(255)

const place = (host = '10.0.0.2') => {
  const sent: number[] = []
  const transmit = (packet: Uint8Array): boolean => {
    sent.push(((packet[16] ?? 0) << 8) | (packet[17] ?? 0))
    return true
  }
  const sender = new UtpSender({ transmit, flushed: () => undefined }, host, 7, 1)
  let now = 1_000
  /** Of what is on its way: numbers begin anew. */
  const order = (seq: number): number => (seq - sender.nextSeq) & 0xffff
  /** All that is on its way arrives, each packet acknowledged by itself, and more is sent `together` or between them. */
  const round = (together: boolean): void => {
    const sentAt = instant(now)
    now += 20
    const next = sender.nextSeq
    for (const seq of sent.splice(0).sort((one, other) => order(one) - order(other))) {
      sender.acked(said(seq, NOTHING, sentAt), instant(now))
      if (!together) sender.fill(instant(now))
    }
    if (together) sender.fill(instant(now))
    assert.ok(sender.nextSeq !== next)
  }
  const start = (bytes: number): void => {
    sender.take([new Uint8Array(bytes)], undefined)
    sender.fill(instant(now))
  }
  /** The oldest is lost, and the eight after it arrive. */
  const lose = (afterMs: number): void => {
    now += afterMs
    const [oldest = 0] = sent.splice(0, 9)
    sender.acked(said(oldest - 1, ALL_BUT_ONE, instant(now)), instant(now))
    sender.fill(instant(now))
  }
  return { sender, sent, round, start, lose }
}

test('utp sender: acknowledgements that are read together make the window grow like those that come one by one', () => {
  const [together, apart] = [place(), place()]
  for (const each of [together, apart]) each.start(8 << 20)
  for (let count = 0; count < 6; count++) {
    together.round(true)
    apart.round(false)
  }
  const first = LIMITS.utpWindowFirstPackets * LIMITS.utpPacketBytes
  assert.ok(together.sender.windowBytes > 20 * first, 'it doubles each time')
  assert.ok(apart.sender.windowBytes / together.sender.windowBytes < 1.1)
})

test('utp sender: who has little to send has no window that grows', () => {
  const { sender, start, sent } = place()
  const before = sender.windowBytes
  for (let count = 0; count < 50; count++) {
    start(100)
    for (const seq of sent.splice(0)) sender.acked(said(seq, NOTHING, instant(1_000 + count)), instant(1_000 + count))
  }
  assert.is(sender.windowBytes, before)
})

test('utp sender: losses within a tenth of a second halve the window once, and one after it once more', () => {
  const { sender, start, round, lose } = place()
  start(8 << 20)
  for (let count = 0; count < 5; count++) round(true)
  const before = sender.windowBytes
  lose(20)
  const halved = sender.windowBytes
  assert.ok(halved < 0.6 * before)
  round(true)
  lose(20)
  assert.ok(sender.windowBytes >= halved)
  for (let count = 0; count < 5; count++) round(true)
  const later = sender.windowBytes
  lose(20)
  assert.ok(sender.windowBytes < 0.6 * later)
})

test('utp sender: a packet that is lost goes again at once, although the window that was halved is full', () => {
  const { sender, sent, start, round } = place()
  start(8 << 20)
  for (let count = 0; count < 5; count++) round(true)
  const [oldest = 0] = sent
  sent.length = 0
  sender.acked(said(oldest - 1, Uint8Array.of(7), instant(5_000)), instant(5_000))
  assert.equal(sent, [oldest])
})

test('utp sender: the last packet goes once more before its time is up, and the window stays; after that, all is lost', () => {
  const { sender, sent, start, round } = place()
  start(200_000)
  for (let count = 0; count < 3; count++) round(true)
  const before = sender.windowBytes
  const [oldest] = sent
  sent.length = 0
  const reminderAt = Math.ceil(sender.timeoutAt)
  assert.ok(reminderAt < 1_060 + LIMITS.utpTimeoutMinMs)
  sender.timedOut(instant(reminderAt))
  assert.equal(sent, [oldest])
  assert.is(sender.windowBytes, before)
  assert.is(sender.timeouts, 0)
  assert.ok(sender.timeoutAt >= reminderAt + LIMITS.utpTimeoutMinMs)
  sender.timedOut(instant(Math.ceil(sender.timeoutAt)))
  assert.is(sender.timeouts, 1)
  assert.is(sender.windowBytes, LIMITS.utpPacketBytes)
})

/** Nothing came back in time, and the oldest went once more. */
const reminded = () => {
  const { sender, sent, start, round } = place()
  start(200_000)
  for (let count = 0; count < 3; count++) round(true)
  const [oldest = 0, ...others] = sent
  const timeoutAt = Math.ceil(sender.timeoutAt)
  sender.timedOut(instant(timeoutAt))
  sent.length = 0
  /** The oldest arrived, of what was sent at a moment. */
  const answered = (sentAt: number, at: number): void => {
    sender.acked(said(oldest, NOTHING, instant(sentAt)), instant(at))
    sender.fill(instant(at))
  }
  return { sent, others, timeoutAt, answered }
}

test('utp sender: when the one that went once more arrives alone, those after it are known to be lost', () => {
  const { sent, others, timeoutAt, answered } = reminded()
  answered(timeoutAt, timeoutAt + 20)
  assert.is(sent[0], others[0])
  assert.ok(sent.length > 1)
})

test('utp sender: the one that went once more shows those after it as lost, however much sooner than before it arrives', () => {
  const { sent, others, timeoutAt, answered } = reminded()
  // The queue that made rounds of 20 ms is gone, and so is what was in it.
  answered(timeoutAt, timeoutAt + 1)
  assert.equal(sent.slice(0, 3), others.slice(0, 3))
})

test('utp sender: an answer to the first sending of what went once more says nothing of those after it', () => {
  const { sent, others, timeoutAt, answered } = reminded()
  answered(1_060, timeoutAt + 30)
  assert.is(sent.filter((seq) => others.includes(seq)).length, 0)
})

test('utp sender: three answers to what came too early show the oldest as lost, where their bits reach nothing that came', () => {
  const { sender, sent, start, round } = place()
  start(8 << 20)
  for (let count = 0; count < 5; count++) round(true)
  const before = sender.windowBytes
  const [oldest = 0] = sent
  sent.length = 0
  for (let count = 0; count < 3; count++) {
    assert.equal(sent, [], 'one or two may be of packets that overtook it')
    sender.acked(said(oldest - 1, Uint8Array.of(0), instant(1_100)), instant(1_120))
  }
  assert.equal(sent, [oldest])
  assert.ok(sender.windowBytes < 0.6 * before)
})

test('utp sender: a loss long after the last one halves the window too, although numbers began anew in between', () => {
  const { sender, start, round, lose } = place()
  start(100 << 20)
  for (let count = 0; count < 4; count++) round(true)
  lose(20)
  const from = sender.nextSeq
  let sent = 0
  // So many that the numbers are those of before the last loss again, seen from it.
  for (let last = from; sent < 40_000; ) {
    round(true)
    sent += (sender.nextSeq - last) & 0xffff
    last = sender.nextSeq
  }
  const before = sender.windowBytes
  lose(20)
  assert.ok(sender.windowBytes < 0.6 * before)
})

test.run()
