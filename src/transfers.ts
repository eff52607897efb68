/** The transfers of an engine: found by what names them, opened, and forgotten. */
import type { EngineFact } from './actors/vocabulary.js'
import type { AddOptions, Transfer } from './api.js'
import { TorrewindError } from './errors.js'
import { type FoundTorrent, findTorrent } from './find-torrent.js'
import { readBounds, readGoals } from './goals.js'
import type { TransferEntry } from './ports.js'
import type { Reach } from './reach.js'
import { retain } from './replay/compact.js'
import { withRoom } from './retainer.js'
import type { Slots } from './slots.js'
import { readLimits, type Throttle } from './throttle.js'
import { checkAddress, checkWebSeed, TorrentTransfer, type TransferOptions } from './transfer.js'
import { type InfoHash, toHex } from './values.js'
import { wantedPieces } from './wanted.js'
import { wireHashesOf } from './wire/identity.js'
import { subjectOf, subjectOfMagnet } from './wire/kept.js'
import { type KeyMagnet, magnetOfKeyItem, onlyKeyOf } from './wire/keymagnet.js'
import type { StoredItem } from './wire/storeditem.js'

/** What all transfers are made with. */
export interface TransferParts
  extends Pick<TransferOptions, 'ports' | 'version' | 'retention' | 'strategy' | 'makeStream'> {
  /** Reads a .torrent file, within bounds. Throws `SOURCE_UNREADABLE` or `TORRENT_TOO_LARGE`. */
  readTorrentFile(path: string): Promise<Uint8Array>
}

/** And what they share. */
export interface TransfersOptions extends TransferParts, Pick<TransferOptions, 'queue' | 'dial' | 'refuses'> {
  readonly slots: Slots
  readonly throttle: Throttle
  /** Made after them, for it tells them what it finds. */
  reach(): Reach
  /** What is known of all transfers, for those that come later. */
  facts(): readonly EngineFact[]
  /** Throws `ENGINE_CLOSED`. */
  assertOpen(): void
}

const RECORDED: readonly unknown[] = ['events', 'inputs']

/** Of a key that has none. */
const NO_SALT = new Uint8Array()

export class Transfers {
  readonly #options: TransfersOptions
  readonly #transfers = new Map<string, TorrentTransfer>()
  /** The names of hybrids by their hashes of v2 (BEP 52). */
  readonly #otherNames = new Map<string, string>()
  /** Transfers being added or forgotten, by their hexadecimal info-hash. */
  readonly #busy = new Map<string, Promise<unknown>>()

  constructor(options: TransfersOptions) {
    this.#options = options
  }

  get all(): Iterable<TorrentTransfer> {
    return this.#transfers.values()
  }

