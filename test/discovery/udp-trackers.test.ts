/** Announces to UDP trackers, in a simulated world: what is lost is sent again, and who is not the tracker is not heard. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SimulatedClock } from '../../simulations/clock.js'
import { ProcessDatagrams } from '../../simulations/datagrams.js'
import type { Host, HostSettings } from '../../simulations/host.js'
import { SimulatedNetwork } from '../../simulations/network.js'
import { labelOf, World } from '../../simulations/world.js'
import { udpTrackerOf } from '../../src/discovery/udp-questions.js'
import { retransmissionMs, UdpTrackers } from '../../src/discovery/udp-trackers.js'
import { LIMITS } from '../../src/limits.js'
import type { Answer, Cancel, DatagramSocket } from '../../src/ports.js'
import { type InfoHash, infoHash, type PeerAddress, peerId } from '../../src/values.js'
import { familyOf } from '../../src/wire/datagram.js'
import type { AnnounceAnswer, AnnounceRequest, TrackerCounts } from '../../src/wire/tracker.js'
import { encodeUdpAnswer, type UdpAnswer } from '../../src/wire/udpanswer.js'
import { readUdpRequest, type UdpRequest } from '../../src/wire/udprequest.js'
import { binding } from '../contracts/datagrams.js'
import { untilIn } from '../simulations/until.js'

const US_PER_SECOND = 1_000_000
const NAME = 'tracker.example'
const REQUEST: AnnounceRequest = {
  infoHash: infoHash(new Uint8Array(20).fill(1)),
  peerId: peerId(new Uint8Array(20).fill(2)),
  port: 6_881,
  uploadedBytes: 3,
  downloadedBytes: 4,
  leftBytes: 2 ** 40,
  event: 'started',
  numwant: 80,
}
const PEERS = [{ host: '10.7.7.7', port: 7 }]

interface Heard {
  readonly seconds: number
  readonly request: UdpRequest
  readonly from: PeerAddress
}

/** What a tracker answers to what it hears; undefined for nothing. */
type Answers = (request: UdpRequest, heard: readonly Heard[]) => UdpAnswer | undefined

const well: Answers = (request) => {
  const { transactionId } = request
  if (request.type === 'connect') return { type: 'connected', transactionId, connectionId: new Uint8Array(8).fill(9) }
  return { type: 'announced', transactionId, intervalSeconds: 1_800, complete: 5, incomplete: 6, peers: PEERS }
}

class Place {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly client: Host
  readonly trackers: UdpTrackers
  readonly addresses: string[] = []
  readonly outcomes: string[] = []
  readonly answers: AnnounceAnswer[] = []
  readonly counts: TrackerCounts[] = []
  nodes = 1

  constructor(seed = 1, settings: Partial<HostSettings> = {}, host = '10.0.0.1') {
    this.world = new World(seed)
    this.network = new SimulatedNetwork(this.world)
    this.client = this.network.attach(this.nodes++, { host, ...settings })
    const chance = this.world.chance('entropy')
    this.trackers = new UdpTrackers({
      datagrams: new ProcessDatagrams(this.network, this.client),
      clock: new SimulatedClock(this.world, 1),
      entropy: (length) => chance.bytes(length),
      resolve: (name, done) => {
        const value = name === NAME ? this.addresses : [name]
        this.world.schedule(this.world.now, labelOf('announce', 1), () =>
          done(
            name === 'nowhere.example'
              ? { type: 'failed', failure: { code: 'ENOTFOUND', message: 'no such name' } }
              : { type: 'done', value },
          ),
        )
      },
    })
  }

