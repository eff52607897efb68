/** What a new user does who comes from qBittorrent: its magnets, a film while it comes, one file of many, a lost network. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as assert from 'uvu/assert'
import { type BrowserPage, chromium, startBrowser } from './chromium.js'
import { GET_BOUND_MS, START_BOUND_MS } from './client.js'
import { makeSample, type Sample } from './corpus.js'
import { compareFetched } from './exchange.js'
import { makeFilm } from './film.js'
import { interopSuite } from './harness.js'
import { numberOf, parseJsonLine, textOf, waitForJson } from './json.js'
import { LOOPBACK } from './place.js'
import { namespaces, type Qbittorrent, type QbittorrentOptions, qbittorrent, startQbittorrent } from './qbittorrent.js'
import { type Rig, until } from './rig.js'
import { create, startGet, startTorrewind, torrewind } from './torrewind.js'
import { compareTrees } from './tree.js'

const test = interopSuite('interop: qBittorrent')

const KIB = 1_024
const MIB = 1_024 * KIB

/** What qBittorrent knows a torrent by: the hash of version 2, cut to 20 bytes, where it has one. */
const idOf = ({ infoHash, infoHashV2 }: Pick<Sample, 'infoHash' | 'infoHashV2'>): string =>
  /[1-9a-f]/.test(infoHashV2) ? infoHashV2.slice(0, 40) : infoHash

/** The text that users copy from it. Where it is it does not say: without trackers somebody has to (`x.pe`). */
const magnetFrom = async (
  seed: Qbittorrent,
  made: Pick<Sample, 'torrent' | 'infoHash' | 'infoHashV2'>,
  dir: string,
): Promise<string> => {
  await seed.add(made.torrent, dir)
  const { magnet_uri } = await seed.serving(idOf(made))
  return `${magnet_uri}&x.pe=${seed.address}`
}

const FILM = { name: '2 film.webm', seconds: 80, bytesPerSecond: 100_000 }
/** Where a viewer goes on, and how much of the film lies before that. */
const SOUGHT = { second: 72, bytesBefore: 72 * FILM.bytesPerSecond }
const LIMIT = 400_000

const makeShow = async (rig: Rig): Promise<string> => {
  const root = path.join(await rig.folder('content'), 'Ünï & co (2026) [1080p] 100% + #1')
  await mkdir(path.join(root, 'Extras & more'), { recursive: true })
  await writeFile(path.join(root, '1 before.bin'), Buffer.alloc(3 * MIB, 'before'))
  await writeFile(path.join(root, FILM.name), makeFilm(FILM.seconds, FILM.bytesPerSecond))
  await writeFile(path.join(root, 'Extras & more', '3 ä #1? 50%.bin'), Buffer.alloc(700 * KIB, 'extra'))
  return root
}

/** Waits until this is true of the film that the page plays. */
const seen = (page: BrowserPage, isTrue: string): Promise<true> => {
  const film = `((film) => film?.error?.message ?? (film !== null && (${isTrue})))(document.querySelector('video'))`
  return until(
    isTrue,
    async () => {
      const said = await page.evaluate(film)
      if (typeof said === 'string') throw new Error(`Chromium on the film: ${said}`)
      return said === true ? true : undefined
    },
    START_BOUND_MS,
  )
}

test(
  'a film from its magnet is watched while it comes, at a limited rate, and where the viewer goes on comes first',
  [torrewind, qbittorrent, chromium],
  async (rig) => {
    const browser = startBrowser(rig, '--autoplay-policy=no-user-gesture-required')
    const root = await makeShow(rig)
    const [seed, made] = await Promise.all([startQbittorrent(rig), create(rig, root)])
    const [page, magnet] = await Promise.all([browser, magnetFrom(seed, made, path.dirname(root))])
    const folders = ['-d', await rig.folder('torrewind'), '--data', await rig.folder('torrewind-data')]
    const flags = ['--no-dht', '--no-lsd', '--no-upnp', '--download-limit', `${LIMIT}`]
    const began = performance.now()
    const serve = startTorrewind(rig, LOOPBACK, 'serve', magnet, ...folders, ...flags)
    const url = textOf(await waitForJson(serve, 'listening', START_BOUND_MS), 'url')

    await page.call('Page.navigate', { url: `${url}1/${encodeURIComponent(FILM.name)}` })
    await seen(page, 'film.videoWidth > 0 && film.currentTime > 0.2')
    await page.evaluate(`{ document.querySelector('video').currentTime = ${SOUGHT.second} }`)
    await seen(page, `film.currentTime > ${SOUGHT.second + 0.2}`)
    // Nobody waited for what comes before it, neither of the film nor of the torrent.
    const { uploaded } = await seed.torrent(idOf(made))
    assert.ok(uploaded > 0 && uploaded < SOUGHT.bytesBefore, `${uploaded} bytes`)
    // What the limit holds back may go out and wait on the way.
    assert.ok(uploaded < (LIMIT * (performance.now() - began)) / 1_000 + 4 * LIMIT, `${uploaded} bytes`)
    serve.signal('SIGINT')
    assert.is((await serve.end(START_BOUND_MS)).code, 130)
  },
)

const FILES = [
  ['a.bin', 700_001],
  ['b.bin', 900_002],
  ['c.bin', 500_003],
] as const

