/** A capture of a history, opened by Wireshark's own reader: it sees BitTorrent, and each message that the log has. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as assert from 'uvu/assert'
import { missing, type Peer } from './client.js'
import { makeSample } from './corpus.js'
import { interopSuite } from './harness.js'
import { numberOf, waitForJson } from './json.js'
import { libtorrent } from './libtorrent.js'
import { LOOPBACK } from './place.js'
import type { Rig } from './rig.js'
import { startGet, startTorrewind, torrewind } from './torrewind.js'

const test = interopSuite('interop: Wireshark')
const BOUND_MS = 30_000
const KIB = 1_024

const tshark: Peer = {
  name: 'tshark',
  available: () => missing('tshark', 'Debian: apt-get install tshark'),
}

/** How many packets of a capture fit a display filter. */
const countPackets = async (rig: Rig, file: string, filter: string): Promise<number> => {
  const args = ['-n', '-r', file, '-Y', filter, '-T', 'fields', '-e', 'frame.number']
  const child = rig.start({ name: 'tshark', command: 'tshark', args, place: LOOPBACK })
  const { code } = await child.end(BOUND_MS)
  if (code !== 0) throw child.failure(`ended with ${code}`)
  return child.lines.filter(({ text }) => /^\d+$/.test(text)).length
}

test(
  'a capture of a download from libtorrent is BitTorrent, message for message',
  [torrewind, libtorrent, tshark],
  async (rig) => {
    const sample = await makeSample(await rig.folder('content'), {
      name: 'to be captured',
      pieceLength: 64 * KIB,
      files: [['a.bin', 700 * KIB + 5]],
    })
    const seed = await libtorrent.seed({ rig, sample, dir: sample.dir })
    const getting = await startGet({ rig, sample, peers: [seed.address] })
    await getting.done(BOUND_MS)
    const folder = await rig.folder('exports')
    const exportTo = async (name: string, type: string): Promise<number> => {
      const file = path.join(folder, name)
      const child = startTorrewind(rig, LOOPBACK, 'log', 'export', '--data', getting.data, '-o', file)
      const events = numberOf(await waitForJson(child, type, BOUND_MS), 'events')
      await child.end(BOUND_MS)
      return events
    }
    await exportTo('events.jsonl', 'exported')
    assert.ok((await exportTo('talk.pcapng', 'exported')) > 50)
    const events = (await readFile(path.join(folder, 'events.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; ranges?: { length: number }[] })
    const happened = (type: string): number => events.filter((event) => event.type === type).length
    const asked = events.flatMap(({ type, ranges = [] }) => (type === 'blocks-requested' ? ranges : []))
    const expected: readonly (readonly [filter: string, packets: number])[] = [
      ['bittorrent.protocol.name', happened('peer-connected') + happened('handshake-received')],
      ['bittorrent.msg.type == 6', asked.reduce((sum, { length }) => sum + Math.ceil(length / (16 * KIB)), 0)],
      ['bittorrent.msg.type == 7', happened('block-received')],
      ['bittorrent.msg.type == 2', happened('interested-sent')],
      ['bittorrent.msg.type == 1', happened('unchoke-received') + happened('unchoke-sent')],
      ['tcp.analysis.flags', 0],
    ]
    const capture = path.join(folder, 'talk.pcapng')
    for (const [filter, packets] of expected) assert.is(await countPackets(rig, capture, filter), packets, filter)
    assert.ok(happened('block-received') > 40)
  },
)

test.run()