  /** A tracker, which is among the addresses of the name. */
  async tracker(host: string, answers: Answers = well): Promise<{ readonly heard: Heard[]; socket: DatagramSocket }> {
    this.addresses.push(host)
    const datagrams = new ProcessDatagrams(this.network, this.network.attach(this.nodes++, { host }))
    const heard: Heard[] = []
    const received = (bytes: Uint8Array, from: PeerAddress): void => {
      const request = readUdpRequest(bytes)
      if (request.type === 'fault') throw new Error(request.reason)
      heard.push({ seconds: this.world.now / US_PER_SECOND, request, from })
      const answer = answers(request, heard)
      if (answer !== undefined && bound.type === 'done')
        bound.value.send([encodeUdpAnswer(answer, familyOf(from.host) ?? 'ipv4')], from)
    }
    const bound = await untilIn(this.world)(binding(datagrams, { port: 6_969, received }), 'binding')
    if (bound.type === 'failed') throw new Error(bound.failure.message)
    return { heard, socket: bound.value }
  }

  announce(url = `udp://${NAME}:6969/announce`, request = REQUEST): Cancel {
    const tracker = udpTrackerOf(url)
    if (tracker === undefined) throw new Error(`${url} is no tracker`)
    const done = (answer: Answer<AnnounceAnswer>): void => {
      this.outcomes.push(answer.type === 'done' ? 'done' : `${answer.failure.code}: ${answer.failure.message}`)
      if (answer.type === 'done') this.answers.push(answer.value)
    }
    return this.trackers.announce(tracker, request, done)
  }

  scrape(hash: InfoHash): void {
    const tracker = udpTrackerOf(`udp://${NAME}:6969/announce`)
    if (tracker === undefined) throw new Error('that is a tracker')
    this.trackers.scrape(tracker, [hash], (answer) => {
      if (answer.type === 'done') this.counts.push(...answer.value)
      else this.outcomes.push(`${answer.failure.code}: ${answer.failure.message}`)
    })
  }

  async run(seconds = 10_000): Promise<void> {
    await this.world.run({ at: this.world.now + seconds * US_PER_SECOND })
  }
}

const typesOf = (heard: readonly Heard[]): readonly string[] => heard.map(({ request }) => request.type)
const secondsOf = (heard: readonly Heard[]): readonly number[] => heard.map(({ seconds }) => Math.round(seconds))

test('UDP trackers: an announce connects, asks, and has the answer, in either family', async () => {
  for (const [client, server] of [
    ['10.0.0.1', '10.0.0.2'],
    ['fd00::1', 'fd00::2'],
  ] as const) {
    const place = new Place(1, {}, client)
    const peers = client === 'fd00::1' ? [{ host: 'fd00::7', port: 7 }] : PEERS
    const { heard } = await place.tracker(server, (request, all) => {
      const answer = well(request, all)
      return answer?.type === 'announced' ? { ...answer, peers } : answer
    })
    place.announce(`udp://${NAME}:6969/announce?passkey=x`)
    assert.equal(place.outcomes, [])
    await place.run()
    assert.equal(place.outcomes, ['done'])
    assert.equal(place.answers, [{ intervalSeconds: 1_800, complete: 5, incomplete: 6, peers }])
    assert.equal(typesOf(heard), ['connect', 'announce'])
    const [, second] = heard
    if (second?.request.type !== 'announce') throw new Error('there is an announce')
    const { connectionId, transactionId, key, ...rest } = second.request
    assert.equal(connectionId, new Uint8Array(8).fill(9))
    assert.is(transactionId, heard[0]?.request.transactionId)
    const { infoHash, peerId, port, uploadedBytes, downloadedBytes, leftBytes, event, numwant } = REQUEST
    const fields = { infoHash, peerId, port, uploadedBytes, downloadedBytes, leftBytes, event, numwant }
    assert.equal(rest, { type: 'announce', ...fields, host: undefined, urlData: '/announce?passkey=x' })
  }
})

test('UDP trackers: waits double from 15 seconds on, up to eight times', () => {
  const seconds = Array.from({ length: 12 }, (_, tries) => retransmissionMs(tries) / 1_000)
  assert.equal(seconds, [15, 30, 60, 120, 240, 480, 960, 1_920, 3_840, 3_840, 3_840, 3_840])
})

