/**
 * Measures the stores of the tracker, without a front: `node --import tsx bench/tracker-store.ts [ROUNDS]`.
 *
 * Announces a second with 1,000 swarms of 100 peers each and 50 peers a reply, read as compact bytes; rounds of the stores
 * take turns, as figures of this machine drift. Then the memory of a process that holds a million peers in 100,000 swarms.
 * Redis is one of its own, from `redis-server`, on loopback and without persistence; what is measured of it is one tracker
 * process with 500 announces under way.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { infoHash, peerId } from '../src/values.js'
import { machineNow, machineRandom } from '../tracker/machine.js'
import { type OpenStore, openStore } from '../tracker/open-store.js'
import { compactPeers, type StoreAnswer, type SwarmStore, soon } from '../tracker/store.js'
import type { Refusal, SwarmRequest } from '../tracker/swarm.js'
import { median, printTable, range } from './table.js'

const SWARMS = 1_000
const PEERS = 100
const ROUND_MS = 2_000
const UNDER_WAY = 500
const CROWD = { swarms: 100_000, peers: 10 }
const MIB = 1_048_576

const bytes = (length: number, number: number, fill: number): Uint8Array => {
  const made = new Uint8Array(length).fill(fill)
  new DataView(made.buffer).setUint32(length - 4, Math.imul(number, 0x9e37_79b1))
  return made
}

const requestOf = (swarm: number, peer: number, numwant: number): SwarmRequest => ({
  infoHash: infoHash(bytes(20, swarm, 7)),
  peerId: peerId(bytes(20, swarm * PEERS + peer, 0x2d)),
  host: bytes(4, swarm * PEERS + peer, 0),
  port: 6_881,
  leftBytes: peer % 3,
  event: undefined,
  numwant,
})

const open = (name: string): Promise<OpenStore> =>
  openStore(name, {
    settings: { intervalSeconds: 1_800, hashSeed: 1 },
    ...{ random: machineRandom, now: machineNow, nowGiven: false },
    onChanged: (failure) => {
      if (failure !== undefined) throw failure
    },
  })

interface Figures {
  readonly perSecond: number
  /** Of this process. */
  readonly cpuMicroseconds: number
}

/** As many announces as there is time for, so many at a time where answers come later. */
const measure = async (store: SwarmStore, requests: readonly SwarmRequest[], ms: number): Promise<Figures> => {
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const end = begun + ms
  let done = 0
  let read = 0
  const take = (answer: StoreAnswer | Refusal): void => {
    if (answer.type === 'refusal') throw new Error(answer.reason)
    read += compactPeers(answer).ipv4.length
    done++
  }
  const ask = (): void | Promise<void> => {
    const request = requests[machineRandom(requests.length)]
    if (request !== undefined) return soon(store.announce(request, machineNow()), take)
  }
  const inTurn = async (): Promise<void> => {
    while (performance.now() < end) {
      // What is written behind has its turns between those of sockets.
      for (let announces = 0; announces < 100; announces++) {
        const answer = ask()
        if (!(answer instanceof Promise)) continue
        await answer
        if (performance.now() >= end) return
      }
      await setImmediate()
    }
  }
  const underWay = ask() instanceof Promise ? UNDER_WAY : 1
  await Promise.all(Array.from({ length: underWay }, inTurn))
  if (read / done / 6 < 45) throw new Error(`${read / done / 6} peers a reply`)
  const seconds = (performance.now() - begun) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: done / seconds, cpuMicroseconds: (user + system) / done }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const startRedis = async (folder: string) => {
  const port = await freePort()
  const where = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', folder, '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', where, { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const chunk of child.stdout) if (String(chunk).includes('Ready to accept')) break
  return { url: `redis://127.0.0.1:${port}`, stop: () => child.kill() }
}

