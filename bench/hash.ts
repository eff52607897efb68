/**
 * Measures where a receiving process should hash: `node --import tsx bench/hash.ts [ROUNDS]`.
 *
 * First single calls; then 1 GiB from a socket into pieces of 1 MiB, each hashed by one of: nobody, `crypto.hash` on the
 * main thread, WebCrypto on the thread pool, a worker thread over shared memory. The sender is a process of its own. Both
 * it and the receiver's main thread are also given other work, as a real seed and an engine have: SHA-1 again over each
 * MiB, 0.55 CPU seconds per GiB a time. What counts is the wall time and the CPU time of all threads.
 */
import { fork } from 'node:child_process'
import { createHash, hash, webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { present } from '../src/assert.js'
import { nodeNetwork } from '../src/node/network.js'

const MIB = 1_048_576
const PIECES = 1_024
/** Pieces being hashed at which reading pauses, as the engine's bounded buffers would make it. */
const HASHING_MAX = 8

interface Load {
  readonly senderTimes: number
  readonly receiverTimes: number
}
const LOADS: readonly Load[] = [
  { senderTimes: 0, receiverTimes: 0 },
  { senderTimes: 3, receiverTimes: 0 },
  { senderTimes: 2, receiverTimes: 1 },
  { senderTimes: 3, receiverTimes: 1 },
]

const work = (bytes: Uint8Array, times: number): void => {
  for (let time = 0; time < times; time++) hash('sha1', bytes, 'buffer')
}

type Finish = (bytes: Uint8Array) => void
interface Method {
  readonly name: string
  newPiece(): Uint8Array
  sha1(bytes: Uint8Array, done: Finish): void
  stop(): Promise<unknown>
}

const plainPiece = (): Uint8Array => new Uint8Array(MIB)
const nothing = async (): Promise<void> => {}

const none = (): Method => ({ name: 'nobody', newPiece: plainPiece, sha1: (bytes, done) => done(bytes), stop: nothing })

const mainThread = (): Method => ({
  name: 'main thread, crypto.hash',
  newPiece: plainPiece,
  sha1: (bytes, done) => {
    hash('sha1', bytes, 'buffer')
    done(bytes)
  },
  stop: nothing,
})

const threadPool = (): Method => ({
  name: 'thread pool, subtle.digest',
  newPiece: plainPiece,
  sha1: (bytes, done) => {
    webcrypto.subtle.digest('SHA-1', bytes as Uint8Array<ArrayBuffer>).then(() => done(bytes))
  },
  stop: nothing,
})

const WORKER = `
const { parentPort } = require('node:worker_threads')
const { hash } = require('node:crypto')
parentPort.on('message', (bytes) => {
  parentPort.postMessage(hash('sha1', bytes, 'buffer'))
})`

const workerThread = (): Method => {
  const worker = new Worker(WORKER, { eval: true })
  const sent: { readonly bytes: Uint8Array; readonly done: Finish }[] = []
  worker.on('message', () => {
    const { bytes, done } = present(sent.shift(), 'a piece that was sent to be hashed')
    done(bytes)
  })
  return {
    name: 'worker, shared memory',
    newPiece: () => new Uint8Array(new SharedArrayBuffer(MIB)),
    sha1: (bytes, done) => {
      sent.push({ bytes, done })
      worker.postMessage(bytes)
    },
    stop: () => worker.terminate(),
  }
}

interface Figures {
  readonly wallMs: number
  readonly cpuMs: number
}

const receive = (port: number, method: Method, times: number): Promise<Figures> =>
  new Promise((resolve, reject) => {
    const free: Uint8Array[] = []
    const startedAt = performance.now()
    const cpuBefore = process.cpuUsage()
    let piece = method.newPiece()
    let filled = 0
    let started = 0
    let hashed = 0
    const connection = { pause: () => {}, resume: () => {}, close: () => {} }
    const hashedOne: Finish = (bytes) => {
      free.push(bytes)
      hashed++
      if (started - hashed === HASHING_MAX / 2) connection.resume()
      if (hashed < PIECES) return
      connection.close()
      const cpu = process.cpuUsage(cpuBefore)
      resolve({ wallMs: performance.now() - startedAt, cpuMs: (cpu.user + cpu.system) / 1_000 })
    }
    nodeNetwork().dial({ host: '127.0.0.1', port }, 10_000, {
      opened: (opened) => {
        connection.pause = () => opened.pause()
        connection.resume = () => opened.resume()
        connection.close = () => opened.close()
      },
      received: (chunk) => {
        for (let at = 0; at < chunk.length && started < PIECES; ) {
          const taken = Math.min(chunk.length - at, MIB - filled)
          piece.set(chunk.subarray(at, at + taken), filled)
          at += taken
          filled += taken
          if (filled < MIB) continue
          const full = piece
          work(full, times)
          piece = free.pop() ?? method.newPiece()
          filled = 0
          started++
          method.sha1(full, hashedOne)
          if (started - hashed >= HASHING_MAX) connection.pause()
        }
      },
      closed: (failure) => reject(new Error(failure.message)),
    })
  })

const send = (): void => {
  const times = Number(process.argv[3])
  const bytes = Buffer.alloc(MIB, 7)
  const pump = (socket: Socket): void => {
    for (;;) {
      work(bytes, times)
      if (!socket.write(bytes)) break
    }
    socket.once('drain', () => pump(socket))
  }
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    pump(socket)
  })
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    if (typeof address === 'object' && address !== null) process.send?.(address.port)
  })
}