test('UDP trackers: one that says nothing is asked again after 15 seconds, and given up 30 seconds later', async () => {
  const place = new Place()
  const { heard } = await place.tracker('10.0.0.2', () => undefined)
  place.announce()
  await place.run()
  assert.equal(secondsOf(heard), [0, 15])
  assert.equal(typesOf(heard), ['connect', 'connect'])
  assert.is(new Set(heard.map(({ request }) => request.transactionId)).size, 1)
  assert.equal(place.outcomes, [`TIMEOUT: no answer within 45000 ms`])
})

test('UDP trackers: an announce that is lost is sent again with the same connection id', async () => {
  const place = new Place()
  const { heard } = await place.tracker('10.0.0.2', (request, all) =>
    request.type === 'announce' && all.length === 2 ? undefined : well(request, all),
  )
  place.announce()
  await place.run()
  assert.equal(typesOf(heard), ['connect', 'announce', 'announce'])
  assert.equal(secondsOf(heard), [0, 0, 15])
  assert.equal(place.outcomes, ['done'])
})

test('UDP trackers: through a line that loses a third, and doubles and disorders the rest, most succeed', async () => {
  const disorder = { lossRate: 1 / 3, duplicateRate: 0.3, reorderRate: 0.3 }
  const counts = { done: 0, TIMEOUT: 0 }
  for (let seed = 1; seed <= 200; seed++) {
    const place = new Place(seed, disorder)
    await place.tracker('10.0.0.2')
    place.announce()
    await place.run(61)
    assert.is(place.outcomes.length, 1)
    counts[place.outcomes[0] === 'done' ? 'done' : 'TIMEOUT']++
  }
  // Each of two questions is lost twice in a row one time in nine, as only what is asked is lost here.
  assert.ok(counts.done > 130 && counts.done < 185, `${counts.done} of 200`)
})

test('UDP trackers: a connection id is used for a minute, and then asked for again', async () => {
  const place = new Place()
  const { heard } = await place.tracker('10.0.0.2')
  place.announce()
  await place.run(30)
  place.announce()
  await place.run(29)
  place.announce()
  await place.run(2)
  place.announce()
  await place.run()
  assert.equal(typesOf(heard), ['connect', 'announce', 'announce', 'announce', 'connect', 'announce'])
  assert.is(place.outcomes.filter((outcome) => outcome === 'done').length, 4)
})

test('UDP trackers: an old connection id that is refused, or not answered, is exchanged for a new one', async () => {
  for (const refuses of [true, false]) {
    const place = new Place()
    let restarted = false
    const { heard } = await place.tracker('10.0.0.2', (request, all) => {
      const { transactionId } = request
      if (restarted && request.type === 'announce' && request.connectionId[0] === 9)
        return refuses ? { type: 'failure', transactionId, reason: 'connection id mismatch' } : undefined
      if (restarted && request.type === 'connect')
        return { type: 'connected', transactionId, connectionId: new Uint8Array(8).fill(10) }
      return well(request, all)
    })
    place.announce()
    await place.run(1)
    restarted = true
    place.announce()
    await place.run()
    assert.equal(typesOf(heard), ['connect', 'announce', 'announce', 'connect', 'announce'])
    assert.equal(place.outcomes, ['done', 'done'])
  }
})

test('UDP trackers: an error is told in the words of the tracker, and asked about but once', async () => {
  const place = new Place()
  const { heard } = await place.tracker('10.0.0.2', (request, all) =>
    request.type === 'announce'
      ? { type: 'failure', transactionId: request.transactionId, reason: 'not on\u001b[31m the list' }
      : well(request, all),
  )
  place.announce()
  await place.run(1)
  place.announce()
  await place.run()
  assert.equal(place.outcomes, ['FAILURE: not on [31m the list', 'FAILURE: not on [31m the list'])
  // The second time the id may have been at fault.
  assert.equal(typesOf(heard), ['connect', 'announce', 'announce', 'connect', 'announce'])
})

