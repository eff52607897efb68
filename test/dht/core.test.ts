/** A node of the DHT among others: what it finds, keeps and answers, and whom it does not believe. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { DhtCore } from '../../src/dht/core.js'
import { LIMITS } from '../../src/limits.js'
import { mix } from '../../src/random.js'
import { equalBytes, type PeerAddress, toHex } from '../../src/values.js'
import { encode } from '../../src/wire/bencode.js'
import { encodeKrpc, KRPC_ERRORS, type KrpcAnswer, type KrpcMessage, type KrpcQuery } from '../../src/wire/krpc.js'
import { readKrpc } from '../../src/wire/krpcread.js'
import { nodeIdAt } from '../../src/wire/nodeid.js'
import { immutableTarget, mutableTarget, publicKeyOf, signItem } from '../../src/wire/storeditem.js'
import { chanceOf, hostOf, type Inhabitant, SmallWorld } from './small-world.js'

const at = (number: number, port = 6_881): PeerAddress => ({ host: hostOf(number), port })

/** So many nodes that know each other. */
const settled = (world: SmallWorld, count: number): readonly Inhabitant[] => {
  const nodes: Inhabitant[] = []
  for (let number = 0; number < count; number++) {
    const node = world.add(at(number))
    const entry = nodes[mix(world.seed, number) % Math.max(1, nodes.length)]
    if (entry !== undefined) world.join(node, entry.address)
    nodes.push(node)
    world.run(100)
  }
  world.run(60_000)
  // As the service does: who came by somebody that knew nobody yet asks again.
  for (const node of nodes)
    if (node.core.size < LIMITS.dhtEntriesNeededBelow) world.perform(node, node.core.bootstrap(world.now))
  world.run(10_000)
  return nodes
}

const nodeAt = (nodes: readonly Inhabitant[], number: number): Inhabitant => nodes[number % nodes.length] as Inhabitant
const problems = (nodes: readonly Inhabitant[]): readonly string[] =>
  nodes.flatMap(({ core }) => [...core.tables.values()].flatMap((table) => table.problem() ?? []))

/** Somebody who sends what he likes, and hears what comes back. */
class Stranger {
  readonly heard: KrpcMessage[] = []
  readonly id = chanceOf(99)(20)

  constructor(
    readonly world: SmallWorld,
    readonly address: PeerAddress,
    readonly answers?: (query: KrpcQuery, from: PeerAddress, id: Uint8Array) => KrpcAnswer | undefined,
  ) {
    world.strangers.set(`${address.host}:${address.port}`, (bytes, from) => this.#receive(bytes, from))
  }

  ask(to: PeerAddress, query: KrpcQuery, readOnly = true): KrpcMessage | undefined {
    const message = { type: 'query' as const, transaction: Uint8Array.of(1), id: this.id, readOnly, query }
    this.world.send(encodeKrpc(message), this.address, to)
    this.world.run(1_000)
    return this.heard.pop()
  }

  #receive(bytes: Uint8Array, from: PeerAddress): void {
    const message = readKrpc(bytes)
    if (message.type === 'fault') return
    if (message.type !== 'query') {
      this.heard.push(message)
      return
    }
    const answer = this.answers?.(message.query, from, message.id)
    if (answer === undefined) return
    const { transaction } = message
    this.world.send(encodeKrpc({ type: 'answer', transaction, id: this.id, answer }), this.address, from)
  }
}

const errorOf = (message: KrpcMessage | undefined): number | undefined =>
  message?.type === 'error' ? message.code : undefined
const tokenOf = (message: KrpcMessage | undefined): Uint8Array => {
  assert.ok(message?.type === 'answer' && message.answer.token !== undefined, 'a token')
  return message.answer.token
}

const target = (number: number): Uint8Array => chanceOf(number * 7_919 + 5)(20)