const median = (values: readonly number[]): number =>
  present([...values].sort((left, right) => left - right)[values.length >> 1], 'a value')

const rate = (bytes: number, run: () => void): number => {
  const rounds: number[] = []
  for (let round = 0; round < 5; round++) {
    const startedAt = performance.now()
    for (let done = 0; done < 128 * MIB; done += bytes) run()
    rounds.push((128 / (performance.now() - startedAt)) * 1_000)
  }
  return Math.round(median(rounds))
}

const singleCalls = (): void => {
  for (const length of [16_384, MIB]) {
    const bytes = new Uint8Array(length)
    const oneShot = rate(length, () => hash('sha1', bytes, 'buffer'))
    const object = rate(length, () => createHash('sha1').update(bytes).digest())
    console.log(`${length} bytes a call: crypto.hash ${oneShot} MiB/s, createHash ${object} MiB/s`)
  }
}

const compare = async ({ senderTimes, receiverTimes }: Load, rounds: number): Promise<void> => {
  const sender = fork(fileURLToPath(import.meta.url), ['send', String(senderTimes)])
  try {
    const [port] = await once(sender, 'message')
    const methods = [none, mainThread, threadPool, workerThread]
    const results = new Map<string, Figures[]>()
    for (let round = 0; round < rounds; round++) {
      for (const make of methods) {
        const method = make()
        const figures = await receive(Number(port), method, receiverTimes)
        await method.stop()
        results.set(method.name, [...(results.get(method.name) ?? []), figures])
      }
    }
    console.log(`other work: sender ${senderTimes} times, receiver ${receiverTimes} times`)
    for (const [name, figures] of results) {
      const wallMs = median(figures.map((one) => one.wallMs))
      const cpuMs = median(figures.map((one) => one.cpuMs))
      const speed = Math.round(1_024 / (wallMs / 1_000))
      console.log(`  ${name}: ${speed} MiB/s, ${(cpuMs / 1_000).toFixed(2)} CPU s/GiB`)
    }
  } finally {
    sender.kill()
  }
}

if (process.argv[2] === 'send') {
  send()
} else {
  const rounds = Number(process.argv[2] ?? 5)
  singleCalls()
  for (const load of LOADS) await compare(load, rounds)
}
