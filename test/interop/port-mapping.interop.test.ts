/** A port of the router that leads to ours: against a real miniupnpd, a router that is dead, and ones that lie. */
import { spawnSync } from 'node:child_process'
import * as assert from 'uvu/assert'
import type { Child } from './child.js'
import { GET_BOUND_MS, START_BOUND_MS } from './client.js'
import { makeSample, type Sample, SHAPES } from './corpus.js'
import { compareFetched } from './exchange.js'
import { interopSuite } from './harness.js'
import { type JsonLine, numberOf, parseJsonLine, textOf, waitForJson } from './json.js'
import { libtorrent } from './libtorrent.js'
import type { Place } from './place.js'
import { peerScript } from './python.js'
import { type Rig, until } from './rig.js'
import { createHome, type Home, miniupnpd, namespaces, startMiniupnpd } from './router.js'
import { MAIN, startGet, torrewind } from './torrewind.js'

const test = interopSuite('interop: port mapping')
const LEASE_MS = 10_000
/** UPnP finds nobody after 4 s, NAT-PMP after 8; where the machine is busy threads start slowly, and try again. */
const EVENT_BOUND_MS = 90_000
const BOUND_MS = 180_000

const withHome = async (rig: Rig, work: (home: Home) => Promise<void>): Promise<void> => {
  const home = await createHome(await rig.folder('home'))
  try {
    await work(home)
  } finally {
    home.close()
  }
}

const startNode = (rig: Rig, place: Place, script: string, ...args: string[]): Child =>
  rig.start({ name: script, command: process.execPath, args: [peerScript(script), ...args], place })

/** A seed behind the router, as a program that embeds the engine. */
const startSeed = async (rig: Rig, home: Home, sample: Sample): Promise<{ child: Child; port: number }> => {
  const data = await rig.folder('data')
  const child = startNode(rig, home.host, 'torrewind_seed.mjs', sample.torrent, sample.dir, data, `${LEASE_MS}`)
  const port = numberOf(await waitForJson(child, 'listening', START_BOUND_MS), 'port')
  await waitForJson(child, 'seeding', START_BOUND_MS)
  return { child, port }
}

type Event = JsonLine & { readonly name: string }

/** The first event of this name that fits, `count` of them in all. */
const event = async (child: Child, name: string, fits: RegExp, count = 1): Promise<Event['event']> => {
  let seen = 0
  return child.waitFor(
    `had ${count} ${name} of ${fits}`,
    (line) => {
      const json = parseJsonLine(line)
      if (json?.type !== 'event' || json.name !== name || !fits.test(JSON.stringify(json.event))) return undefined
      return ++seen === count ? json.event : undefined
    },
    EVENT_BOUND_MS,
  )
}

const mapped = (home: Home, port: number, is: boolean): Promise<true> =>
  until(`a mapping of ${port}: ${is}`, async () => home.leads(port) === is || undefined, EVENT_BOUND_MS)

/** Whether somebody outside can open a connection to the port of the router. */
const reaches = (home: Home, port: number): boolean => {
  const program = `
    const socket = require('node:net').connect({ host: '${home.externalHost}', port: ${port}, timeout: 1500 })
    for (const [event, code] of [['connect', 0], ['error', 1], ['timeout', 1]]) socket.on(event, () => process.exit(code))
  `
  const [command = '', ...prefix] = [...home.outside.prefix, process.execPath, '-e', program]
  return spawnSync(command, prefix, { timeout: 10_000 }).status === 0
}

const fetchFromOutside = async (rig: Rig, home: Home, sample: Sample, port: number): Promise<void> => {
  const getting = await startGet({ rig, sample, place: home.outside, peers: [`${home.externalHost}:${port}`] })
  await getting.done()
  await compareFetched(sample, getting)
}

/** It ends in good order and soon, and then the router leads nowhere. */
const endsWell = async (home: Home, child: Child, port: number): Promise<void> => {
  child.signal('SIGTERM')
  const closed = await waitForJson(child, 'closed', START_BOUND_MS)
  assert.ok(numberOf(closed, 'ms') < 10_000, `closing took ${numberOf(closed, 'ms')} ms`)
  assert.is((await child.end(START_BOUND_MS)).code, 0)
  assert.not.ok(home.leads(port), 'the mapping is gone')
}

