/** One connection that moves bytes as fast as its line takes them: in the simulated network, and between two real ones. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { ProcessNetwork, SimulatedNetwork } from '../../simulations/network.js'
import { US_PER_SECOND, World } from '../../simulations/world.js'
import type { Connection } from '../../src/ports.js'

export interface Line {
  /** Bytes a second. */
  readonly rate: number
  readonly roundTripMs: number
  /** Of segments, one way. */
  readonly lossRate: number
}

const PORT = 7_000
const CHUNK_BYTES = 16_384

/** Bytes a second between the first byte that arrives and the last. */
export const simulatedThroughput = async (seed: number, line: Line, bytes: number): Promise<number> => {
  const world = new World(seed)
  const network = new SimulatedNetwork(world)
  const { rate, roundTripMs, lossRate } = line
  const way = { latencyUs: (roundTripMs * 1_000) / 4, jitterUs: 0, downloadRate: 0 }
  const from = network.attach(1, { ...way, host: '10.0.0.1', uploadRate: rate, lossRate })
  const to = network.attach(2, { ...way, host: '10.0.0.2', uploadRate: 0, lossRate: 0 })
  let received = 0
  let firstAt = 0
  let firstBytes = 0
  const receiver = {
    opened: () => {},
    received: (chunk: Uint8Array) => {
      if (received === 0) [firstAt, firstBytes] = [world.now, chunk.length]
      received += chunk.length
    },
    closed: () => {},
  }
  await new ProcessNetwork(network, to).listen({ host: undefined, port: PORT, accepted: () => receiver })
  const send = (connection: Connection): void => {
    const chunks = Array.from({ length: bytes / CHUNK_BYTES }, () => new Uint8Array(CHUNK_BYTES))
    connection.send(chunks)
  }
  const sender = { opened: send, received: () => {}, closed: () => {} }
  new ProcessNetwork(network, from).dial({ host: '10.0.0.2', port: PORT }, 10_000, sender)
  await world.run({ at: 3_600 * US_PER_SECOND, when: () => received === bytes })
  return (bytes - firstBytes) / ((world.now - firstAt) / US_PER_SECOND)
}

/** Two network namespaces with a line between them; undo it by `remove`. */
export interface Namespaces {
  /** Sets the line up. Throws where the kernel has no such thing. */
  shape(line: Line): void
  throughput(bytes: number): Promise<number>
  remove(): void
}

const NAMES = ['torrewind-validity-a', 'torrewind-validity-b'] as const
const ENDS = ['twval0', 'twval1'] as const
const HOSTS = ['10.231.77.1', '10.231.77.2'] as const

const ip = (...args: readonly string[]): string => execFileSync('ip', args, { encoding: 'utf8', stdio: 'pipe' })

const RECEIVE = `
let first, head = 0, all = 0
require('node:net').createServer((socket) => {
  socket.on('data', (chunk) => { if (first === undefined) { first = performance.now(); head = chunk.length }; all += chunk.length })
  socket.on('end', () => { console.log((all - head) / ((performance.now() - first) / 1000)); process.exit() })
}).listen(${PORT}, () => console.log('listening'))`
const SEND = (bytes: number): string =>
  `const s = require('node:net').connect(${PORT}, '${HOSTS[1]}', () => s.end(Buffer.alloc(${bytes})))`

/** Throws where this user may not make them. */
export const makeNamespaces = (): Namespaces => {
  const remove = (): void => {
    for (const name of NAMES) {
      try {
        ip('netns', 'del', name)
      } catch {
        // It was never made.
      }
    }
  }
  try {
    for (const name of NAMES) ip('netns', 'add', name)
    ip('link', 'add', ENDS[0], 'netns', NAMES[0], 'type', 'veth', 'peer', 'name', ENDS[1], 'netns', NAMES[1])
    for (const at of [0, 1] as const) {
      ip('-n', NAMES[at], 'address', 'add', `${HOSTS[at]}/24`, 'dev', ENDS[at])
      ip('-n', NAMES[at], 'link', 'set', ENDS[at], 'up')
    }
  } catch (error) {
    remove()
    throw error
  }
  const traffic = (at: 0 | 1, ...args: readonly string[]): void => {
    ip('netns', 'exec', NAMES[at], 'tc', 'qdisc', 'replace', 'dev', ENDS[at], 'root', ...args)
  }
  return {
    remove,
    shape: ({ rate, roundTripMs, lossRate }) => {
      const delay = `${roundTripMs / 2}ms`
      const line = `${rate * 8}bit`
      // Where there is neither delay nor loss the token bucket does, which more kernels have.
      if (roundTripMs === 0 && lossRate === 0) traffic(0, 'tbf', 'rate', line, 'burst', '16kb', 'latency', '100ms')
      else {
        traffic(0, 'netem', 'delay', delay, 'rate', line, 'loss', `${lossRate * 100}%`)
        traffic(1, 'netem', 'delay', delay)
      }
    },
    throughput: async (bytes) => {
      const node = (at: 0 | 1, program: string) =>
        spawn('ip', ['netns', 'exec', NAMES[at], process.execPath, '-e', program], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
      const receiver = node(1, RECEIVE)
      let said = ''
      receiver.stdout.on('data', (text) => {
        said += String(text)
      })
      await once(receiver.stdout, 'data')
      node(0, SEND(bytes))
      await once(receiver, 'exit')
      return Number(said.split('\n')[1])
    },
  }
}
