/** `torrewind dht`, as a user and a script have it, with a node of this machine. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DhtService } from '../../src/dht/service.js'
import { SharedUdp } from '../../src/discovery/udp-shared.js'
import { openDht, TorrewindError } from '../../src/index.js'
import { nodeClock } from '../../src/node/clock.js'
import { nodeDatagrams } from '../../src/node/datagrams.js'
import { entropy } from '../../src/node/machine.js'
import { fromHex } from '../../src/values.js'
import { encode } from '../../src/wire/bencode.js'
import { keyMagnetOf, magnetOfKeyItem, onlyKeyOf, parseKeyMagnet } from '../../src/wire/keymagnet.js'
import { inPlace } from './place.js'
import { cli, lastLine } from './run-cli.js'

const test = suite('dht command')
const HOST = '127.0.0.1'

/** A node that others begin with, for the time of the work. */
const withNode = async (work: (port: number) => Promise<void>): Promise<void> => {
  const socket = new SharedUdp({ datagrams: nodeDatagrams(), port: 0, host: HOST })
  const parts = {
    clock: nodeClock(),
    socket,
    entropy,
    families: ['ipv4'],
    resolve: undefined,
    memory: undefined,
  } as const
  let service: DhtService | undefined
  const port = await new Promise<number>((resolve) => {
    service = new DhtService({
      ...parts,
      bootstrap: [],
      bootstrapIsOurs: true,
      tell: (news) => {
        if (news.type === 'dht-began') resolve(news.port)
      },
    })
  })
  try {
    await work(port)
  } finally {
    await service?.close()
    socket.close()
  }
}

test('dht: what is put can be got, by its target, and by the key whose item it is', async () => {
  await inPlace((folder) =>
    withNode(async (port) => {
      const node = ['--json', '--dht-node', `${HOST}:${port}`]
      const put = lastLine(await cli('dht', 'put', 'hello', ...node))
      assert.is(put.type, 'put')
      const got = lastLine(await cli('dht', 'get', String(put.target), ...node))
      assert.equal([got.type, got.text, got.seq], ['item', 'hello', null])
      const key = path.join(folder, 'key')
      await writeFile(key, 'ab'.repeat(32))
      const infoHash = '0123456789'.repeat(4)
      const mutable = ['dht', 'put', infoHash, '--torrent', '--key', key, ...node]
      const first = lastLine(await cli(...mutable))
      const second = lastLine(await cli(...mutable))
      assert.equal([first.seq, second.seq], [1, 2])
      const torrent = lastLine(await cli('dht', 'get', String(second.magnet), ...node))
      assert.equal([torrent.infoHash, torrent.seq, torrent.publicKey], [infoHash, 2, second.publicKey])
      // The command of these tests asks nobody beyond this machine, and so no DHT.
      const withoutDht = await cli('get', String(second.magnet), '--dir', folder, '--json')
      assert.equal([withoutDht.code, lastLine(withoutDht).code], [2, 'OPTION_INVALID'])
      const nobody = await cli('dht', 'get', 'ff'.repeat(20), ...node)
      assert.equal([nobody.code, lastLine(nobody).code], [1, 'DHT_NOT_FOUND'])
    }),
  )
})

const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing',
    (error: unknown) => (error instanceof TorrewindError ? error.code : error),
  )

test('dht: the library checks what it is given', async () => {
  await withNode(async (port) => {
    const node = await openDht({ host: HOST, bootstrap: [{ host: HOST, port }] })
    try {
      assert.ok(node.nodes > 0 && node.port > 0)
      assert.is(await codeOf(node.get('nothing')), 'OPTION_INVALID')
      assert.is(await codeOf(node.put({ value: new Uint8Array(3) })), 'OPTION_INVALID')
      assert.is(await codeOf(node.put({ value: encode('x'.repeat(1_001)) })), 'OPTION_INVALID')
      assert.is(await codeOf(node.put({ value: encode(1), privateKey: new Uint8Array(5) })), 'OPTION_INVALID')
      const privateKey = new Uint8Array(32).fill(3)
      await node.put({ value: encode(1), privateKey, seq: 5 })
      assert.is(await codeOf(node.put({ value: encode(2), privateKey, seq: 4 })), 'DHT_REFUSED')
    } finally {
      await node.close()
    }
  })
  assert.is(await codeOf(openDht({ bootstrap: [{ host: HOST, port: 0 }] })), 'OPTION_INVALID')
})

test('magnet of a key: those of BEP 46 are read, and nothing else', () => {
  const key = '8543d3e6115f0f98c944077a4493dcd543e49c739fd998550a1f614ab36ed63e'
  for (const text of [`magnet:?xs=urn:btpk:${key}`, `magnet:?xs=urn:btpk:${key}&s=6e`]) {
    const read = parseKeyMagnet(text)
    assert.is(read && keyMagnetOf(read), text)
  }
  for (const bad of [
    '',
    `magnet:?xt=urn:btpk:${key}`,
    `magnet:?xs=urn:btpk:${key}00`,
    `magnet:?xs=urn:btpk:${key}&s=6`,
  ])
    assert.is(parseKeyMagnet(bad), undefined, bad)
})

test('magnet of a key: what its item names takes its place, and a torrent that is named beside it counts', () => {
  const [key, infoHash] = [`magnet:?xs=urn:btpk:${'ab'.repeat(32)}&s=6e`, '0123456789'.repeat(4)]
  const item = encode(new Map([['ih', fromHex(infoHash)]]))
  const magnet = magnetOfKeyItem(` ${key}&dn=a+name&tr=udp%3A%2F%2Fhost%3A1`, item)
  assert.is(magnet, `magnet:?xt=urn:btih:${infoHash}&dn=a+name&tr=udp%3A%2F%2Fhost%3A1`)
  assert.is(magnetOfKeyItem(key, item), `magnet:?xt=urn:btih:${infoHash}`)
  for (const bad of [encode(1), encode(new Map([['ih', infoHash]])), encode(new Map()), item.subarray(1)])
    assert.is(magnetOfKeyItem(key, bad), undefined)
  assert.equal(onlyKeyOf(` ${key} `), parseKeyMagnet(key))
  for (const named of [infoHash, `${key}&xt=urn:btih:${infoHash}`, 'a.torrent']) assert.is(onlyKeyOf(named), undefined)
})

test.run()