test(
  'of its magnets of v1, v2 and hybrids one file is fetched, and nothing of the others appears',
  [torrewind, qbittorrent],
  async (rig) => {
    const [seed, content] = [await startQbittorrent(rig), await rig.folder('content')]
    await Promise.all(
      (['v1', 'v2', 'hybrid'] as const).map(async (format) => {
        const sample = await makeSample(content, { name: format, pieceLength: 64 * KIB, files: FILES, format })
        const magnet = await magnetFrom(seed, sample, sample.dir)
        // Padding has positions, too, so that of hybrids b.bin is the third.
        const source = format === 'v1' ? `${magnet}&so=1` : magnet
        const select = format === 'v1' ? [] : ['--select', '*/b.bin']
        const [dir, data] = [await rig.folder('torrewind'), await rig.folder('torrewind-data')]
        const child = startTorrewind(rig, LOOPBACK, 'get', source, '-d', dir, '--data', data, ...select)
        const done = await waitForJson(child, 'done', GET_BOUND_MS)
        assert.equal(await readdir(path.join(dir, format)), ['b.bin'])
        await compareTrees(path.join(sample.root, 'b.bin'), path.join(dir, format, 'b.bin'))
        assert.ok(numberOf(done, 'downloadedBytes') < 900_002 + 2 * 64 * KIB)
      }),
    )
  },
)

const TELL_AGAIN_MS = 5_000

/** What users set there, and what our log then says of the connection: of TCP without encryption nothing. */
const WAYS: readonly (readonly [what: string, options: QbittorrentOptions, known: RegExp])[] = [
  ['requires encryption', { encryption: 1 }, /"protection":"rc4"/],
  ['has uTP alone', { protocol: 'UTP' }, /"transport":"utp"/],
  ['has TCP alone, and no encryption', { protocol: 'TCP', encryption: 2 }, /^$/],
]

test(
  'it fetches from us, whether it requires encryption, or has one transport alone',
  [torrewind, qbittorrent],
  (rig) =>
    Promise.all(
      WAYS.map(async ([what, options, known], at) => {
        const files = [['.', 3 * MIB + 12_345]] as const
        const format = (['v1', 'v2', 'hybrid'] as const)[at]
        const sample = await makeSample(await rig.folder('content'), {
          name: what,
          pieceLength: 64 * KIB,
          files,
          format,
        })
        const data = await rig.folder('torrewind-data')
        const ours = startTorrewind(rig, LOOPBACK, 'seed', sample.torrent, '--path', sample.dir, '--data', data)
        const port = numberOf(await waitForJson(ours, 'listening', START_BOUND_MS), 'port')
        const [theirs, dir] = [await startQbittorrent(rig, options), await rig.folder('qbittorrent-downloads')]
        // A magnet that is pasted there has its metadata from us, too.
        await theirs.add(
          `magnet:?xt=urn:${at === 1 ? 'btmh:1220' : 'btih:'}${at === 1 ? sample.infoHashV2 : sample.infoHash}`,
          dir,
        )
        const id = at === 2 ? sample.infoHash : idOf(sample)
        // More than once: on a busy machine it forgets whom it was told of before it has begun with the torrent.
        const tell = (): Promise<void> => theirs.addPeer(id, `${LOOPBACK.host}:${port}`)
        await tell()
        const telling = setInterval(() => tell().catch(() => undefined), TELL_AGAIN_MS)
        await theirs.seeding(idOf(sample)).finally(() => clearInterval(telling))
        await compareFetched(sample, { dir })
        const log = startTorrewind(rig, LOOPBACK, 'log', 'show', '--data', data, '--type', 'transport-known')
        await log.end(START_BOUND_MS)
        const said = log.lines.filter(({ from }) => from === 'stdout').map(({ text }) => text)
        assert.match(said.join('\n'), known, what)
      }),
    ).then(() => undefined),
)

/** Mostly it takes three seconds; but where qBittorrent has given the connection up, a minute until we have, too. */
const BACK_BOUND_MS = 100_000

test(
  'a network that is pulled out and put back costs a download nothing but time',
  [torrewind, qbittorrent, namespaces],
  async (rig) => {
    const network = rig.network()
    const [there, here] = [network.place(), network.place()]
    const files = [['.', 3 * MIB]] as const
    const sample = await makeSample(await rig.folder('content'), { name: 'pulled', pieceLength: 64 * KIB, files })
    const seed = await startQbittorrent(rig, { place: there })
    const magnet = await magnetFrom(seed, sample, sample.dir)
    await seed.limitUpload(MIB)
    const getting = await startGet({ rig, place: here, sample: { ...sample, torrent: magnet } })
    let before = 0
    /** The first line of progress of which this is true. */
    const told = (what: string, isTrue: (stored: number) => boolean): Promise<number> =>
      getting.child.waitFor(
        what,
        (line) => {
          const json = parseJsonLine(line)
          const stored = json?.type === 'progress' ? numberOf(json, 'storedBytes') : undefined
          return stored !== undefined && isTrue(stored) ? stored : undefined
        },
        START_BOUND_MS,
      )
    await told('begun', (stored) => stored > 0)
    network.set(here, 'down')
    // It is silent when two lines say the same.
    const silentAt = await told('gone silent', (stored) => {
      const same = stored > 0 && stored === before
      before = stored
      return same
    })
    assert.ok(silentAt < sample.bytes)
    network.set(here, 'up')
    const { bytes } = await getting.done(BACK_BOUND_MS)
    assert.is(bytes, sample.bytes)
    await compareFetched(sample, getting)
  },
  2 * BACK_BOUND_MS,
)

test.run()
