/** The engine: many transfers that share ports, limits and one listening socket. */
import type { AddOptions, Engine, Transfer } from './api.js'
import { Arrivals } from './arrivals.js'
import { TorrewindError } from './errors.js'
import type { Answer, Listener, Ports, TransferEntry } from './ports.js'
import { Throttle } from './throttle.js'
import { TorrentTransfer } from './transfer.js'
import { equalBytes, fromHex, type InfoHash, infoHash, toHex } from './values.js'
import { readCid } from './wire/identity.js'
import { parseMagnet } from './wire/magnet.js'
import { type Metainfo, parseTorrent } from './wire/metainfo.js'

export interface EngineParts {
  readonly ports: Ports
  readonly version: string
  /** Reads a .torrent file, within bounds. Throws `SOURCE_UNREADABLE` or `TORRENT_TOO_LARGE`. */
  readTorrentFile(path: string): Promise<Uint8Array>
  readonly port: number
  readonly host: string | undefined
  readonly downloadLimit: number
  readonly uploadLimit: number
}

interface Hashes {
  readonly infoHash?: InfoHash | undefined
  readonly infoHashV2?: Uint8Array | undefined
}

/** The identity that a magnet, a CID or a hexadecimal info-hash names; undefined where the text is none of them. */
const identityIn = (source: string): Hashes | undefined => {
  if (source.startsWith('magnet:')) {
    const magnet = parseMagnet(source)
    if (magnet === undefined) throw new TorrewindError('SOURCE_INVALID', `not a magnet URI of a torrent: ${source}`)
    return magnet
  }
  return /^[0-9a-fA-F]{40}$/.test(source) ? { infoHash: infoHash(fromHex(source)) } : readCid(source)
}

const fits = (metainfo: Metainfo, { infoHash: v1, infoHashV2: v2 }: Hashes): boolean =>
  (v1 !== undefined && equalBytes(metainfo.infoHash, v1)) ||
  (v2 !== undefined && metainfo.infoHashV2 !== undefined && equalBytes(metainfo.infoHashV2, v2))

export class TorrentEngine implements Engine {
  readonly #parts: EngineParts
  readonly #listener: Listener
  readonly #throttle: Throttle
  readonly #transfers = new Map<string, TorrentTransfer>()
  /** Transfers being added, by their hexadecimal info-hash. */
  readonly #adding = new Map<string, Promise<unknown>>()
  #closing: Promise<void> | undefined

  /** Throws `PORT_TAKEN`. The log store is the engine's from here on, and is closed where this fails. */
  static async open(parts: EngineParts): Promise<TorrentEngine> {
    let engine: TorrentEngine | undefined
    const arrivals = new Arrivals(parts.ports.clock, (hash) => engine?.find(hash))
    const answer: Answer<Listener> = await parts.ports.network.listen({
      port: parts.port,
      host: parts.host,
      accepted: (connection) => arrivals.take(connection),
    })
    if (answer.type === 'failed') {
      await parts.ports.logs.close()
      throw new TorrewindError('PORT_TAKEN', `cannot listen on port ${parts.port}: ${answer.failure.message}`)
    }
    engine = new TorrentEngine(parts, answer.value)
    return engine
  }

  private constructor(parts: EngineParts, listener: Listener) {
    this.#parts = parts
    this.#listener = listener
    this.#throttle = new Throttle(parts.ports.clock, { download: parts.downloadLimit, upload: parts.uploadLimit })
  }

  get port(): number {
    return this.#listener.port
  }

  get transfers(): readonly Transfer[] {
    return [...this.#transfers.values()]
  }

  find(hash: InfoHash): TorrentTransfer | undefined {
    return this.#transfers.get(toHex(hash))
  }

  async add(source: string | Uint8Array, options: AddOptions): Promise<Transfer> {
    this.#assertOpen()
    const torrent = await this.#torrentOf(source)
    const metainfo = parseTorrent(torrent)
    this.#assertOpen()
    const name = toHex(metainfo.infoHash)
    if (this.#transfers.has(name) || this.#adding.has(name))
      throw new TorrewindError('TRANSFER_EXISTS', `the engine has ${metainfo.name} already`)
    const opening = this.#open(name, { infoHash: metainfo.infoHash, torrent }, metainfo, options)
    this.#adding.set(name, opening)
    try {
      return await opening
    } finally {
      this.#adding.delete(name)
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeOnce()
    return this.#closing
  }

  async #closeOnce(): Promise<void> {
    await Promise.resolve() // so that `#closing` is set for whoever looks
    await Promise.allSettled(this.#adding.values())
    await Promise.all([...this.#transfers.values()].map((transfer) => transfer.close()))
    await this.#listener.close()
    this.#throttle.close()
    await this.#parts.ports.logs.close()
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new TorrewindError('ENGINE_CLOSED', 'the engine was closed')
  }

  async #open(name: string, entry: TransferEntry, metainfo: Metainfo, add: AddOptions): Promise<TorrentTransfer> {
    const { ports, version } = this.#parts
    const log = await ports.logs.open(entry)
    let transfer: TorrentTransfer
    try {
      transfer = await TorrentTransfer.open({
        ports,
        metainfo,
        log,
        throttle: this.#throttle,
        listenPort: this.port,
        version,
        add,
        closed: () => this.#transfers.delete(name),
        forget: () => ports.logs.remove(metainfo.infoHash),
      })
    } catch (error) {
      await log.close()
      throw error
    }
    this.#transfers.set(name, transfer)
    try {
      await transfer.start()
    } catch (error) {
      await transfer.close()
      throw error
    }
    return transfer
  }

  async #torrentOf(source: string | Uint8Array): Promise<Uint8Array> {
    if (typeof source !== 'string') return source.slice()
    const identity = identityIn(source)
    if (identity === undefined) return this.#parts.readTorrentFile(source)
    for (const { torrent } of await this.#parts.ports.logs.transfers())
      if (fits(parseTorrent(torrent), identity)) return torrent
    throw new TorrewindError(
      'METADATA_UNKNOWN',
      'the data folder has no torrent of this identity; add its .torrent file (metadata from peers is not there yet)',
    )
  }
}