const compareSpeed = async (rounds: number, folder: string): Promise<void> => {
  const hasRedis = spawnSync('redis-server', ['--version']).status === 0
  const redis = hasRedis ? await startRedis(folder) : undefined
  const names = ['memory', `level:${join(folder, 'speed')}`, ...(redis === undefined ? [] : [redis.url])]
  const stores = await Promise.all(names.map(open))
  const requests = Array.from({ length: SWARMS * PEERS }, (_, at) =>
    requestOf(at % SWARMS, Math.floor(at / SWARMS), 50),
  )
  const figures = names.map((): Figures[] => [])
  try {
    for (const { swarms } of stores) {
      for (let at = 0; at < requests.length; at += UNDER_WAY) {
        const some = requests.slice(at, at + UNDER_WAY)
        await Promise.all(some.map((request) => swarms.announce({ ...request, numwant: 0 }, machineNow())))
      }
      await measure(swarms, requests, ROUND_MS / 2)
    }
    for (let round = 0; round < rounds; round++) {
      for (const [at, { swarms }] of stores.entries()) figures[at]?.push(await measure(swarms, requests, ROUND_MS))
    }
  } finally {
    for (const store of stores) await store.close()
    redis?.stop()
  }
  const speeds = figures.map((own) => own.map(({ perSecond }) => perSecond))
  const base = median(speeds[0] ?? [])
  const rows = names.map((name, at) => {
    const cpu = (figures[at] ?? []).map(({ cpuMicroseconds }) => cpuMicroseconds)
    const own = speeds[at] ?? []
    return [name.replace(/:.*/, ''), range(own), (median(own) / base).toFixed(3), range(cpu, 1)]
  })
  printTable(['store', 'announces a second', 'of memory', 'CPU us each, this process'], rows)
  if (redis === undefined) console.log('(no redis-server is on the path)')
}

/** Fills a store in this process, and prints its memory. */
const fill = async (name: string): Promise<void> => {
  const store = await open(name)
  for (let swarm = 0; swarm < CROWD.swarms; swarm++) {
    for (let peer = 0; peer < CROWD.peers; peer++) {
      await store.swarms.announce(requestOf(swarm, peer, 0), machineNow())
    }
    if (swarm % 100 === 0) await setImmediate()
  }
  const atOnce = process.memoryUsage.rss() / MIB
  await store.close()
  const { peers } = await store.swarms.stats(machineNow())
  const rss = process.memoryUsage.rss() / MIB
  console.log(JSON.stringify({ peers, atOnce: Math.round(atOnce), rss: Math.round(rss) }))
}

/** Opens what was filled, in a process of its own. */
const load = async (name: string): Promise<void> => {
  const begun = performance.now()
  const store = await open(name)
  const seconds = (performance.now() - begun) / 1_000
  const { peers } = await store.swarms.stats(machineNow())
  const rss = process.memoryUsage.rss() / MIB
  console.log(JSON.stringify({ peers, seconds: Number(seconds.toFixed(1)), rss: Math.round(rss) }))
  await store.close()
}

const inChild = (...args: string[]): Readonly<Record<string, number>> => {
  const script = fileURLToPath(import.meta.url)
  const { stdout, status } = spawnSync(process.execPath, ['--import', 'tsx', script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${args} ended with ${status}`)
  return JSON.parse(stdout)
}

const compareMemory = (folder: string): void => {
  const place = `level:${join(folder, 'memory')}`
  const memory = inChild('fill', 'memory')
  const level = inChild('fill', place)
  const loaded = inChild('load', place)
  const row = (what: string, { peers, rss }: Readonly<Record<string, number>>, more = '') => [
    what,
    `${peers}`,
    `${rss} MiB${more}`,
  ]
  printTable(
    ['process, with its runtime', 'peers', 'resident'],
    [
      row('memory', memory),
      row('level, after all was written', level),
      row('level, after a restart', loaded, `, in ${loaded.seconds} s`),
    ],
  )
}

const [task = '5', name = ''] = process.argv.slice(2)
if (task === 'fill') await fill(name)
else if (task === 'load') await load(name)
else {
  const folder = await mkdtemp(join(tmpdir(), 'torrewind-bench-'))
  try {
    await compareSpeed(Number(task), folder)
    console.log()
    compareMemory(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