test(
  'a seed behind a router is mapped by UPnP, reached from outside, and unmapped as it ends',
  [torrewind, libtorrent, namespaces, miniupnpd],
  (rig) =>
    withHome(rig, async (home) => {
      const sample = await makeSample(await rig.folder('content'), SHAPES.small)
      await startMiniupnpd(rig, home, { upnp: true, natPmp: false })
      const data = await rig.folder('data')
      const args = ['seed', sample.torrent, '--path', sample.dir, '--data', data, '--no-dht', '--no-lsd', '--json']
      const seed = rig.start({ name: 'seed', command: process.execPath, args: [MAIN, ...args], place: home.host })
      const port = numberOf(await waitForJson(seed, 'listening', START_BOUND_MS), 'port')
      await mapped(home, port, true)
      await fetchFromOutside(rig, home, sample, port)
      seed.signal('SIGINT')
      assert.is((await seed.end(START_BOUND_MS)).code, 130)
      assert.not.ok(home.leads(port), 'the mapping is gone')
      assert.not.ok(reaches(home, port), 'nobody gets in any more')
    }),
  BOUND_MS,
)

const outlives = (rig: Rig, sample: Sample, protocol: 'upnp' | 'nat-pmp'): Promise<void> =>
  withHome(rig, async (home) => {
    await startMiniupnpd(rig, home, { upnp: protocol === 'upnp', natPmp: protocol === 'nat-pmp' })
    const { child, port } = await startSeed(rig, home, sample)
    const fits = new RegExp(`"protocol":"${protocol}"`)
    if (protocol === 'nat-pmp') await event(child, 'port-mapping-failed', /"upnp"/)
    const first = (await event(child, 'port-mapped', fits)) as JsonLine
    assert.equal([numberOf(first, 'externalPort'), textOf(first, 'externalHost')], [port, home.externalHost])
    assert.is(numberOf(first, 'lifetimeMs'), LEASE_MS)
    // Renewed after half of it and again, it has outlived its first lease.
    await event(child, 'port-mapped', fits, 3)
    await fetchFromOutside(rig, home, sample, port)
    await endsWell(home, child, port)
  })

test(
  'a mapping, by UPnP or by NAT-PMP alone, is renewed before it expires, told with where we are seen, and taken away',
  [torrewind, libtorrent, namespaces, miniupnpd],
  async (rig) => {
    const sample = await makeSample(await rig.folder('content'), SHAPES.small)
    await Promise.all([outlives(rig, sample, 'upnp'), outlives(rig, sample, 'nat-pmp')])
  },
  BOUND_MS,
)

test(
  'a router that is dead slows down neither start nor transfers nor closing, and the log says why nobody gets in',
  [torrewind, libtorrent, namespaces],
  (rig) =>
    withHome(rig, async (home) => {
      home.silence()
      const sample = await makeSample(await rig.folder('content'), SHAPES.small)
      const { child, port } = await startSeed(rig, home, sample)
      // While it is asked, a neighbour fetches.
      const getting = await startGet({ rig, sample, place: home.host, peers: [`${home.host.host}:${port}`] })
      await getting.done(GET_BOUND_MS)
      await compareFetched(sample, getting)
      for (const protocol of ['upnp', 'nat-pmp']) await event(child, 'port-mapping-failed', new RegExp(protocol))
      assert.not.ok(reaches(home, port))
      await endsWell(home, child, port)
    }),
  BOUND_MS,
)

const survives = (rig: Rig, sample: Sample, manner: string): Promise<void> =>
  withHome(rig, async (home) => {
    const liar = startNode(rig, home.router, 'lying_router.mjs', manner, home.router.host)
    await waitForJson(liar, 'listening', START_BOUND_MS)
    const { child, port } = await startSeed(rig, home, sample)
    for (const protocol of ['upnp', 'nat-pmp']) await event(child, 'port-mapping-failed', new RegExp(protocol))
    await endsWell(home, child, port)
  })

test(
  'routers that lie break nothing: they are silent, talk without end, name addresses of others, or talk garbage',
  [torrewind, libtorrent, namespaces],
  async (rig) => {
    const sample = await makeSample(await rig.folder('content'), SHAPES.small)
    await Promise.all(['silent', 'endless', 'elsewhere', 'garbage'].map((manner) => survives(rig, sample, manner)))
  },
  BOUND_MS,
)

test.run()