test('UDP trackers: what comes from elsewhere, or for another transaction, or out of turn is not heard', async () => {
  const place = new Place()
  const liar = await place.tracker('10.0.0.66', () => undefined)
  place.addresses.length = 0
  const tracker = await place.tracker('10.0.0.2', (request, heard) => {
    const { from } = heard[heard.length - 1] ?? { from: { host: '', port: 0 } }
    const { transactionId } = request
    const lie = (answer: UdpAnswer) => encodeUdpAnswer(answer, 'ipv4')
    const wrongPeers: UdpAnswer = {
      ...{ type: 'announced', transactionId, intervalSeconds: 1, complete: 0, incomplete: 0 },
      peers: [{ host: '10.66.66.66', port: 66 }],
    }
    liar.socket.send([lie(wrongPeers)], from)
    liar.socket.send([lie({ type: 'failure', transactionId, reason: 'a lie' })], from)
    liar.socket.send([Uint8Array.of(0, 0, 0, 9)], from)
    tracker.socket.send([lie({ ...wrongPeers, transactionId: (transactionId + 1) >>> 0 })], from)
    tracker.socket.send([lie({ type: 'scraped', transactionId, files: [] })], from)
    if (request.type === 'connect') tracker.socket.send([lie(wrongPeers)], from)
    else tracker.socket.send([lie({ type: 'connected', transactionId, connectionId: new Uint8Array(8) })], from)
    return well(request, heard)
  })
  place.announce()
  await place.run()
  assert.equal(place.outcomes, ['done'])
  assert.equal(place.answers[0]?.peers, PEERS)
  assert.equal(typesOf(tracker.heard), ['connect', 'announce'])
})

test('UDP trackers: an answer that is no answer of a tracker is GARBAGE', async () => {
  const place = new Place()
  const tracker = await place.tracker('10.0.0.2', (request, heard) => {
    const from = heard[heard.length - 1]?.from
    const bytes = encodeUdpAnswer({ type: 'failure', transactionId: request.transactionId, reason: '' }, 'ipv4')
    bytes[3] = 77
    if (from !== undefined) tracker.socket.send([bytes], from)
    return undefined
  })
  place.announce()
  await place.run()
  assert.equal(place.outcomes, ['GARBAGE: there is no action 77'])
})

test('UDP trackers: a name with several addresses is asked at the next where one is silent or cannot be reached', async () => {
  const place = new Place()
  const silent = await place.tracker('10.0.0.2', () => undefined)
  place.addresses.push('fd00::9')
  const good = await place.tracker('10.0.0.3')
  place.announce()
  await place.run()
  assert.equal([typesOf(silent.heard), typesOf(good.heard)], [['connect'], ['connect', 'announce']])
  assert.equal(secondsOf(good.heard), [15, 15])
  assert.equal(place.outcomes, ['done'])
})

test('UDP trackers: a name that nobody has, that has no address, or none that can be sent to is a failure', async () => {
  const place = new Place()
  place.announce('udp://nowhere.example:1/')
  place.announce()
  place.announce('udp://[fd00::1]:1/')
  await place.run(1)
  assert.equal(
    place.outcomes.map((outcome) => outcome.split(':')[0]),
    ['ENOTFOUND', 'ENOTFOUND', 'EAFNOSUPPORT'],
  )
})

test('UDP trackers: who cancels hears nothing, and no socket is left when none is under way', async () => {
  const place = new Place()
  const { heard } = await place.tracker('10.0.0.2')
  const { sockets } = place.network.stations.of(place.client)
  const cancels = [place.announce(), place.announce(), place.announce()]
  await place.run(0.01)
  assert.is(sockets.size, 1, 'they share one')
  for (const cancel of cancels) cancel()
  cancels[0]?.()
  await place.run(0.01)
  assert.is(sockets.size, 0)
  place.announce()()
  await place.run()
  assert.equal([place.outcomes, sockets.size], [[], 0])
  place.announce()
  await place.run()
  assert.equal([place.outcomes, sockets.size], [['done'], 0])
  assert.is(new Set(heard.map(({ request }) => request.transactionId)).size, 4)
})

