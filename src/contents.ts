/** Contents: the files of a transfer, from the moment when its metadata are known; and how they come to be (BEP 9). */
import type { AddOptions, FileChoice } from './api.js'
import { present } from './assert.js'
import type { Content } from './driver.js'
import { geometryOf } from './events/geometry.js'
import type { TransferState } from './events/state.js'
import type { TransferEvent } from './events/vocabulary.js'
import { examine, lookAtFiles, takeStamps } from './examine.js'
import { FileTrees } from './file-trees.js'
import type { MetadataKeeper } from './metadata-work.js'
import type { FileFinding } from './outside.js'
import type { Answer, DiskFile, Failure, MoveOptions, Ports, TransferLog } from './ports.js'
import { factsOf, folderOf } from './session.js'
import { Layout } from './store/layout.js'
import { partFile } from './store/parts.js'
import { isInfoOf, torrentOfInfo } from './wire/infobytes.js'
import type { Magnet } from './wire/magnet.js'
import { type Metainfo, parseTorrent } from './wire/metainfo.js'

export interface ContentsOptions {
  readonly ports: Pick<Ports, 'openDisk'>
  readonly log: Pick<TransferLog, 'keepTorrent'>
  readonly add: AddOptions
  readonly magnet: Magnet | undefined
  /** Hashes of pieces, by file, which peers told in sessions before (BEP 52). */
  readonly layers: ReadonlyMap<number, Uint8Array> | undefined
  state(): Readonly<TransferState>
  /** The metadata are known. */
  begun(content: Content): void
}

/** As they are called now. A symbolic link leads to what its file is called. */
const renamed = (files: readonly DiskFile[], names: TransferState['names']): readonly DiskFile[] => {
  if (names.size === 0) return files
  const byOldName = new Map(files.map(({ path }, at) => [path.join('/'), names.get(at)?.split('/')]))
  return files.map(({ path, link, ...file }) => ({
    ...file,
    path: byOldName.get(path.join('/')) ?? path,
    link: link && (byOldName.get(link.join('/')) ?? link),
  }))
}

/** The part file comes last. */
const filesUnder = (metainfo: Metainfo, layout: Layout, names: TransferState['names']): readonly DiskFile[] => [
  ...renamed(layout.diskFiles, names),
  partFile(metainfo),
]

type Stamps = Awaited<ReturnType<typeof takeStamps>>

export class Contents implements MetadataKeeper {
  readonly #options: ContentsOptions
  /** What the user wants, of a torrent whose files nobody has named yet. */
  #select: FileChoice | undefined
  #content: Content | undefined
  #closed = false

  constructor(options: ContentsOptions) {
    this.#options = options
    this.#select = options.add.select
  }

  get metainfo(): Metainfo | undefined {
    return this.#content?.metainfo
  }

  /** Files of which hashes of pieces are not known (BEP 52). */
  get missing(): FileTrees['incomplete'] {
    return this.#content?.trees?.incomplete ?? []
  }

  begin(metainfo: Metainfo, cut = this.#cut(metainfo)): void {
    const { ports, add, begun, state } = this.#options
    const layout = new Layout(metainfo)
    const { names } = state()
    const disk = ports.openDisk({
      folder: folderOf(state(), add.path),
      files: filesUnder(metainfo, layout, names),
      preallocate: add.preallocate === true,
    })
    this.#content = { metainfo, layout, disk, ...cut }
    begun(this.#content)
  }

  /** The globs must fit it when it is known. */
  selectLater(files: FileChoice): void {
    this.#select = files
  }

  isRight(infoBytes: Uint8Array): boolean {
    return isInfoOf(infoBytes, this.#magnet)
  }

  /** Throws a `TorrewindError` at metadata that are of no use, and keeps nothing of them. */
  learn(infoBytes: Uint8Array, kept: (answer: readonly TransferEvent[] | Failure) => void): void {
    const { log, state, add } = this.#options
    const torrent = torrentOfInfo(infoBytes, this.#magnet)
    const metainfo = parseTorrent(torrent)
    const sequential = add.sequential === true || state().sequential
    const cut = this.#cut(metainfo)
    const missing = cut.trees?.incomplete ?? []
    const facts = factsOf(state(), metainfo, { select: this.#select, sequential, magnet: this.#magnet }, missing)
    log.keepTorrent(torrent, (failure) => {
      if (this.#closed) return
      if (failure === undefined) {
        this.begin(metainfo, cut)
        kept(facts)
      } else kept({ code: 'LOG_FAILED', message: `the metadata cannot be kept: ${failure.message}` })
    })
  }

  /** What the files are found to be; undefined while nobody knows of any. Throws `DISK_FAILED`. */
  async examine(): Promise<readonly FileFinding[] | undefined> {
    return this.#content && examine(this.#content.disk, this.#content.layout, this.#apart)
  }

  /** The same in the midst of a session, where nobody awaits it. */
  look(done: (answer: Answer<readonly FileFinding[]>) => void): void {
    if (this.#content !== undefined) lookAtFiles(this.#content.disk, this.#content.layout, this.#apart, done)
  }

  async takeStamps(): Promise<Stamps> {
    return this.#content === undefined ? [] : takeStamps(this.#content.disk, this.#content.layout, this.#apart)
  }

  /** To the place that the log has as the one they are moved to. */
  move(options: MoveOptions): Promise<Failure | undefined> {
    const content = present(this.#content, 'the files that are moved')
    const { moving } = this.#options.state()
    if (moving === undefined) return Promise.resolve(undefined)
    const files = filesUnder(content.metainfo, content.layout, moving.names)
    return new Promise((resolve) => {
      content.disk.move({ folder: moving.folder, files }, options, (answer) =>
        resolve(answer.type === 'failed' ? answer.failure : undefined),
      )
    })
  }

  /** Nothing is kept apart any more, and the log says so for good. */
  removeParts(): Promise<void> {
    const content = this.#content
    if (content === undefined) return Promise.resolve()
    return new Promise((resolve) => {
      content.disk.remove(content.metainfo.files.length, () => resolve())
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#content?.disk.close()
  }

  #cut(metainfo: Metainfo): Pick<Content, 'geometry' | 'trees'> {
    const geometry = geometryOf(metainfo.pieceLength, metainfo.totalBytes, metainfo.shortPieces)
    const trees = metainfo.version === 'v1' ? undefined : new FileTrees(metainfo, geometry)
    for (const [file, layer] of this.#options.layers ?? []) trees?.restore(file, layer)
    return { geometry, trees }
  }

  get #apart(): ReadonlySet<number> {
    return this.#options.state().apart
  }

  get #magnet(): Magnet {
    return present(this.#options.magnet, 'what names a torrent whose metadata are not known')
  }
}
