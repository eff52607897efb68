/**
 * The tracker over WebSocket: connections held on one process, each in a swarm, what memory one takes, and how many
 * announces a second they get answered, with offers that are passed on.
 *
 *   node --import tsx bench/tracker-ws.ts [CONNECTIONS] [SECONDS]
 *
 * Connections are opened by processes of their own, from addresses of loopback, since one address has ports for 28,000.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import WebSocket from 'ws'
import { createTracker } from '../tracker/index.js'
import { printTable } from './table.js'

const SWARM_PEERS = 10
const CLIENTS = 2
/** As many as a browser makes, and as long as they are. */
const OFFERS = 5
const SDP = 'v=0\r\n'.padEnd(2_000, 'a=candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host\r\n')
/** Announces of one client that are under way at one time. */
const WINDOW = 64
const KIB = 1_024
const MIB = KIB * KIB

const text20 = (number: number, fill: string): string => `${number}`.padStart(20, fill)
const announceOf = (peer: number, offers: number): string =>
  JSON.stringify({
    action: 'announce',
    info_hash: text20(Math.floor(peer / SWARM_PEERS), 'h'),
    peer_id: text20(peer, 'p'),
    left: peer % 3,
    numwant: offers,
    offers: Array.from({ length: offers }, (_, at) => ({
      offer_id: text20(at, 'o'),
      offer: { type: 'offer', sdp: SDP },
    })),
  })

const say = (line: object): void => console.log(JSON.stringify(line))

/** The tracker: says where it listens, and after each line that it reads, what memory it takes. */
const serve = async (): Promise<void> => {
  const tracker = await createTracker({ host: '127.0.0.1', httpPort: 0, ws: true, rate: 0 })
  say({ type: 'listening', port: tracker.httpPort })
  for await (const _ of createInterface({ input: process.stdin })) {
    globalThis.gc?.()
    const { web } = await tracker.stats()
    const cpu = process.cpuUsage()
    say({ type: 'looked', peers: web?.peers ?? 0, rss: process.memoryUsage.rss(), cpu: (cpu.user + cpu.system) / 1e6 })
  }
  await tracker.close()
}

/** Some of the connections: opens them, and announces over all in turn for so long as each line that it reads says. */
const connect = async (port: number, first: number, count: number): Promise<void> => {
  const sockets: WebSocket[] = []
  let answered = (): void => {}
  let relayed = 0
  const open = (peer: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const localAddress = `127.0.${1 + Math.floor(peer / 250)}.1`
      const socket = new WebSocket(`ws://127.0.0.1:${port}/announce`, { perMessageDeflate: false, localAddress })
      socket.on('error', reject)
      socket.on('open', () => {
        socket.once('message', () => resolve())
        socket.send(announceOf(peer, 0))
        sockets.push(socket)
      })
      socket.on('message', (data) => {
        // What is passed on of others is told from answers without reading it.
        if ((data as Buffer).includes('"interval"')) answered()
        else relayed++
      })
    })
  for (let at = 0; at < count; at += WINDOW) {
    const some = Math.min(WINDOW, count - at)
    await Promise.all(Array.from({ length: some }, (_, next) => open(first + at + next)))
  }
  say({ type: 'open', count: sockets.length })
  for await (const line of createInterface({ input: process.stdin })) {
    const { seconds, offers }: { seconds: number; offers: number } = JSON.parse(line)
    const messages = sockets.map((_, at) => announceOf(first + at, offers))
    const end = performance.now() + seconds * 1_000
    let [asked, done] = [0, 0]
    relayed = 0
    const ask = (): void => sockets[asked % sockets.length]?.send(messages[asked++ % sockets.length] ?? '')
    await new Promise<void>((resolve) => {
      answered = () => {
        done++
        if (performance.now() < end) ask()
        else if (done === asked) resolve()
      }
      for (let under = 0; under < WINDOW; under++) ask()
    })
    say({ type: 'announced', perSecond: done / seconds, relayed: relayed / seconds })
  }
}

type Line = Readonly<Record<string, number>>
interface Part {
  readonly child: ChildProcess
  /** Writes a line, where there is any, and resolves with the next that it prints. */
  ask(line?: string): Promise<Line>
}

const start = (...args: readonly (string | number)[]): Part => {
  const flags = ['--expose-gc', '--import', 'tsx', fileURLToPath(import.meta.url), ...args.map(String)]
  const child = spawn(process.execPath, flags, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    ask: async (line) => {
      if (line !== undefined) child.stdin.write(`${line}\n`)
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`${args[0]} ended`)
      return JSON.parse(value)
    },
  }
}

const measure = async (connections: number, seconds: number): Promise<void> => {
  const parts: Part[] = []
  const began = (...args: readonly (string | number)[]): Part => {
    const part = start(...args)
    parts.push(part)
    return part
  }
  try {
    const tracker = began('serve')
    const { port = 0 } = await tracker.ask()
    const before = await tracker.ask('')
    const each = Math.ceil(connections / CLIENTS)
    const opened = performance.now()
    const clients = Array.from({ length: CLIENTS }, (_, at) =>
      began('connect', port, at * each, Math.min(each, connections - at * each)),
    )
    await Promise.all(clients.map((client) => client.ask()))
    const openSeconds = (performance.now() - opened) / 1_000
    const held = await tracker.ask('')
    if (held.peers !== connections) throw new Error(`${held.peers} of ${connections} are there`)
    const bytesEach = ((held.rss ?? 0) - (before.rss ?? 0)) / connections
    printTable(
      ['connections', 'opened in', 'memory before', 'with them', 'a connection'],
      [
        [
          `${held.peers}`,
          `${openSeconds.toFixed(1)} s`,
          `${((before.rss ?? 0) / MIB).toFixed(0)} MiB`,
          `${((held.rss ?? 0) / MIB).toFixed(0)} MiB`,
          `${(bytesEach / KIB).toFixed(1)} KiB`,
        ],
      ],
    )
    const rows: string[][] = []
    for (const offers of [0, OFFERS]) {
      const cpuBefore = (await tracker.ask('')).cpu ?? 0
      const lines = await Promise.all(clients.map((client) => client.ask(JSON.stringify({ seconds, offers }))))
      const after = await tracker.ask('')
      const sum = (name: string): number => lines.reduce((all, line) => all + (line[name] ?? 0), 0)
      const cpu = ((after.cpu ?? 0) - cpuBefore) / (sum('perSecond') * seconds)
      const rss = ((after.rss ?? 0) / MIB).toFixed(0)
      rows.push([
        `${offers}`,
        sum('perSecond').toFixed(0),
        sum('relayed').toFixed(0),
        (cpu * 1e6).toFixed(0),
        `${rss} MiB`,
      ])
    }
    console.log()
    printTable(
      ['offers of 2 KB each', 'announces a second', 'offers passed on', 'CPU us each, tracker', 'memory'],
      rows,
    )
  } finally {
    for (const { child } of parts) child.kill('SIGKILL')
  }
}

const [task = '10000', ...args] = process.argv.slice(2)
const [first = 3, from = 0, count = 0] = args.map(Number)
if (task === 'serve') await serve()
else if (task === 'connect') await connect(first, from, count)
else await measure(Number(task), first)
