/** A world for random conversations: a disk, a hasher, a network and trackers that answer when chance lets them. */
import type { Effect, EngineFact, Input } from '../../src/actors/vocabulary.js'
import { present } from '../../src/assert.js'
import { rangeName } from '../../src/events/folds-pieces.js'
import { blocksOfPiece, type Geometry, lengthOfPiece } from '../../src/events/geometry.js'
import type { Range } from '../../src/events/vocabulary.js'
import type { FileFinding } from '../../src/outside.js'
import { BLOCK_BYTES, type PeerKey, type PieceIndex } from '../../src/values.js'
import type { Chance } from './chance.js'
import { toPeer, toPiece, toTransfer } from './given.js'
import { Guest } from './guest.js'

const COUNTS = { complete: 1, incomplete: 2, downloaded: 3 }

/** Bytes of a file on the disk, as far as anybody asks. */
interface FileOnDisk {
  readonly start: number
  readonly length: number
  stamp: { bytes: number; modifiedAt: number } | undefined
}

export class World {
  /** Blocks kept of each piece in flight: what the first byte of each says, 0 where it is right. */
  readonly kept = new Map<PieceIndex, number[]>()
  readonly hashing: { readonly piece: PieceIndex; readonly fingerprints: boolean }[] = []
  readonly writing: PieceIndex[] = []
  readonly checking: PieceIndex[] = []
  readonly placing: number[] = []
  readonly dialing = new Map<PeerKey, string>()
  readonly guests = new Map<PeerKey, Guest>()
  readonly announcing: string[] = []
  readonly scraping: string[] = []
  syncing: readonly PieceIndex[] | undefined
  wakeAt: number | undefined
  /** Pieces that are right on disk. */
  readonly good = new Set<PieceIndex>()
  /** Of those, what a loss of power takes away. */
  readonly volatile = new Set<PieceIndex>()
  readonly files: readonly FileOnDisk[]
  /** Nothing fails any more, and nobody is there who is dialed. */
  calm = false
  /** Hosts that never sent a wrong byte nor broke a rule. */
  readonly honestHosts = new Set<string>()
  /** Hosts that the user does not want to talk to, honest or not. */
  readonly unwelcome = new Set<string>()

  constructor(
    readonly geometry: Geometry,
    readonly chance: Chance,
  ) {
    const cuts = [0, Math.floor(geometry.totalBytes / 5), Math.floor(geometry.totalBytes / 2), geometry.totalBytes]
    this.files = cuts.slice(1).map((end, file) => {
      const start = cuts[file] ?? 0
      return { start, length: end - start, stamp: undefined }
    })
  }

  /** The process is gone, and with it all that it had under way. */
  forgetProcess(): void {
    for (const piece of this.writing) if (this.chance.percent(50)) this.good.delete(piece)
    for (const held of [this.hashing, this.writing, this.checking, this.placing, this.announcing, this.scraping])
      held.length = 0
    for (const held of [this.kept, this.dialing, this.guests]) held.clear()
    this.syncing = undefined
    this.wakeAt = undefined
  }

  losePower(): void {
    for (const piece of this.volatile) if (this.chance.percent(50)) this.good.delete(piece)
    this.volatile.clear()
  }

  /** Somebody else writes to a file, or removes it. */
  meddle(now: number): void {
    const file = this.chance.of(this.files)
    if (file?.stamp === undefined) return
    file.stamp = this.chance.percent(50) ? undefined : { bytes: file.stamp.bytes, modifiedAt: now }
    for (let piece = 0; piece < this.geometry.pieceCount; piece++)
      if (this.filesOf(piece as PieceIndex).includes(file)) this.good.delete(piece as PieceIndex)
  }

  filesOf(piece: PieceIndex): FileOnDisk[] {
    const start = piece * this.geometry.pieceLength
    const end = start + lengthOfPiece(this.geometry, piece)
    return this.files.filter((file) => file.start < end && file.start + file.length > start)
  }

  findings(): FileFinding[] {
    return this.files.map(({ start, length, stamp }, file) => ({
      file,
      length,
      firstPiece: Math.floor(start / this.geometry.pieceLength),
      lastPiece: Math.floor((start + length - 1) / this.geometry.pieceLength),
      stamp: stamp === undefined ? undefined : { ...stamp },
    }))
  }

  stamps(): { file: number; bytes: number; modifiedAt: number }[] {
    return this.files.flatMap(({ stamp }, file) => (stamp === undefined ? [] : [{ file, ...stamp }]))
  }

  /** Takes an effect up, as the driver would. */
  take(effect: Effect): Input | undefined {
    switch (effect.type) {
      case 'keep': {
        const blocks =
          this.kept.get(effect.piece) ?? new Array<number>(blocksOfPiece(this.geometry, effect.piece)).fill(-1)
        for (const { offset, block } of effect.blocks) blocks[offset / BLOCK_BYTES] = block[0] ?? 0
        this.kept.set(effect.piece, blocks)
        break
      }
      case 'hash':
        this.hashing.push(effect)
        break
      case 'write':
        this.writing.push(effect.piece)
        break
      case 'drop':
        this.kept.delete(effect.piece)
        break
      case 'check':
        this.checking.splice(0, this.checking.length, ...effect.pieces)
        break
      case 'stop-checking':
        this.checking.length = 0
        break
      case 'place':
        this.placing.push(...effect.files)
        break
      case 'sync':
        this.syncing = effect.pieces
        break
      case 'dial':
        this.dialing.set(effect.peer, effect.address.host)
        break
      case 'hang-up':
        this.dialing.delete(effect.peer)
        this.guests.delete(effect.peer)
        break
      case 'announce':
        if (effect.request.event !== 'stopped') this.announcing.push(effect.tracker)
        break
      case 'scrape':
        this.scraping.push(effect.tracker)
        break
      case 'wake':
        this.wakeAt = Math.min(this.wakeAt ?? Number.POSITIVE_INFINITY, effect.at)
        break
      case 'request':
      case 'send':
      case 'serve':
        this.guests.get(effect.peer)?.take(effect)
        break
      case 'withdraw':
        return this.#withdraw(effect.peer, effect.range)
      case 'greet':
      case 'extend':
        break
    }
    return undefined
  }