test('dht: who announced is found, over lines that lose, repeat and mix up datagrams, while nodes come and go', () => {
  const world = new SmallWorld(4, { lossRate: 0.05, duplicateRate: 0.05, delayMs: 80 })
  const nodes = [...settled(world, 120)]
  assert.equal(problems(nodes), [])
  let found = 0
  for (let number = 0; number < 12; number++) {
    const { result } = world.searched(nodeAt(nodes, number * 31), {
      type: 'peers',
      target: target(number),
      announce: { port: 5_000 + number },
    })
    assert.ok(result.stored > 0, `${result.stored} took it`)
    // One of twenty is gone, and another one comes.
    for (let gone = 0; gone < 3; gone++) {
      const [left] = nodes.splice(mix(number, gone) % nodes.length, 1)
      if (left !== undefined) world.remove(left)
      const comer = world.add(at(1_000 + number * 3 + gone))
      world.join(comer, nodeAt(nodes, number + gone).address)
      nodes.push(comer)
    }
    world.run(10_000)
    const { peers } = world.searched(nodeAt(nodes, number * 17 + 3), { type: 'peers', target: target(number) })
    if (peers.some(({ port }) => port === 5_000 + number)) found++
  }
  assert.ok(found >= 10, `${found} of 12 were found`)
  assert.equal(problems(nodes), [])
})

test('dht: the same seed takes the same course', () => {
  const course = (seed: number): string => {
    const world = new SmallWorld(seed, { lossRate: 0.1 })
    const nodes = settled(world, 20)
    return `${world.datagrams} ${nodes.map(({ core }) => [...core.tables.values()].map(({ id }) => toHex(id))).join()}`
  }
  assert.is(course(5), course(5))
  assert.is.not(course(5), course(6))
})

test('dht: nodes come to know where they are seen, and take an id that fits', () => {
  const world = new SmallWorld(1)
  const nodes = settled(world, 20)
  world.run(3 * LIMITS.dhtQuestionableMs)
  for (const { core, address, seenAt } of nodes.slice(0, 10)) {
    assert.equal(seenAt[0], address)
    for (const table of core.tables.values())
      for (const contact of table.contacts()) assert.ok(contact.verified, 'the id fits the address')
  }
})

test('dht: whose answer shows where the node is seen is in the table under its new id, too', () => {
  const now = 1_700_000_000_000
  const core = new DhtCore({ families: ['ipv4'], entropy: chanceOf(3) }, now)
  const [before] = [...core.tables.values()].map(({ id }) => toHex(id))
  for (let number = 1; number <= LIMITS.dhtVotesNeeded; number++) {
    const [ping] = core.meet(at(number), now)
    assert.ok(ping?.type === 'send')
    const query = readKrpc(ping.bytes)
    assert.ok(query.type === 'query')
    const answer = {
      type: 'answer',
      transaction: query.transaction,
      id: target(number),
      answer: {},
      seenAt: at(99),
    } as const
    core.receive(encodeKrpc(answer), at(number), now)
    const hosts = [...core.tables.values()].flatMap((table) => [...table.contacts()].map(({ address }) => address.host))
    assert.ok(hosts.includes(at(number).host), `number ${number}`)
  }
  const [after] = [...core.tables.values()].map(({ id }) => toHex(id))
  assert.is.not(after, before)
})

test('dht: items are put by one and got by another, and newer ones take the place of older ones', () => {
  const world = new SmallWorld(2, { lossRate: 0.02 })
  const nodes = settled(world, 40)
  const value = encode({ any: ['bencoded', 1] })
  const put = world.searched(nodeAt(nodes, 3), { type: 'put', target: immutableTarget(value), item: { value } })
  assert.ok(put.result.stored >= 6)
  const got = world.searched(nodeAt(nodes, 30), { type: 'get', target: immutableTarget(value) })
  assert.equal(got.result.item, { value })
  const seed = chanceOf(8)(32)
  const salt = Uint8Array.of(1, 2)
  const place = mutableTarget(publicKeyOf(seed), salt)
  for (const seq of [1, 2]) {
    const item = signItem(seed, encode(seq), seq, salt)
    assert.ok(world.searched(nodeAt(nodes, seq), { type: 'put', target: place, item }).result.stored >= 6)
  }
  const newest = world.searched(nodeAt(nodes, 20), { type: 'get', target: place, salt })
  assert.is(newest.result.item?.signed?.seq, 2)
  const old = world.searched(nodeAt(nodes, 9), { type: 'put', target: place, item: signItem(seed, encode(1), 1, salt) })
  assert.ok(old.result.stored <= 3, `${old.result.stored} took the older one`)
  assert.match(old.result.refusal ?? '', /^302/)
})

