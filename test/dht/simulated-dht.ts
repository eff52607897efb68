/** A DHT in the simulated world: nodes with sockets and clocks of their own, and no transfers; some come, go, or lie. */
import { SimulatedClock } from '../../simulations/clock.js'
import { ProcessDatagrams } from '../../simulations/datagrams.js'
import { SimulatedMachine } from '../../simulations/machine.js'
import { SimulatedNetwork } from '../../simulations/network.js'
import { labelOf, World } from '../../simulations/world.js'
import type { SearchPurpose, SearchResult } from '../../src/dht/search.js'
import { DhtService } from '../../src/dht/service.js'
import { SharedUdp } from '../../src/discovery/udp-shared.js'
import type { PeerAddress } from '../../src/values.js'
import { encodeKrpc } from '../../src/wire/krpc.js'
import { readKrpc } from '../../src/wire/krpcread.js'
import { hostOf } from './small-world.js'

export interface DhtCourse {
  readonly seed: number
  readonly nodes: number
  readonly lossRate: number
  /** Torrents that are announced and then looked for. */
  readonly torrents: number
  /** Of a hundred nodes, so many leave and are replaced between an announce and the look-up. */
  readonly churnPercent: number
  /** Liars with ids around each torrent, who name each other and say that nobody is there. */
  readonly liars: number
}

export interface DhtOutcome {
  readonly found: number
  /** Contacts in a node's table, and the share of them that are liars. */
  readonly meanContacts: number
  readonly lyingShare: number
  readonly datagrams: number
}

const SECOND_US = 1_000_000
const PORT = 6_881

interface Node {
  readonly address: PeerAddress
  readonly service: DhtService
  stop(): void
}

class Course {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly nodes: Node[] = []
  datagrams = 0
  #numbers = 0

  constructor(readonly course: DhtCourse) {
    this.world = new World(course.seed)
    this.network = new SimulatedNetwork(this.world)
  }

  #host(number: number) {
    const { lossRate } = this.course
    return this.network.attach(number, {
      host: hostOf(number),
      lossRate,
      duplicateRate: lossRate,
      reorderRate: lossRate,
    })
  }

  add(entry: PeerAddress | undefined): Node {
    const number = ++this.#numbers
    const host = this.#host(number)
    const clock = new SimulatedClock(this.world, number)
    const machine = new SimulatedMachine(this.world, number)
    const datagrams = new ProcessDatagrams(this.network, host)
    const socket = new SharedUdp({ datagrams, port: PORT, host: undefined })
    const service = new DhtService({
      clock,
      socket: {
        get port() {
          return socket.port
        },
        hear: (protocol, listener, ready) => socket.hear(protocol, listener, ready),
        send: (chunks, to) => {
          this.datagrams++
          socket.send(chunks, to)
        },
      },
      entropy: (length) => machine.entropy(length),
      families: ['ipv4'],
      bootstrap: entry === undefined ? [] : [entry],
      bootstrapIsOurs: true,
      resolve: undefined,
      memory: undefined,
      tell: () => undefined,
    })
    const node: Node = {
      address: { host: hostOf(number), port: PORT },
      service,
      stop: () => {
        datagrams.stop()
        clock.stop()
        host.up = false
      },
    }
    this.nodes.push(node)
    return node
  }

  /** One that answers everything with the other liars, and introduces itself to everybody. */
  lie(ids: readonly { readonly id: Uint8Array; readonly address: PeerAddress }[], own: number): void {
    const number = ++this.#numbers
    const datagrams = new ProcessDatagrams(this.network, this.#host(number))
    const { id } = ids[own] ?? {}
    if (id === undefined) return
    const token = Uint8Array.of(1)
    datagrams.bind(
      {
        port: PORT,
        received: (bytes, from) => {
          const message = readKrpc(bytes)
          if (message.type !== 'query') return
          const nodes = ids.slice(0, 16)
          send(encodeKrpc({ type: 'answer', transaction: message.transaction, id, answer: { nodes, token } }), from)
        },
      },
      (answer) => {
        if (answer.type !== 'done') return
        send = (bytes, to) => answer.value.send([bytes], to)
        for (const { address } of this.nodes) {
          const query = { method: 'find_node', target: id, want: [] } as const
          send(encodeKrpc({ type: 'query', transaction: token, id, readOnly: false, query }), address)
        }
      },
    )
    let send: (bytes: Uint8Array, to: PeerAddress) => void = () => undefined
  }

  get nextNumber(): number {
    return this.#numbers + 1
  }

  pass(seconds: number): Promise<void> {
    return this.world.run({ at: this.world.now + seconds * SECOND_US })
  }

  /** At a time of the world's, so that nothing happens outside of it. */
  do(act: () => void): void {
    this.world.schedule(this.world.now, labelOf('scenario', 0), act)
  }

  async search(node: Node, purpose: SearchPurpose): Promise<{ peers: readonly PeerAddress[]; result: SearchResult }> {
    const peers: PeerAddress[] = []
    let result: SearchResult | undefined
    const ended = (given: SearchResult): void => {
      result = given
    }
    this.do(() => void node.service.search(purpose, { found: (found) => void peers.push(...found), ended }))
    while (result === undefined) await this.pass(1)
    return { peers, result }
  }
}

export const runDht = async (course: DhtCourse): Promise<DhtOutcome> => {
  const run = new Course(course)
  const chance = run.world.chance('course')
  const anyNode = (): Node => run.nodes[chance.below(run.nodes.length)] as Node // there are some
  for (let count = 0; count < course.nodes; count++) {
    const entry = count === 0 ? undefined : anyNode().address
    run.do(() => void run.add(entry))
    await run.pass(0.1)
  }
  await run.pass(60)
  let found = 0
  const lying = new Set<string>()
  for (let torrent = 0; torrent < course.torrents; torrent++) {
    const target = chance.bytes(20)
    const port = 10_000 + torrent
    const perTorrent = Math.floor(course.liars / course.torrents)
    run.do(() => {
      const first = run.nextNumber
      const named = Array.from({ length: perTorrent }, (_, number) => {
        const id = target.slice()
        id[19] = (id[19] ?? 0) ^ (number + 1)
        return { id, address: { host: hostOf(first + number), port: PORT } }
      })
      for (const [number, { address }] of named.entries()) {
        lying.add(address.host)
        run.lie(named, number)
      }
    })
    await run.pass(10)
    await run.search(anyNode(), { type: 'peers', target, announce: { port } })
    run.do(() => {
      for (let gone = 0; gone < (course.nodes * course.churnPercent) / 100; gone++) {
        const entry = anyNode().address
        const [left] = run.nodes.splice(chance.below(run.nodes.length), 1)
        left?.stop()
        if (left?.address.host !== entry.host) run.add(entry)
        else run.add(anyNode().address)
      }
    })
    await run.pass(30)
    const { peers } = await run.search(anyNode(), { type: 'peers', target })
    if (peers.some((peer) => peer.port === port)) found++
  }
  const contacts = run.nodes.map(({ service }) => service.contacts)
  const all = contacts.flat()
  const lies = all.filter(({ host }) => lying.has(host)).length
  for (const node of run.nodes) node.stop()
  return {
    found,
    meanContacts: all.length / Math.max(1, run.nodes.length),
    lyingShare: lies / Math.max(1, all.length),
    datagrams: run.datagrams,
  }
}
