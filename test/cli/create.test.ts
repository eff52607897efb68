import { readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseTorrent } from '../../src/index.js'
import { toHex } from '../../src/values.js'
import { inPlace, pattern, writeFiles } from './place.js'
import { Cli, cli, jsonLines, lastLine } from './run-cli.js'

const test = suite('create command')

const claim = (what: string, work: (folder: string) => Promise<void>): void => {
  test(`create command: ${what}`, () => inPlace(work))
}

/** What libtorrent 2.0.8 says of this content in pieces of 32 KiB. */
const INFO_HASH = 'a96d50d174d407e33f17c68589ab6cb592a03e3a'
/** `b`, and base 32 of 01 7b 11 14 and those bytes, made by other means. */
const CID = 'baf5rcffjnvinc5gua7rt6f6gqwe2w3fvskqd4oq'

claim('it writes the .torrent, and nothing else, and says what is in it', async (folder) => {
  await writeFiles(folder, { 'one file.bin': pattern(100_000, 1) })
  const [content, output] = [path.join(folder, 'one file.bin'), path.join(folder, 'made.torrent')]
  const flags = ['--piece-size', '32K', '--tracker', 'http://one.example/announce', '--tracker', 'udp://two.example:1']
  const ended = await cli('create', content, '-o', output, ...flags, '--comment', 'for tests', '--json')
  assert.is(ended.code, 0)
  assert.equal(lastLine(ended), {
    type: 'created',
    infoHashV1: INFO_HASH,
    infoHashV2: null,
    cid: CID,
    magnet:
      `magnet:?xt=urn:btih:${INFO_HASH}&dn=one%20file.bin` +
      '&tr=http%3A%2F%2Fone.example%2Fannounce&tr=udp%3A%2F%2Ftwo.example%3A1',
    pieces: 4,
    pieceLength: 32_768,
    bytes: 100_000,
    files: 1,
    torrent: output,
  })
  const metainfo = parseTorrent(await readFile(output))
  assert.is(toHex(metainfo.infoHash), INFO_HASH)
  assert.equal(metainfo.trackers, [['http://one.example/announce'], ['udp://two.example:1']])
  assert.is(metainfo.comment, 'for tests')
  assert.equal((await readdir(folder)).sort(), ['made.torrent', 'one file.bin'])
})

claim('v2 and hybrids say both hashes, and a CID and a magnet that name them', async (folder) => {
  await writeFiles(folder, { 'one file.bin': pattern(100_000, 1) })
  const create = async (format: string) => {
    const flags = ['--format', format, '--piece-size', '32K', '--json']
    return lastLine(await cli('create', path.join(folder, 'one file.bin'), '-o', path.join(folder, format), ...flags))
  }
  const v2 = 'a75f48e9dc3690b4a990f919d7290d7db68b53dd9f320c3d265d330589d1e031'
  const alone = await create('v2')
  assert.equal([alone.infoHashV1, alone.infoHashV2, alone.bytes, alone.files], [null, v2, 100_000, 1])
  // `b`, and base 32 of 01 7b 12 20 and that hash, made by other means.
  assert.is(alone.cid, 'baf5reifhl5eotxbwsc2ktehzdhlssdl5w2fvhxm7gigd2js5gmcytupage')
  assert.is(alone.magnet, `magnet:?xt=urn:btmh:1220${v2}&dn=one%20file.bin`)
  const hybrid = await create('hybrid')
  assert.is(hybrid.infoHashV1, '14f12347df438a94fee3b36f0dfeacfe14f9fa84')
  assert.match(String(hybrid.magnet), /^magnet:\?xt=urn:btih:14f1[0-9a-f]{36}&xt=urn:btmh:122099ba[0-9a-f]{60}&dn=/)
})

claim('for people it prints identity and magnet on stdout, and what it left out on stderr', async (folder) => {
  await writeFiles(folder, { 'album/track.bin': pattern(20_000, 1) })
  await symlink('/etc/hostname', path.join(folder, 'album', 'link'))
  const { code, stdout, stderr } = await cli('create', path.join(folder, 'album'), '-o', path.join(folder, 'a.torrent'))
  assert.is(code, 0)
  const text = stdout.join('\n')
  assert.match(text, /2 pieces of 16\.0 KiB/)
  assert.match(text, /CID +baf5rcf/)
  assert.match(text, /magnet +magnet:\?xt=urn:btih:[0-9a-f]{40}&dn=album/)
  assert.match(stderr, /left out: .*link is a symbolic link out of the folder/)
})

claim('a failure ends with 1, says its code and leaves no file', async (folder) => {
  await writeFiles(folder, { 'empty/file': new Uint8Array(), 'full/file': pattern(10, 1) })
  const output = path.join(folder, 'x.torrent')
  const nowhere = path.join(folder, 'nowhere', 'x.torrent')
  const ended = await Promise.all([
    cli('create', path.join(folder, 'nothing'), '-o', output, '--json'),
    cli('create', path.join(folder, 'empty'), '-o', output, '--json'),
    cli('create', path.join(folder, 'full'), '-o', nowhere, '--json'),
  ])
  assert.equal(
    ended.map((each) => [each.code, lastLine(each).code]),
    [
      [1, 'CONTENT_UNREADABLE'],
      [1, 'CONTENT_EMPTY'],
      [1, 'DISK_FAILED'],
    ],
  )
  assert.equal((await readdir(folder)).sort(), ['empty', 'full'])
})

claim('it writes over no file that it is to share, and to no folder', async (folder) => {
  await writeFiles(folder, { 'full/file': pattern(10, 1) })
  const [content, inside] = [path.join(folder, 'full'), path.join(folder, 'full', 'x.torrent')]
  const first = await cli('create', content, '-o', inside, '--json')
  assert.is(first.code, 0)
  assert.is(lastLine(first).files, 1)
  const before = await readFile(inside)
  const [again, toFolder] = await Promise.all([
    cli('create', content, '-o', inside, '--json'),
    cli('create', path.join(content, 'file'), '-o', content, '--json'),
  ])
  assert.equal([again.code, lastLine(again).code], [2, 'OPTION_INVALID'])
  assert.equal([toFolder.code, lastLine(toFolder).code], [2, 'OPTION_INVALID'])
  assert.ok(before.equals(await readFile(inside)))
})

claim('an impossible piece size is wrong usage', async (folder) => {
  await writeFile(path.join(folder, 'file'), 'x')
  const ended = await cli(
    'create',
    path.join(folder, 'file'),
    '-o',
    path.join(folder, 'x.torrent'),
    '--piece-size',
    '3',
    '--json',
  )
  assert.equal([ended.code, lastLine(ended).code], [2, 'OPTION_INVALID'])
})

claim('Ctrl-C ends it with 130 and leaves no file', async (folder) => {
  // Holes cost no space, and take a while to be hashed.
  const content = path.join(folder, 'large')
  await writeFile(content, '')
  await truncate(content, 64 * 1_024 ** 3)
  const create = new Cli(['create', content, '-o', path.join(folder, 'x.torrent'), '--json'])
  const progress = await create.line('progress')
  assert.ok(Number(progress.hashedBytes) > 0)
  create.signal('SIGINT')
  const ended = await create.ended
  assert.is(ended.code, 130)
  assert.not(jsonLines(ended.stdout).some(({ type }) => type === 'created' || type === 'error'))
  assert.equal(await readdir(folder), ['large'])
})

test.run()
