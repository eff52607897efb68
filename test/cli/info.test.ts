/** `torrewind info`: what torrents and magnets say of themselves, for people and for scripts. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { showText } from '../../src/cli/format.js'
import { inPlace } from './place.js'
import { makeSample } from './rig.js'
import { cli, lastLine } from './run-cli.js'

const test = suite('info')

test('info: of a magnet there are its hashes, name, trackers, peers and selection, and nobody is asked', async () => {
  const v1 = '0123456789'.repeat(4)
  const v2 = 'ab'.repeat(32)
  const fields = [
    `xt=urn:btih:${v1}`,
    `xt=urn:btmh:1220${v2}`,
    'dn=a+name',
    'tr=udp%3A%2F%2Fhost%3A1%2Fannounce',
    'ws=http%3A%2F%2Fhost%2F',
    'x.pe=10.0.0.1:6881',
    'so=0,2,4-6',
  ]
  const { cid, magnet, ...line } = lastLine(await cli('info', `magnet:?${fields.join('&')}`, '--json'))
  assert.match(String(magnet), v2)
  assert.match(String(cid), /^[a-z0-9]{30,}$/)
  assert.equal(line, {
    type: 'info',
    kind: 'magnet',
    name: 'a name',
    infoHashV1: v1,
    infoHashV2: v2,
    trackers: ['udp://host:1/announce'],
    webSeeds: ['http://host/'],
    peers: ['10.0.0.1:6881'],
    selected: '0,2,4-6',
  })
  const key = `magnet:?xs=urn:btpk:${v2}&s=6e`
  const ofKey = { type: 'info', kind: 'key', publicKey: v2, salt: '6e', magnet: key }
  assert.equal(lastLine(await cli('info', key, '--json')), ofKey)
})

test('info: of a .torrent there are its files, too; and what a terminal would obey is shown as something else', async () => {
  await inPlace(async (folder) => {
    const { torrent, name, cid, bytes, pieces, files } = await makeSample(folder, {
      trackers: ['http://host/announce'],
    })
    const line = lastLine(await cli('info', torrent, '--json'))
    assert.equal([line.kind, line.name, line.cid, line.bytes, line.pieces], ['torrent', name, cid, bytes, pieces])
    assert.equal(line.trackers, ['http://host/announce'])
    const listed = Object.entries(files).map(([path, { length }]) => ({ path: `${name}/${path}`, length }))
    assert.equal(line.files, listed)
    const { stdout, code } = await cli('info', torrent)
    assert.is(code, 0)
    for (const text of [name, cid, 'http://host/announce', 'd.txt']) assert.match(stdout.join('\n'), text)
  })
  assert.is(showText('a\u001b[2J\nb\u202ec'), 'a\ufffd[2J\ufffdb\ufffdc')
})

test.run()