const asked = (): { world: SmallWorld; node: Inhabitant; stranger: Stranger } => {
  const world = new SmallWorld(3)
  const [node] = settled(world, 1)
  return { world, node: node as Inhabitant, stranger: new Stranger(world, at(500)) }
}

test('dht: a token is for one host, one target and ten minutes', () => {
  const { world, node, stranger } = asked()
  const announce = (token: Uint8Array, number = 1): KrpcQuery => ({
    method: 'announce_peer',
    target: target(number),
    token,
    port: 7_000,
    impliedPort: false,
  })
  const token = tokenOf(stranger.ask(node.address, { method: 'get_peers', target: target(1), want: [] }))
  assert.is(stranger.ask(node.address, announce(token))?.type, 'answer')
  assert.is(errorOf(stranger.ask(node.address, announce(token, 2))), KRPC_ERRORS.protocol, 'of another target')
  const other = new Stranger(world, at(501))
  assert.is(errorOf(other.ask(node.address, announce(token))), KRPC_ERRORS.protocol, 'of another host')
  world.run(LIMITS.dhtTokenTurnMs)
  assert.is(stranger.ask(node.address, announce(token))?.type, 'answer', 'after five minutes')
  world.run(LIMITS.dhtTokenTurnMs + 5_000)
  assert.is(errorOf(stranger.ask(node.address, announce(token))), KRPC_ERRORS.protocol, 'replayed after ten')
  const heard = other.ask(node.address, { method: 'get_peers', target: target(1), want: [] })
  assert.equal(heard?.type === 'answer' && heard.answer.peers, [{ host: stranger.address.host, port: 7_000 }])
  world.run(LIMITS.dhtPeerKeptMs)
  const later = other.ask(node.address, { method: 'get_peers', target: target(1), want: [] })
  assert.is(later?.type === 'answer' && later.answer.peers, undefined, 'peers expire')
})

test('dht: with implied_port the port is that of the datagram, whatever is said', () => {
  const { node, stranger } = asked()
  const token = tokenOf(stranger.ask(node.address, { method: 'get_peers', target: target(1), want: [] }))
  stranger.ask(node.address, { method: 'announce_peer', target: target(1), token, port: 9, impliedPort: true })
  const heard = stranger.ask(node.address, { method: 'get_peers', target: target(1), want: [] })
  assert.equal(heard?.type === 'answer' && heard.answer.peers, [stranger.address])
})

test('dht: puts are refused with the codes of BEP 44', () => {
  const { node, stranger } = asked()
  const seed = chanceOf(8)(32)
  const place = mutableTarget(publicKeyOf(seed))
  const get = (seq?: number) => stranger.ask(node.address, { method: 'get', target: place, want: [], seq })
  const token = tokenOf(get())
  const put = (seq: number, value: number, cas?: number, spoil = 0) => {
    const item = signItem(seed, encode(value), seq)
    const signature = item.signed?.signature.slice() ?? new Uint8Array()
    signature[5] = (signature[5] ?? 0) ^ spoil
    const signed = item.signed && { ...item.signed, signature }
    return stranger.ask(node.address, { method: 'put', token, value: item.value, signed, cas })
  }
  assert.is(errorOf(put(5, 1, undefined, 1)), KRPC_ERRORS.signatureInvalid)
  assert.is(put(5, 1)?.type, 'answer')
  assert.is(errorOf(put(4, 1)), KRPC_ERRORS.seqTooLow)
  assert.is(errorOf(put(5, 2)), KRPC_ERRORS.seqTooLow, 'the same number and another value')
  assert.is(put(5, 1)?.type, 'answer', 'the same again')
  assert.is(errorOf(put(6, 2, 4)), KRPC_ERRORS.casMismatch)
  assert.is(put(6, 2, 5)?.type, 'answer')
  const heard = get(6)
  assert.ok(heard?.type === 'answer' && heard.answer.value === undefined && heard.answer.seq === 6, 'nothing newer')
})

test('dht: questions of one host beyond its rate are not answered, and others are', () => {
  const { world, node, stranger } = asked()
  const other = new Stranger(world, at(501))
  for (let count = 0; count < 500; count++) {
    const message = { type: 'query' as const, transaction: T, id: stranger.id, readOnly: true, query: PING }
    world.send(encodeKrpc(message), stranger.address, node.address)
  }
  world.run(500)
  const burst = (LIMITS.dhtQuestionsPerHostSecond * LIMITS.dhtBurstMs) / 1_000
  assert.ok(stranger.heard.length <= burst + 5, `${stranger.heard.length} were answered`)
  assert.is(other.ask(node.address, PING)?.type, 'answer')
})