/** As `well`, and counts what it is asked for. */
const counting: Answers = (request, heard) => {
  if (request.type !== 'scrape') return well(request, heard)
  const files = request.infoHashes.map((hash) => ({ complete: hash[0] ?? 0, incomplete: 2, downloaded: 3 }))
  return { type: 'scraped', transactionId: request.transactionId, files }
}

test('UDP trackers: a scrape has the counts of its torrent, over the connection of an announce', async () => {
  const place = new Place()
  const { heard } = await place.tracker('10.0.0.2', counting)
  place.announce()
  await place.run(1)
  place.scrape(infoHash(new Uint8Array(20).fill(7)))
  await place.run()
  assert.equal(place.counts, [{ complete: 7, incomplete: 2, downloaded: 3 }])
  assert.equal(typesOf(heard), ['connect', 'announce', 'scrape'])
})

test('UDP trackers: an answer to an announce is none to a scrape, and one without counts is GARBAGE', async () => {
  const place = new Place()
  await place.tracker('10.0.0.2', (request, heard) => {
    if (request.type === 'connect') return well(request, heard)
    const { transactionId } = request
    if (heard.length === 2)
      return { type: 'announced', transactionId, intervalSeconds: 1, complete: 9, incomplete: 9, peers: [] }
    return { type: 'scraped', transactionId, files: [] }
  })
  place.scrape(infoHash(new Uint8Array(20).fill(7)))
  await place.run()
  assert.equal(place.outcomes, ['GARBAGE: there are no counts'])
})

test('UDP trackers: many announces share a connection, and answers find their own', async () => {
  const place = new Place()
  const { heard } = await place.tracker('10.0.0.2', (request, all) => {
    const answer = well(request, all)
    const complete = request.type === 'announce' ? (request.infoHash[0] ?? 0) : 0
    return answer?.type === 'announced' ? { ...answer, complete } : answer
  })
  place.announce()
  await place.run(1)
  for (let byte = 10; byte < 110; byte++)
    place.announce(undefined, { ...REQUEST, infoHash: infoHash(new Uint8Array(20).fill(byte)) })
  await place.run()
  assert.is(place.outcomes.filter((outcome) => outcome === 'done').length, 101)
  assert.is(typesOf(heard).filter((type) => type === 'connect').length, 1)
  assert.equal(
    place.answers.slice(1).map(({ complete }) => complete),
    Array.from({ length: 100 }, (_, at) => at + 10),
  )
})

test('UDP trackers: of more announces than a socket takes at once the rest are sent again', async () => {
  const place = new Place()
  const { heard } = await place.tracker('10.0.0.2')
  const count = LIMITS.datagramsUnsentMax + 100
  for (let announce = 0; announce < count; announce++) place.announce()
  await place.run()
  assert.is(place.outcomes.filter((outcome) => outcome === 'done').length, count)
  const connects = heard.filter(({ request }) => request.type === 'connect')
  assert.is(secondsOf(connects).filter((seconds) => seconds === 15).length, 100)
})

test('UDP trackers: addresses are read with their port, and what has none is no UDP tracker', () => {
  assert.equal(udpTrackerOf('udp://a.example:6969/announce?x=1#y'), {
    ...{ host: 'a.example', port: 6_969, urlData: '/announce?x=1' },
  })
  assert.equal(udpTrackerOf('udp://[2001:db8::1]:80'), { host: '2001:db8::1', port: 80, urlData: '' })
  assert.equal(udpTrackerOf('UDP://1.2.3.4:1/')?.urlData, '')
  for (const url of [
    'udp://a.example/announce',
    'udp://a.example:0/',
    'udp://:80/',
    'http://a.example:80/',
    'udp:x',
    '',
  ])
    assert.is(udpTrackerOf(url), undefined, url)
})

test.run()
