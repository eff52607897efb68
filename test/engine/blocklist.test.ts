/** Blocklists of a real engine: files as they are found, changed while it runs, and what they turn away. */
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeContent } from './content.js'
import { codeOf, eventWhen, rigged, within } from './rig.js'

const test = suite('engine: blocklists')
const CONTENT = makeContent({ files: 300_000 })
const LOOPBACK = ['127.0.0.0/8']

test(
  'blocklist: files are read, packed or not, and what is wrong in them is told',
  rigged(async (rig) => {
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const plain = join(folder, 'plain.p2p')
    const packed = join(folder, 'packed.dat.gz')
    await writeFile(plain, 'somebody:1.2.3.4-1.2.3.5\r\nnonsense\r\n\r\n# words\r\n5.6.7.8')
    await writeFile(
      packed,
      gzipSync(`009.000.000.000 - 009.000.000.255 , 000 , x\n${'y'.repeat(100_000)}\n10.0.0.0/8\n`),
    )
    const report = await engine.setBlocklist({ files: [plain, packed], ranges: ['11.0.0.1'] })
    assert.is(report.ranges, 5)
    assert.is(report.lines, 9)
    assert.is(report.errors, 2)
    assert.equal(report.firstErrors[0], { line: 2, text: 'nonsense' })
    assert.is(report.firstErrors[1]?.text.length, 120)
  }),
)

test(
  'blocklist: what cannot be read changes nothing',
  rigged(async (rig) => {
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'), { blocklist: { ranges: LOOPBACK } })
    const broken = join(folder, 'broken.gz')
    await writeFile(broken, gzipSync('1.2.3.4\n'.repeat(1_000)).subarray(0, 40))
    for (const files of [[join(folder, 'none')], [folder], [broken]])
      assert.is(await codeOf(() => engine.setBlocklist({ files })), 'BLOCKLIST_UNREADABLE')
    const { address } = await rig.seed(CONTENT)
    const transfer = await engine.add(CONTENT.torrent, { path: folder, peers: [address] })
    assert.is((await eventWhen(transfer, 'address-refused')).event.host, '127.0.0.1')
  }),
)

test(
  'blocklist: a peer is neither dialed nor let in, and is once the list is taken away',
  rigged(async (rig) => {
    const seeding = await rig.seed(CONTENT)
    await seeding.engine.setBlocklist({ ranges: LOOPBACK })
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'), { blocklist: { ranges: LOOPBACK } })
    const transfer = await engine.add(CONTENT.torrent, { path: folder, peers: [seeding.address] })
    assert.is((await eventWhen(transfer, 'dial-failed')).event.reason, 'BLOCKED')
    await engine.setBlocklist(undefined)
    transfer.addPeer(seeding.address)
    await eventWhen(seeding.transfer, 'address-refused')
    await seeding.engine.setBlocklist(undefined)
    transfer.addPeer(seeding.address)
    await within(transfer.done, 'the download')
  }),
)

test(
  'blocklist: who is connected when a list comes is let go, and why is explained',
  rigged(async (rig) => {
    const seeding = await rig.seed(CONTENT, { uploadLimit: 20_000 })
    const folder = await rig.folder()
    const engine = await rig.engine(join(folder, 'data'))
    const transfer = await engine.add(CONTENT.torrent, { path: folder, peers: [seeding.address] })
    await eventWhen(transfer, 'block-received')
    await engine.setBlocklist({ ranges: LOOPBACK })
    assert.is((await eventWhen(transfer, 'peer-closed')).event.reason, 'blocked')
    const { causes } = await transfer.explain({ peer: seeding.address })
    assert.ok(causes.some(({ code }) => code === 'blocked'))
  }),
)

test(
  'strangers: a tracker on loopback is asked at /announce, and anywhere else only on the user’s word',
  rigged(async (rig) => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url?.split('?')[0] ?? '')
      response.end('d8:intervali60e5:peers0:e')
    })
    rig.later(() => server.close())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const of = async (trackers: readonly string[], own: readonly string[], localRequests?: 'refused') => {
      const folder = await rig.folder()
      const engine = await rig.engine(join(folder, 'data'), { localRequests })
      const content = makeContent({ files: 100, trackers })
      return engine.add(content.torrent, { path: folder, trackers: own })
    }
    const failed = await of([`${url}/admin/reboot`], [])
    assert.match((await eventWhen(failed, 'announce-failed')).event.reason, /^LOCAL_ADDRESS: /)
    const refused = await of([`${url}/announce`], [], 'refused')
    assert.match((await eventWhen(refused, 'announce-failed')).event.reason, /^LOCAL_ADDRESS: /)
    assert.equal(asked, [])
    await eventWhen(await of([`${url}/announce`], []), 'announce-answered')
    await eventWhen(await of([], [`${url}/own`], 'refused'), 'announce-answered')
    assert.equal([...new Set(asked)], ['/announce', '/own'])
  }),
)

test(
  'strangers: a name that leads to loopback, and UDP to the link, are not asked either',
  rigged(async (rig) => {
    for (const url of [
      'http://localhost:9/x',
      'udp://169.254.169.254:80',
      'ws://127.0.0.1:9/x?y',
      'http://[::ffff:7f00:1]:9/x',
    ]) {
      const folder = await rig.folder()
      const engine = await rig.engine(join(folder, 'data'))
      const transfer = await engine.add(makeContent({ files: 100, trackers: [url] }).torrent, { path: folder })
      assert.match((await eventWhen(transfer, 'announce-failed')).event.reason, /^LOCAL_ADDRESS: /, url)
    }
  }),
)

test.run()
