import { createHash } from 'node:crypto'
import { appendFileSync, truncateSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CreateOptions, createTorrent } from '../src/create.js'
import { TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import { toHex } from '../src/values.js'
import { inPlace, pattern, writeFiles } from './cli/place.js'

const test = suite('create')
const MIB = 1_048_576

const claim = (what: string, work: (folder: string) => Promise<void>): void => {
  test(`create: ${what}`, () => inPlace(work))
}

/** The code of what it throws, and its words. */
const failure = async (options: CreateOptions): Promise<{ code: string; message: string }> => {
  try {
    await createTorrent(options)
  } catch (error) {
    if (error instanceof TorrewindError) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('a torrent was made')
}

const pathsOf = (files: readonly { readonly path: readonly string[] }[]): readonly string[] =>
  files.map((file) => file.path.join('/'))

/** Hashes of the pieces, one call a piece over all of the bytes. */
const hashesOf = (bytes: Uint8Array, pieceLength: number): Uint8Array => {
  const digests: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += pieceLength) {
    digests.push(
      createHash('sha1')
        .update(bytes.subarray(at, at + pieceLength))
        .digest(),
    )
  }
  return new Uint8Array(Buffer.concat(digests))
}

claim('a single file has the info-hash that libtorrent 2.0.8 gives it', async (folder) => {
  await writeFiles(folder, { 'one file.bin': pattern(100_000, 1) })
  const { metainfo } = await createTorrent({ path: path.join(folder, 'one file.bin'), pieceLength: 32_768 })
  assert.is(toHex(metainfo.infoHash), 'a96d50d174d407e33f17c68589ab6cb592a03e3a')
  assert.is(metainfo.multiFile, false)
  assert.is(metainfo.createdBy, 'Torrewind 0.1.0')
  assert.ok((metainfo.creationDate ?? 0) > 1_700_000_000)
})

/** What libtorrent 2.0.8 makes of the same files in pieces of 32 KiB. */
const OF_LIBTORRENT = [
  ['one file.bin', 'v2', undefined, 'a75f48e9dc3690b4a990f919d7290d7db68b53dd9f320c3d265d330589d1e031'],
  [
    'one file.bin',
    'hybrid',
    '14f12347df438a94fee3b36f0dfeacfe14f9fa84',
    '99babc459d740775ffedfb987f695bf65658ec4101225c2d8d36c343e2921a2b',
  ],
  ['album', 'v2', undefined, '94fb8e1ff7602f3da4e6ce5551dc9fc794917dc356971971bca428ce0f86db9d'],
  [
    'album',
    'hybrid',
    '4d185ff42ebf1cdaf7f5faf4bbaac58eaae13297',
    '5540b1e22a588d97d196085978a85c47b7f78ecebb25ff280153839932a47e2f',
  ],
] as const

for (const [name, format, v1, v2] of OF_LIBTORRENT)
  claim(`${name} has the info-hashes of ${format} that libtorrent gives it, and its layers prove`, async (folder) => {
    await writeFiles(path.join(folder, 'album'), {
      'b.txt': pattern(1, 4),
      'b/x.bin': pattern(40_000, 3),
      'b/empty': pattern(0, 1),
      'a.bin': pattern(16_384, 5),
      z: pattern(100_001, 6),
      zz: pattern(0, 1),
    })
    await writeFiles(folder, { 'one file.bin': pattern(100_000, 1) })
    const { metainfo } = await createTorrent({ path: path.join(folder, name), pieceLength: 32_768, format })
    assert.is(metainfo.version, format)
    assert.is(toHex(metainfo.infoHashV2 ?? new Uint8Array()), v2)
    assert.is(toHex(metainfo.infoHash), v1 ?? v2.slice(0, 40))
    const long = metainfo.files.filter(({ padding, length }) => !padding && length > 32_768)
    assert.is(metainfo.pieceLayers.size, long.length)
  })

claim('a format that there is not is refused', async (folder) => {
  await writeFiles(folder, { a: pattern(1, 1) })
  const format = 'v3' as CreateOptions['format'] // a program without types may ask for it
  assert.is((await failure({ path: path.join(folder, 'a'), format })).code, 'OPTION_INVALID')
})

claim('files come in the order of the bytes of their path parts, hidden and empty ones too', async (folder) => {
  await writeFiles(path.join(folder, 'a folder'), {
    'b.txt': pattern(1, 4),
    'é.txt': pattern(16_384, 5),
    'b/x.bin': pattern(40_000, 3),
    a: pattern(0, 0),
    '.hidden': pattern(3, 9),
    'B.bin': pattern(20_000, 2),
  })
  const { metainfo, leftOut } = await createTorrent({
    path: path.join(folder, 'a folder'),
    pieceLength: 16_384,
    private: true,
  })
  const names = ['.hidden', 'B.bin', 'a', 'b/x.bin', 'b.txt', 'é.txt']
  assert.equal(
    pathsOf(metainfo.files),
    names.map((name) => `a folder/${name}`),
  )
  assert.is(toHex(metainfo.infoHash), '2d2c5dfae0e239bff82d03cfc13e965739060ce5')
  assert.equal(leftOut, [])
})

claim('trackers are tiers of their own; web seeds, comment and privacy are kept', async (folder) => {
  await writeFiles(folder, { a: pattern(5, 1) })
  const trackers = ['http://one.example/announce', 'udp://two.example:6969']
  const { metainfo } = await createTorrent({
    path: path.join(folder, 'a'),
    trackers,
    webSeeds: ['https://seed.example/a'],
    comment: 'wörds',
    private: true,
  })
  assert.equal(
    metainfo.trackers,
    trackers.map((url) => [url]),
  )
  assert.equal(metainfo.webSeeds, ['https://seed.example/a'])
  assert.is(metainfo.comment, 'wörds')
  assert.is(metainfo.private, true)
})

claim('pieces are hashed the same however files and reads cut them', async (folder) => {
  const read = LIMITS.contentReadBytes
  const lengths = [read - 1, 1, read, 5, 0, 3 * read + 7, 16_384, 16_383, 2]
  const files = lengths.map((length, at) => pattern(length, at))
  const names = lengths.map((_, at) => `${at}.bin`)
  await writeFiles(
    path.join(folder, 'cuts'),
    Object.fromEntries(names.map((name, at) => [name, files[at] as Uint8Array])),
  )
  const all = new Uint8Array(Buffer.concat(files))
  for (const pieceLength of [16_384, 262_144, read, 2 * read, 4 * read, 8 * read]) {
    const seen: number[] = []
    const { metainfo } = await createTorrent({
      path: path.join(folder, 'cuts'),
      pieceLength,
      onProgress: ({ hashedBytes }) => seen.push(hashedBytes),
    })
    assert.is(toHex(metainfo.pieceHashes), toHex(hashesOf(all, pieceLength)), `pieces of ${pieceLength}`)
    assert.is(seen.at(-1), all.length)
    assert.equal(
      seen,
      [...seen].sort((left, right) => left - right),
    )
  }
})

claim('a link that leaves the folder, leads nowhere or to a folder is left out and said', async (folder) => {
  const root = path.join(folder, 'links')
  await writeFiles(root, { 'a.bin': pattern(10, 1), 'sub/b.bin': pattern(10, 2) })
  await writeFile(path.join(folder, 'secret'), 'secret')
  await symlink(path.join(folder, 'secret'), path.join(root, 'out'))
  await symlink('nothing', path.join(root, 'dangling'))
  await symlink('.', path.join(root, 'loop'))
  await symlink('a.bin', path.join(root, 'inside'))
  const { metainfo, leftOut } = await createTorrent({ path: root })
  assert.equal(pathsOf(metainfo.files), ['links/a.bin', 'links/inside', 'links/sub/b.bin'])
  assert.equal(
    leftOut.map(({ path: left, reason }) => `${path.basename(left)} ${reason}`),
    [
      'dangling is a symbolic link that leads nowhere',
      'loop is a symbolic link to something that is no file',
      'out is a symbolic link out of the folder',
    ],
  )
})

claim('nothing to share is CONTENT_EMPTY', async (folder) => {
  await mkdir(path.join(folder, 'empty'))
  await writeFiles(folder, { 'empty too/file': new Uint8Array() })
  assert.is((await failure({ path: path.join(folder, 'empty') })).code, 'CONTENT_EMPTY')
  assert.is((await failure({ path: path.join(folder, 'empty too') })).code, 'CONTENT_EMPTY')
})

claim('what cannot be read is CONTENT_UNREADABLE and named', async (folder) => {
  await writeFiles(folder, { file: pattern(1, 1) })
  for (const missing of [path.join(folder, 'nothing'), path.join(folder, 'file', 'below')]) {
    const { code, message } = await failure({ path: missing })
    assert.is(code, 'CONTENT_UNREADABLE')
    assert.ok(message.includes(missing), message)
  }
})

claim('a name that some system could not hold is PATH_UNSAFE and named', async (folder) => {
  const bad = ['aux.txt', 'back\\slash', 'ends in a dot.', 'new\nline']
  for (const [at, name] of bad.entries()) {
    const root = path.join(folder, `${at}`)
    await writeFiles(root, { good: pattern(1, 1) })
    await writeFile(path.join(root, name), 'x')
    const { code, message } = await failure({ path: root })
    assert.is(code, 'PATH_UNSAFE', name)
    assert.ok(message.includes(name), message)
  }
  await writeFiles(path.join(folder, 'case'), { 'Read me': pattern(1, 1), 'read me': pattern(1, 1) })
  assert.is((await failure({ path: path.join(folder, 'case') })).code, 'PATH_UNSAFE')
  const latin1 = Buffer.concat([Buffer.from(path.join(folder, 'latin1/')), Buffer.from([0x66, 0xfc, 0x72])])
  await mkdir(path.join(folder, 'latin1'))
  await writeFile(latin1, 'x')
  assert.match((await failure({ path: path.join(folder, 'latin1') })).message, /is not UTF-8/)
})

claim('a file that changes while it is being hashed is CONTENT_CHANGED and named', async (folder) => {
  const root = path.join(folder, 'changing')
  const [first, second] = [path.join(root, 'a.bin'), path.join(root, 'b.bin')]
  const changes: Record<string, () => void> = {
    'the file being read grows': () => appendFileSync(first, 'x'),
    'the file being read is cut': () => truncateSync(first, 1),
    'a file not yet read grows': () => appendFileSync(second, 'x'),
  }
  for (const [what, change] of Object.entries(changes)) {
    await writeFiles(root, { 'a.bin': pattern(4 * MIB, 1), 'b.bin': pattern(MIB, 2) })
    let changed = false
    const { code, message } = await failure({
      path: root,
      onProgress: () => {
        if (!changed) change()
        changed = true
      },
    })
    assert.is(code, 'CONTENT_CHANGED', what)
    assert.ok(message.includes(what.includes('not yet') ? second : first), message)
  }
})

claim('a piece length that is no power of two, or out of bounds, is OPTION_INVALID', async (folder) => {
  await writeFiles(folder, { a: pattern(5, 1) })
  for (const pieceLength of [0, 1, 8_192, 16_385, 49_152, 2 * LIMITS.pieceLengthMax, Number.NaN, -16_384]) {
    assert.is((await failure({ path: path.join(folder, 'a'), pieceLength })).code, 'OPTION_INVALID', `${pieceLength}`)
  }
})

claim('a tracker or web seed that is no URL of its kind is OPTION_INVALID', async (folder) => {
  await writeFiles(folder, { a: pattern(5, 1) })
  for (const url of ['tracker.example', 'ftp://tracker.example', 'http://', 'file:///etc/passwd', '']) {
    assert.is((await failure({ path: path.join(folder, 'a'), trackers: [url] })).code, 'OPTION_INVALID', url)
  }
  assert.is((await failure({ path: path.join(folder, 'a'), webSeeds: ['udp://seed.example'] })).code, 'OPTION_INVALID')
})

claim('it stops where its signal says so', async (folder) => {
  await writeFiles(folder, { a: pattern(4 * MIB, 1) })
  const stop = new AbortController()
  let seen = 0
  const made = createTorrent({
    path: path.join(folder, 'a'),
    signal: stop.signal,
    onProgress: () => {
      seen++
      stop.abort()
    },
  })
  await made.then(
    () => assert.unreachable('it was made'),
    (error: unknown) => assert.is(error, stop.signal.reason),
  )
  assert.is(seen, 1)
})

test.run()