const T = Uint8Array.of(7)
const PING = { method: 'ping' } as const

test('dht: what it keeps for others is bounded, whoever announces how much', () => {
  const { world, node } = asked()
  const announcers = Array.from({ length: 40 }, (_, number) => new Stranger(world, at(2_000 + number)))
  for (const [number, announcer] of announcers.entries())
    for (let torrent = 0; torrent < 3; torrent++) {
      const place = target(torrent === 0 ? 1 : 100 + number * 3 + torrent)
      const token = tokenOf(announcer.ask(node.address, { method: 'get_peers', target: place, want: [] }))
      announcer.ask(node.address, { method: 'announce_peer', target: place, token, port: 1, impliedPort: false })
    }
  assert.is(node.core.kept.peers, 120)
  const heard = announcers[0]?.ask(node.address, { method: 'get_peers', target: target(1), want: [] })
  assert.is(heard?.type === 'answer' && heard.answer.peers?.length, 40)
  const samples = announcers[1]?.ask(node.address, { method: 'sample_infohashes', target: target(1), want: [] })
  assert.ok(samples?.type === 'answer')
  assert.is(samples.answer.samples?.count, 81)
  assert.is(samples.answer.samples?.infoHashes.length, 20 * LIMITS.dhtSamplesMax)
})

test('dht: an answer counts only from whom it was asked of, and by the bytes that only that one was sent', () => {
  const world = new SmallWorld(6)
  const node = world.add(at(1))
  const liar = new Stranger(world, at(3))
  // Whoever is asked is silent; somebody else answers in its place, and another guesses.
  world.strangers.set(`${at(2).host}:6881`, (bytes) => {
    const message = readKrpc(bytes)
    if (message.type === 'fault') return
    const lie = { type: 'answer' as const, id: liar.id, answer: { peers: [at(66)], token: T } }
    world.send(encodeKrpc({ ...lie, transaction: message.transaction }), liar.address, node.address)
    for (let guess = 0; guess < 20; guess++)
      world.send(encodeKrpc({ ...lie, transaction: Uint8Array.of(0, 0, 0, guess) }), at(2), node.address)
  })
  node.core.enter([at(2)], false)
  const { peers, result } = world.searched(node, { type: 'peers', target: target(1) })
  assert.equal(peers, [])
  assert.is(result.answered, 0)
  assert.is(node.core.size, 0, 'nobody came into the table')
})

test('dht: nodes that read-only ones are, or that never answer, come into no table', () => {
  const { world, node, stranger } = asked()
  stranger.ask(node.address, PING, true)
  stranger.ask(node.address, PING, false)
  world.run(10_000)
  assert.is(node.core.size, 0)
  const honest = new Stranger(world, at(502), () => ({}))
  honest.ask(node.address, PING, true)
  assert.is(node.core.size, 0, 'it wants to be left alone (BEP 43)')
  honest.ask(node.address, PING, false)
  assert.is(node.core.size, 1)
})

test('dht: who names addresses of a local network from outside is not believed', () => {
  const world = new SmallWorld(6)
  const node = world.add(at(1))
  const dialed: string[] = []
  for (const host of ['127.0.0.1', '10.0.0.1', '192.168.1.1'])
    world.strangers.set(`${host}:6881`, () => dialed.push(host))
  const names = ['127.0.0.1', '10.0.0.1', '192.168.1.1'].map((host, number) => ({
    id: target(number),
    address: { host, port: 6_881 },
  }))
  const liar = new Stranger(world, at(2), () => ({
    nodes: names,
    peers: names.map(({ address }) => address),
    token: T,
  }))
  world.join(node, liar.address)
  const { peers } = world.searched(node, { type: 'peers', target: target(1) })
  assert.equal([peers, dialed], [[], []])
})

