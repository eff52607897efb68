/** One connection that moves as many bytes as its line takes for a while: simulated, and a real one. */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { ProcessNetwork, SimulatedNetwork } from '../../simulations/network.js'
import { US_PER_SECOND, World } from '../../simulations/world.js'
import type { Connection } from '../../src/ports.js'
import { openLink } from './link.js'

export interface Line {
  /** Bytes a second. */
  readonly rate: number
  readonly roundTripMs: number
  /** Of packets, one way. */
  readonly lossRate: number
  /** Real ones at a time, each over a line of its own. */
  readonly streams: number
}

/** From the first byte that arrives: slow start is in it. */
const SECONDS = 16
const PORT = 7_000
const CHUNK_BYTES = 65_536

const endsOf = ({ rate, roundTripMs, lossRate }: Line) => {
  const way = { latencyUs: (roundTripMs * 1_000) / 4, downloadRate: 0 }
  return [
    { ...way, uploadRate: rate, lossRate },
    { ...way, uploadRate: 0, lossRate: 0 },
  ] as const
}

/** Bytes a second. */
export const simulatedThroughput = async (seed: number, line: Line): Promise<number> => {
  const world = new World(seed)
  const network = new SimulatedNetwork(world)
  const [sending, receiving] = endsOf(line)
  const from = network.attach(1, { ...sending, jitterUs: 0, host: '10.0.0.1' })
  const to = network.attach(2, { ...receiving, jitterUs: 0, host: '10.0.0.2' })
  let received = 0
  let endAt = Number.POSITIVE_INFINITY
  const receiver = {
    opened: () => {},
    received: (chunk: Uint8Array) => {
      // What is there first took the way before.
      if (endAt === Number.POSITIVE_INFINITY) endAt = world.now + SECONDS * US_PER_SECOND
      else received += chunk.length
    },
    closed: () => {},
  }
  await new ProcessNetwork(network, to).listen({ host: undefined, port: PORT, accepted: () => receiver })
  const chunk = new Uint8Array(CHUNK_BYTES)
  const send = (connection: Connection): void =>
    connection.send(Array.from({ length: Math.ceil((2 * SECONDS * line.rate) / CHUNK_BYTES) }, () => chunk))
  const sender = { opened: send, received: () => {}, closed: () => {} }
  new ProcessNetwork(network, from).dial({ host: '10.0.0.2', port: PORT }, 10_000, sender)
  await world.run({ at: 3_600 * US_PER_SECOND, when: () => world.now >= endAt })
  return received / SECONDS
}

const RECEIVE = (streams: number): string => `
const rates = []
require('node:net').createServer((socket) => {
  let head, all = 0
  const end = () => {
    rates.push((all - head) / ${SECONDS})
    socket.destroy()
    if (rates.length === ${streams}) { console.log(JSON.stringify(rates)); process.exit() }
  }
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    if (head === undefined) { head = chunk.length; setTimeout(end, ${SECONDS * 1_000}) }
    all += chunk.length
  })
}).listen(${PORT}, () => console.log('listening'))`
const SEND = (host: string, streams: number): string => `
const chunk = Buffer.alloc(${CHUNK_BYTES})
let open = ${streams}
for (let stream = open; stream > 0; stream--) {
  const socket = require('node:net').connect(${PORT}, '${host}')
  const fill = () => { while (socket.write(chunk)); }
  socket.on('connect', fill).on('drain', fill).on('error', () => {}).on('close', () => { if (--open === 0) process.exit() })
}`

/** Bytes a second of each stream. Throws where this user or machine cannot make a link. */
export const realThroughputs = async (line: Line): Promise<readonly number[]> => {
  const link = await openLink(endsOf(line), 'own')
  try {
    const receiver = link.run(1, process.execPath, ['-e', RECEIVE(line.streams)])
    const said = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]()
    await said.next() // it listens
    const sender = link.run(0, process.execPath, ['-e', SEND(link.hosts[1] ?? '', line.streams)])
    const ended = once(sender, 'exit')
    const { value } = await said.next()
    await ended
    return JSON.parse(value ?? '[]') as readonly number[]
  } finally {
    await link.close()
  }
}
