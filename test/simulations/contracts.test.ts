/** The simulated ports keep the contracts that the real ones keep. */
import { test } from 'uvu'
import { Channels, ProcessDataChannels } from '../../simulations/channels.js'
import { SimulatedClock } from '../../simulations/clock.js'
import { Content } from '../../simulations/content.js'
import { ProcessDatagrams } from '../../simulations/datagrams.js'
import { diskConditions, SimulatedDisk } from '../../simulations/disk.js'
import { DiskMedium } from '../../simulations/medium.js'
import { ProcessNetwork, SimulatedNetwork } from '../../simulations/network.js'
import { ProcessHttpRanges, WebServer } from '../../simulations/web.js'
import { ProcessWebSockets, type ServerSocket, type SocketServer } from '../../simulations/web-sockets.js'
import { World } from '../../simulations/world.js'
import { urlOfFile } from '../../src/wire/web-seed.js'
import { clockContract } from '../contracts/clock.js'
import { dataChannelsContract } from '../contracts/data-channels.js'
import { datagramsContract } from '../contracts/datagrams.js'
import { diskContract } from '../contracts/disk.js'
import { httpRangesContract } from '../contracts/http-ranges.js'
import { networkContract } from '../contracts/network.js'
import { type ServerEnd, webSocketsContract } from '../contracts/web-sockets.js'
import { untilIn } from './until.js'

for (const driftPpm of [0, 200, -200])
  clockContract(`simulated clock, ${driftPpm} ppm off`, () => {
    const world = new World(1)
    return { clock: new SimulatedClock(world, 0, { driftPpm }), until: untilIn(world) }
  })

const networkWorld = (settings: Parameters<SimulatedNetwork['attach']>[1]) => async () => {
  const world = new World(7)
  const network = new SimulatedNetwork(world)
  const host = network.attach(0, settings)
  return {
    network: new ProcessNetwork(network, host),
    host: settings.host,
    until: untilIn(world),
    refusing: async () => ({ host: settings.host, port: 9 }),
    silent: async () => ({ host: '10.255.255.255', port: 9 }),
    close: async () => undefined,
  }
}

networkContract('simulated network, no limits', networkWorld({ host: '10.0.0.1', cutOneIn: 2 }))
networkContract(
  'simulated network, slow and lossy',
  networkWorld({
    host: '10.0.0.1',
    uploadRate: 20_000_000,
    downloadRate: 10_000_000,
    lossRate: 0.001,
    latencyUs: 30_000,
  }),
)

const datagramsWorld = (settings: Parameters<SimulatedNetwork['attach']>[1], foreign: string) => async () => {
  const world = new World(7)
  const network = new SimulatedNetwork(world)
  const host = network.attach(0, settings)
  return {
    datagrams: new ProcessDatagrams(network, host),
    host: settings.host,
    elsewhere: settings.host.includes(':') ? 'fd00::99' : '10.255.255.255',
    foreign,
    until: untilIn(world),
    close: async () => undefined,
  }
}

datagramsContract('simulated datagrams of IPv4', datagramsWorld({ host: '10.0.0.1' }, 'fd00::1'))
datagramsContract('simulated datagrams of IPv6', datagramsWorld({ host: 'fd00::1' }, '10.0.0.1'))
datagramsContract(
  'simulated datagrams, slow',
  datagramsWorld({ host: '10.0.0.1', uploadRate: 100_000, downloadRate: 80_000 }, 'fd00::1'),
)

diskContract('simulated disk', async () => {
  const world = new World(3)
  const medium = new DiskMedium()
  const parts = {
    clock: new SimulatedClock(world, 0),
    medium,
    conditions: diskConditions(),
    chance: world.chance('disk'),
  }
  return {
    open: (files, preallocate = false) => new SimulatedDisk(world, 0, parts, { folder: '/', files, preallocate }),
    folder: '/',
    elsewhere: '/elsewhere',
    openAt: (folder, files) => new SimulatedDisk(world, 0, parts, { folder, files, preallocate: false }),
    until: untilIn(world),
    close: async () => undefined,
  }
})

/** A server that keeps what it hears. */
class Listening implements SocketServer {
  readonly wayUs = 20_000
  readonly takes = 'well'
  readonly ends: (ServerEnd & { readonly received: string[] })[] = []
  readonly #open = new Map<ServerSocket, string[]>()
  #looks: (() => void)[] = []

  get open(): number {
    return this.#open.size
  }

  enter(socket: ServerSocket): void {
    const received: string[] = []
    this.#open.set(socket, received)
    const end = (): void => {
      this.leave(socket)
      socket.end({ code: 'EOF', message: 'ended' })
    }
    this.ends.push({ received, say: (text) => socket.say(text), end })
  }

  take(socket: ServerSocket, text: string): void {
    this.#open.get(socket)?.push(text)
    this.#look()
  }

  leave(socket: ServerSocket): void {
    this.#open.delete(socket)
    this.#look()
  }

  when(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#looks.push(() => {
        if (holds()) resolve()
      })
      this.#look()
    })
  }

  #look(): void {
    for (const look of this.#looks) look()
  }
}

webSocketsContract('simulated WebSockets', async (work) => {
  const world = new World(11)
  const server = new Listening()
  const [url, nowhere] = ['wss://here.example/', 'wss://nowhere.example/']
  const closed: SocketServer = {
    ...{ wayUs: 20_000, takes: 'refusing' },
    ...{ enter: () => undefined, take: () => undefined, leave: () => undefined },
  }
  const servers = new Map<string, SocketServer>([
    [url, server],
    [nowhere, closed],
  ])
  await work({
    webSockets: new ProcessWebSockets(world, 1, '10.0.0.1', servers),
    until: untilIn(world),
    ...{ url, nowhere, ends: server.ends },
    get open() {
      return server.open
    },
    whenServer: (holds) => server.when(holds),
  })
})

for (const rate of [0, 1_000_000])
  httpRangesContract(`simulated web servers, ${rate === 0 ? 'without limits' : 'slow'}`, async (work) => {
    const world = new World(13)
    const base = 'http://web.example/files/'
    const content = new Content(13, { bytes: 300_000, pieceLength: 16_384, trackers: [], webSeeds: [base] })
    const server = new WebServer(world, base, [content], rate)
    await work({
      ranges: new ProcessHttpRanges(world, 1, new Map([[base, server]])),
      until: untilIn(world),
      url: urlOfFile(base, content.metainfo.files[0]?.path ?? [], content.metainfo.multiFile),
      file: content.bytes,
      nowhere: 'http://nowhere.example/file',
      misbehave: (fault = undefined) => {
        server.mood = fault ?? 'well'
      },
    })
  })

dataChannelsContract('simulated data channels', async (work) => {
  const world = new World(12)
  const network = new SimulatedNetwork(world)
  const shared = new Channels(network)
  const [left, right] = ['10.0.0.1', '10.0.0.2'].map(
    (host, at) => new ProcessDataChannels(shared, network.attach(at + 1, { host, cutOneIn: 2 })),
  )
  if (left === undefined || right === undefined) throw new Error('there are two')
  await work({ channels: [left, right], until: untilIn(world) })
})

test.run()