test('dht: liars around a target who chose their ids cannot hide what honest nodes keep', () => {
  const world = new SmallWorld(7)
  const nodes = settled(world, 60)
  const place = target(42)
  const close = (number: number): Uint8Array => {
    const id = place.slice()
    id[19] = (id[19] ?? 0) ^ (number + 1)
    return id
  }
  // Twenty liars with ids right at the target: they name each other, and say that nobody is there.
  const liars = Array.from({ length: 20 }, (_, number) => ({ id: close(number), address: at(5_000 + number) }))
  for (const { id, address } of liars)
    world.strangers.set(`${address.host}:6881`, (bytes, from) => {
      const message = readKrpc(bytes)
      if (message.type !== 'query') return
      const answer = { nodes: liars.slice(0, 16), token: T }
      world.send(encodeKrpc({ type: 'answer', transaction: message.transaction, id, answer }), address, from)
    })
  const introduce = (): void => {
    for (const { id, address } of liars)
      for (const node of nodes) {
        const query: KrpcQuery = { method: 'find_node', target: place, want: [] }
        const message = { type: 'query' as const, transaction: T, id, readOnly: false, query }
        world.send(encodeKrpc(message), address, node.address)
      }
    world.run(5_000)
  }
  introduce()
  const { result } = world.searched(nodeAt(nodes, 5), { type: 'peers', target: place, announce: { port: 4_321 } })
  assert.ok(result.answered > 8)
  introduce()
  let found = 0
  for (const number of [11, 22, 33, 44, 55]) {
    const { peers } = world.searched(nodeAt(nodes, number), { type: 'peers', target: place })
    if (peers.some(({ port }) => port === 4_321)) found++
  }
  assert.is(found, 5)
  assert.equal(problems(nodes), [])
  // They do not take over the tables either.
  for (const { core } of nodes)
    for (const table of core.tables.values()) {
      const contacts = [...table.contacts()]
      const lying = contacts.filter(({ id }) => liars.some((liar) => equalBytes(liar.id, id)))
      assert.ok(lying.length * 2 < contacts.length, `${lying.length} of ${contacts.length}`)
    }
})

test('dht: one host has one place in a table, and one /24 one in a bucket', () => {
  const world = new SmallWorld(8)
  const node = world.add(at(1))
  const crowd: { id: Uint8Array; address: PeerAddress }[] = []
  for (let number = 0; number < 200; number++) {
    const address = { host: `99.88.77.${number}`, port: 6_881 }
    crowd.push({ id: nodeIdAt(address.host, chanceOf(number)(20)), address })
    crowd.push({ id: chanceOf(number + 1_000)(20), address: { host: '66.55.44.33', port: 7_000 + number } })
  }
  for (const { id, address } of crowd)
    world.strangers.set(`${address.host}:${address.port}`, (bytes, from) => {
      const message = readKrpc(bytes)
      if (message.type === 'query')
        world.send(encodeKrpc({ type: 'answer', transaction: message.transaction, id, answer: {} }), address, from)
    })
  for (const { address } of crowd) {
    world.perform(node, node.core.meet(address, world.now))
    world.run(300)
  }
  assert.equal(problems([node]), [])
  const contacts = [...node.core.tables.values()].flatMap((table) => [...table.contacts()])
  assert.ok(contacts.filter(({ address }) => address.host === '66.55.44.33').length <= 1)
  assert.ok(contacts.length < 20, `${contacts.length} places for two networks`)
})

test('dht: searches take their turn, so that a thousand torrents ask over minutes', () => {
  const world = new SmallWorld(9)
  const nodes = settled(world, 12)
  const before = world.datagrams
  const [asker] = nodes
  assert.ok(asker !== undefined)
  for (let number = 0; number < 1_000; number++) world.search(asker, { type: 'peers', target: target(number) })
  assert.ok(asker.core.searching <= LIMITS.dhtSearchesMax)
  world.run(10_000)
  const perSecond = (world.datagrams - before) / 10
  assert.ok(perSecond < 200, `${perSecond} datagrams a second`)
  assert.ok(asker.results.size >= 20, `${asker.results.size} were done in 10 s`)
})

test('dht: nodes that fell silent make way', () => {
  const world = new SmallWorld(10)
  const nodes = settled(world, 30)
  for (const node of nodes.slice(10)) world.remove(node)
  world.run(3 * LIMITS.dhtQuestionableMs)
  const gone = new Set(nodes.slice(10).map(({ address }) => address.host))
  for (const { core } of nodes.slice(0, 10))
    for (const table of core.tables.values())
      for (const { address } of table.closest(target(1), 100)) assert.not.ok(gone.has(address.host), address.host)
})

test.run()
