/** Hole punching (BEP 55): through routers that let nobody in, with libtorrent as the one that introduces and as the other end. */
import type { Child } from './child.js'
import { START_BOUND_MS } from './client.js'
import { makeSample } from './corpus.js'
import { interopSuite } from './harness.js'
import { createHomes, type HomeBehind } from './homes.js'
import { type JsonLine, numberOf, parseJsonLine, waitForJson } from './json.js'
import { libtorrent, startLibtorrent } from './libtorrent.js'
import { peerScript } from './python.js'
import { namespaces } from './router.js'
import { torrewind } from './torrewind.js'

const test = interopSuite('interop: hole punching')
/** A dial is given up after 5 s and the hole punched within another; where the machine is busy it takes a second round. */
const PUNCH_BOUND_MS = 80_000
const BOUND_MS = 100_000
const MIB = 1_048_576
/** Nobody is to be done before all have met. */
const OPTIONS = { tcp: false, encryption: 'off', uploadLimit: 100_000 }

/** Where each peer of the log is, as its events say. */
class Heard {
  readonly #hosts = new Map<unknown, unknown>()
  readonly #said = new Set<string>()

  hear(name: unknown, event: JsonLine): void {
    if (name === 'dial-began' || name === 'peer-accepted') this.#hosts.set(event.peer, event.host)
    this.#said.add(`${name} ${this.#hosts.get(event.peer)}`)
    if (name === 'rendezvous-asked') this.#said.add(`asked for ${event.host}`)
  }

  /** An event of a peer there, whichever connection it was. */
  has(name: string, { externalHost }: HomeBehind): boolean {
    return this.#said.has(`${name} ${externalHost}`)
  }
}

const untilHeard = async (child: Child, what: string, isEnough: (heard: Heard) => boolean): Promise<void> => {
  const heard = new Heard()
  await child.waitFor(
    what,
    (line) => {
      const json = parseJsonLine(line)
      if (json?.type !== 'event') return undefined
      heard.hear(json.name, json.event as JsonLine)
      return isEnough(heard) || undefined
    },
    PUNCH_BOUND_MS,
  )
}

test(
  'two peers at home reach a third, and one of them is libtorrent, through a libtorrent that knows them all',
  [torrewind, libtorrent, namespaces],
  async (rig) => {
    const sample = await makeSample(await rig.folder('content'), {
      name: 'met.bin',
      pieceLength: 65_536,
      files: [['.', 16 * MIB]],
    })
    const { outside, homes, close } = await createHomes(await rig.folder('homes'), 3)
    try {
      const [having, ours, theirs] = homes
      if (having === undefined || ours === undefined || theirs === undefined) throw new Error('there are three')
      const utp = ['--transport', 'utp', '--stay']
      const start = (from: Parameters<typeof startLibtorrent>[0]['place'], dir: string, more: string[]): Child =>
        startLibtorrent({ rig, sample, ...(from && { place: from }) }, 'get', dir, [...utp, ...more])
      const relay = start(outside, await rig.folder('relay'), [])
      const relayAt = `${outside.host}:${numberOf(await waitForJson(relay, 'listening', START_BOUND_MS), 'port')}`
      const engine = async ({ host }: HomeBehind, dir: string, options: object): Promise<Child> =>
        rig.start({
          name: `torrewind at ${host.host}`,
          command: process.execPath,
          args: [
            ...[peerScript('torrewind_events.mjs'), sample.torrent, dir, await rig.folder('data')],
            ...[JSON.stringify({ ...OPTIONS, ...options }), relayAt],
          ],
          place: host,
        })
      // It hears of nobody, so that whoever it dials it was told of for a hole: else both might dial by chance.
      const first = await engine(having, sample.dir, { pex: false })
      await untilHeard(first, 'met the relay', (heard) =>
        heard.has('holepunch-offered', { ...having, externalHost: outside.host }),
      )
      const second = await engine(ours, await rig.folder('second'), {})
      start(theirs.host, await rig.folder('third'), ['--peer', relayAt])
      await Promise.all([
        untilHeard(first, 'served both', (heard) =>
          [ours, theirs].every((home) => heard.has('punch-began', home) && heard.has('block-served', home)),
        ),
        untilHeard(second, 'asked for the first, and been served by it', (heard) =>
          ['asked for', 'punch-began', 'block-received'].every((name) => heard.has(name, having)),
        ),
      ])
    } finally {
      close()
    }
  },
  BOUND_MS,
)

test.run()