  #withdraw(peer: PeerKey, range: Range): Input | undefined {
    const serving = this.guests.get(peer)?.serving
    const at = serving?.findIndex((waiting) => rangeName(waiting) === rangeName(range)) ?? -1
    if (serving === undefined || at < 0) return undefined
    serving.splice(at, 1)
    return toPeer(peer, { type: 'block-withdrawn', range })
  }

  /** Of everything that was asked, what can be answered now. */
  answers(now: number): Input[] {
    const answers = [
      this.hashed(),
      this.written(now),
      this.checked(),
      this.synced(),
      this.dialed(),
      this.announced(),
      this.placed(),
    ]
    return answers.filter((answer) => answer !== undefined)
  }

  hashed(): Input | undefined {
    const next = this.hashing.splice(this.chance.below(this.hashing.length), 1)[0]
    const blocks = next === undefined ? undefined : this.kept.get(next.piece)
    if (next === undefined || blocks === undefined) return undefined
    const good = blocks.every((mark) => mark === 0)
    const fingerprints = good && !next.fingerprints ? [] : blocks.map((mark) => mark + 1)
    return toPiece(next.piece, { type: 'piece-hashed', good, fingerprints })
  }

  written(now: number): Input | undefined {
    const piece = this.writing.splice(this.chance.below(this.writing.length), 1)[0]
    if (piece === undefined) return undefined
    if (!this.calm && this.chance.percent(4)) {
      this.good.delete(piece)
      return toPiece(piece, { type: 'write-failed', failure: { code: 'ENOSPC', message: 'full' } })
    }
    this.good.add(piece)
    this.volatile.add(piece)
    const end = piece * this.geometry.pieceLength + lengthOfPiece(this.geometry, piece)
    for (const file of this.filesOf(piece)) {
      const bytes = Math.max(file.stamp?.bytes ?? 0, Math.min(file.length, end - file.start))
      file.stamp = { bytes, modifiedAt: now }
    }
    return toPiece(piece, { type: 'piece-written' })
  }

  checked(): Input | undefined {
    const piece = this.checking.shift()
    return piece === undefined ? undefined : toTransfer({ type: 'piece-checked', piece, good: this.good.has(piece) })
  }

  placed(): Input | undefined {
    const file = this.placing.shift()
    return file === undefined ? undefined : toTransfer({ type: 'file-placed', file })
  }

  synced(): Input | undefined {
    if (this.syncing === undefined) return undefined
    for (const piece of this.syncing) this.volatile.delete(piece)
    this.syncing = undefined
    return toTransfer({ type: 'sync-finished' })
  }

  /** The dialed peer answers, or nobody does. */
  dialed(): Input | undefined {
    const [peer, host] = this.chance.of([...this.dialing]) ?? []
    if (peer === undefined || host === undefined) return undefined
    this.dialing.delete(peer)
    if (this.calm || this.chance.percent(20))
      return toPeer(peer, { type: 'dial-failed', failure: { code: 'ECONNREFUSED', message: 'nobody is there' } })
    this.guests.set(peer, new Guest(this, peer, host))
    return toPeer(peer, { type: 'connected' })
  }

  announced(): Input | undefined {
    const tracker = this.announcing.shift()
    if (tracker === undefined) return undefined
    if (this.chance.percent(40))
      return { to: 'trackers', input: { type: 'announce-failed', tracker, failure: { code: 'DOWN', message: '' } } }
    const peers = Array.from({ length: this.chance.below(4) }, () => ({ host: this.anyHost(), port: 6_881 }))
    const externalHost = this.chance.percent(20) ? '10.200.0.1' : undefined
    const answer = { intervalSeconds: this.chance.below(100), peers, externalHost }
    return { to: 'trackers', input: { type: 'announce-answered', tracker, answer, port: 6_881 } }
  }

  scraped(): Input | undefined {
    const tracker = this.scraping.shift()
    if (tracker === undefined) return undefined
    if (this.chance.percent(40))
      return { to: 'trackers', input: { type: 'scrape-failed', tracker, failure: { code: 'DOWN', message: '' } } }
    return { to: 'trackers', input: { type: 'scrape-answered', tracker, answer: COUNTS } }
  }

  /** What the engine finds out. */
  fact(): Input {
    if (this.chance.percent(10))
      return toTransfer({ type: 'retention-failed', failure: { code: 'LOG_DAMAGED', message: 'event 3 is damaged' } })
    const protocol = this.chance.percent(50) ? 'upnp' : 'nat-pmp'
    const fact = this.chance.of<EngineFact>([
      { type: 'port-mapped', protocol, port: 6_881, externalPort: 7_000, externalHost: undefined, lifetimeMs: 1_000 },
      { type: 'port-mapping-failed', protocol, reason: 'nobody is there' },
      { type: 'port-unmapped', protocol, externalPort: 7_000, reason: 'expired' },
      { type: 'lsd-joined', groups: ['239.192.152.143:6771'] },
      { type: 'lsd-failed', reason: 'there is no network' },
    ])
    return toTransfer({ type: 'fact-found', fact: present(fact, 'one of five') })
  }

  anyHost(): string {
    return `10.0.0.${this.chance.below(40)}`
  }
}