  get hashes(): readonly InfoHash[] {
    return [...this.#transfers.values()].map(({ infoHash: hash }) => hash)
  }

  find(hash: InfoHash): TorrentTransfer | undefined {
    const name = toHex(hash)
    return this.#transfers.get(this.#otherNames.get(name) ?? name)
  }

  async add(source: string | Uint8Array, options: AddOptions): Promise<Transfer> {
    this.#options.assertOpen()
    // Programs without types may leave it out, and the current folder is nobody's wish.
    if (typeof options?.path !== 'string' || options.path === '')
      throw new TorrewindError('OPTION_INVALID', 'path must be that of the folder to download into')
    if (options.record !== undefined && !RECORDED.includes(options.record))
      throw new TorrewindError(
        'OPTION_INVALID',
        `record is one of ${RECORDED.join(', ')}, not ${String(options.record)}`,
      )
    const found = await this.#find(source, options.fetchMetadata !== false)
    const { entry, metainfo, magnet } = found
    this.#options.assertOpen()
    if (options.limits !== undefined) readLimits(options.limits)
    readGoals(options.goals ?? {}, { ratioPermille: 0, seedingMs: 0 })
    readBounds(options.bounds ?? {}, { peersMax: 0, uploadSlots: 0 })
    const name = toHex(entry.infoHash)
    if (this.#transfers.has(name) || this.#busy.has(name))
      throw new TorrewindError('TRANSFER_EXISTS', `the engine has ${metainfo?.name ?? magnet?.name ?? name} already`)
    // Before anything is written: what is refused leaves no trace.
    if (metainfo !== undefined) wantedPieces(metainfo, options.select, magnet?.selectOnly)
    for (const address of options.peers ?? []) checkAddress(address)
    for (const url of options.webSeeds ?? []) checkWebSeed(url)
    return this.#while(name, this.#open(name, found, options))
  }

  async forget(source: string | Uint8Array): Promise<void> {
    this.#options.assertOpen()
    const { entry } = await this.#find(source, true)
    this.#options.assertOpen()
    const name = toHex(entry.infoHash)
    if (this.#transfers.has(name) || this.#busy.has(name))
      throw new TorrewindError(
        'TRANSFER_EXISTS',
        `the engine has ${subjectOf(entry.torrent).name} open: \`remove\` of it forgets its log`,
      )
    await this.#forget(name, entry.infoHash)
  }

  /** As the engine closes, when nothing is added any more. */
  async close(): Promise<readonly PromiseSettledResult<void>[]> {
    await Promise.allSettled(this.#busy.values())
    const endings = await Promise.allSettled([...this.#transfers.values()].map((transfer) => transfer.close()))
    await Promise.allSettled(this.#busy.values()) // those that are being removed
    return endings
  }

  /** Nobody adds the transfer meanwhile, and closing waits for it. */
  async #while<Result>(name: string, work: Promise<Result>): Promise<Result> {
    this.#busy.set(name, work)
    try {
      return await work
    } finally {
      this.#busy.delete(name)
    }
  }

  async #open(name: string, found: FoundTorrent, add: AddOptions): Promise<TorrentTransfer> {
    const { ports, retention, queue, reach, facts } = this.#options
    const { entry, metainfo, magnet, followed } = found
    if (retention !== undefined) await retain(ports.logs, entry.infoHash, withRoom(retention), ports.clock.now())
    const others = new Set<string>()
    const named = (hashes: readonly InfoHash[]): void => {
      for (const other of hashes.map(toHex)) if (other !== name) others.add(other)
      if (this.#transfers.has(name)) for (const other of others) this.#otherNames.set(other, name)
    }
    const log = await ports.logs.open(entry)
    const slots = this.#options.slots.group()
    let transfer: TorrentTransfer
    try {
      transfer = await TorrentTransfer.open({
        ...this.#options,
        infoHash: entry.infoHash,
        metainfo,
        magnet,
        log,
        throttle: this.#options.throttle.group(),
        slots,
        reach: reach(),
        add,
        named,
        closed: () => {
          this.#transfers.delete(name)
          queue.leave(transfer)
          this.#options.slots.remove(slots)
          for (const other of others) this.#otherNames.delete(other)
        },
        forget: () => this.#forget(name, entry.infoHash),
      })
    } catch (error) {
      await log.close()
      throw error
    }
    this.#transfers.set(name, transfer)
    named(magnet === undefined ? [] : wireHashesOf(subjectOfMagnet(magnet)))
    for (const fact of facts()) transfer.learn(fact)
    if (followed !== undefined) transfer.learn(followed)
    if (metainfo?.private === false) reach().meetNodes(metainfo.nodes)
    queue.join(transfer)
    try {
      await transfer.start()
    } catch (error) {
      await transfer.close()
      throw error
    }
    return transfer
  }

  /** Once the transfer is closed. What was added again meanwhile has the log now, and keeps it. */
  async #forget(name: string, hash: InfoHash): Promise<void> {
    if (this.#transfers.has(name) || this.#busy.has(name)) return
    await this.#while(name, this.#options.ports.logs.remove(hash))
  }

  async #find(source: string | Uint8Array, fetchMetadata: boolean): Promise<FoundTorrent> {
    const { readTorrentFile } = this.#options
    const key = typeof source === 'string' ? onlyKeyOf(source) : undefined
    const known = () => this.#known()
    if (typeof source !== 'string' || key === undefined)
      return findTorrent(source, { readTorrentFile, known }, fetchMetadata)
    const { value, signed } = await this.#askForKey(key)
    const magnet = magnetOfKeyItem(source, value)
    if (magnet === undefined)
      throw new TorrewindError('SOURCE_INVALID', 'what the key stands for in the DHT is no torrent')
    const { publicKey, salt = NO_SALT } = key
    const followed = { type: 'dht-key-followed', publicKey, salt, seq: signed?.seq ?? 0 } as const
    return { ...(await findTorrent(magnet, { readTorrentFile, known }, fetchMetadata)), followed }
  }

  /** What the DHT has for the key by now (BEP 46). */
  async #askForKey(key: KeyMagnet): Promise<StoredItem> {
    const answer = await this.#options.reach().askForItem(key)
    this.#options.assertOpen()
    if (answer === undefined)
      throw new TorrewindError('OPTION_INVALID', 'what a key stands for is asked of the DHT, which is switched off')
    if (answer.type === 'failed')
      throw new TorrewindError('DHT_UNREACHABLE', `the DHT cannot be reached: ${answer.failure.message}`)
    if (answer.value !== undefined) return answer.value
    throw new TorrewindError('DHT_NOT_FOUND', 'no node of the DHT knows what the key stands for')
  }

  /** The transfers that the data folder has. */
  async #known(): Promise<readonly TransferEntry[]> {
    try {
      return await this.#options.ports.logs.transfers()
    } catch (error) {
      this.#options.assertOpen() // the log was closed while it was read
      throw error
    }
  }
}
