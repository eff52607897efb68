/**
 * Writing a capsule: the history of a transfer in one file.
 *
 * The root stands before what it links to, so that a file that was cut off still says what it was of. Its links are not
 * known before everything was read, so the log is read twice: once for the links, and once for the bytes. Nothing is
 * kept meanwhile but the links.
 */
import type { CID } from 'multiformats/cid'
import { AssertionError, assert } from '../assert.js'
import { TorrewindError } from '../errors.js'
import { restoreSnapshot, takeSnapshot } from '../events/snapshot.js'
import type { TransferState } from '../events/state.js'
import { LIMITS } from '../limits.js'
import type { LogReader } from '../ports.js'
import type { Instant } from '../values.js'
import { VERSION } from '../version.js'
import { subjectOf } from '../wire/kept.js'
import { layoutOf } from './capsule-layout.js'
import {
  type BlockLink,
  type CapsuleRoot,
  encodeRoot,
  type InputsLink,
  type KeyframeLinks,
  type RecordsLink,
} from './capsule-root.js'
import { type Block, blockOf, carHeader, cidOf, sectionHead } from './car.js'
import type { Ipld } from './dag-cbor.js'
import { foldLog } from './fold.js'
import { packInputs } from './pack-inputs.js'
import { packRecords } from './pack-records.js'
import { Redactor } from './redactor.js'

export interface CapsuleSource {
  /** The .torrent file. */
  readonly torrent: Uint8Array
  /** It must not change meanwhile below `to`. */
  readonly log: LogReader
  /** The first event, by default the first of the log. */
  readonly from?: number | undefined
  /** The number after that of the last event, by default the end of the log. */
  readonly to?: number | undefined
  /** Replaces names, addresses, hashes and texts by stand-ins. */
  readonly redact?: boolean | undefined
  /** What else there is to say, as settings and seed of a simulation; left out where it is redacted. */
  readonly about?: Readonly<Record<string, Ipld>> | undefined
}

/** A capsule that is about to be written. */
export interface CapsuleDraft {
  readonly root: CapsuleRoot
  readonly cid: CID
  readonly events: number
  /** Length of the file. */
  readonly bytes: number
  /** The file, in order. To be read once. */
  chunks(): AsyncGenerator<Uint8Array, void, undefined>
}

/** Keyframes are no closer to each other: folding so many events takes a fraction of a second. */
const KEYFRAME_EVENTS = 50_000

const linkOf = ({ cid, bytes }: Block): BlockLink => ({ cid, bytes: bytes.length })

function* cut(bytes: Uint8Array): Generator<Block> {
  for (let at = 0; at < bytes.length; at += LIMITS.capsuleChunkBytes)
    yield blockOf('raw', bytes.slice(at, at + LIMITS.capsuleChunkBytes))
}

async function* none(): AsyncGenerator<never, void, undefined> {}

/** What is written, the same each time that it is asked for. */
class Contents {
  readonly torrent: Uint8Array
  readonly #log: LogReader
  readonly #redactor: Redactor | undefined

  constructor(
    { torrent, log, redact }: CapsuleSource,
    readonly from: number,
    readonly to: number,
  ) {
    this.#log = log
    this.#redactor = redact === true ? new Redactor(torrent) : undefined
    this.torrent = this.#redactor?.torrent ?? torrent
  }

  records(): ReturnType<typeof packRecords> {
    return packRecords(this.#log.read(this.from, this.to), (event) => this.#redactor?.event(event) ?? event)
  }

  /** Those that were recorded; none of a redacted one, as they say what redaction takes away. */
  inputs(): ReturnType<typeof packInputs> {
    const recorded = this.#redactor === undefined ? this.#log.readInputs?.(this.from, this.to) : undefined
    return packInputs(recorded ?? none())
  }

  /** The state before an event, as a snapshot. */
  async snapshotAt(seq: number): Promise<Uint8Array> {
    const checkpoint = await this.#log.loadCheckpoint(seq)
    if (checkpoint?.seq === seq) {
      const redacted = this.#redactor === undefined ? checkpoint.snapshot : this.#redacted(checkpoint.snapshot)
      if (redacted !== undefined) return redacted
    }
    const { state } = await foldLog(this.#log, { before: seq })
    return takeSnapshot(this.#redactor?.state(state) ?? state)
  }

  #redacted(snapshot: Uint8Array): Uint8Array | undefined {
    const state: TransferState | undefined = restoreSnapshot(snapshot)
    return state && this.#redactor && takeSnapshot(this.#redactor.state(state))
  }

  /** Where snapshots are kept beside the events: at the end, and at checkpoints of the log before it. */
  async keyframes(): Promise<readonly number[]> {
    const seqs = [this.to]
    let atMost = this.to - KEYFRAME_EVENTS
    while (atMost > this.from) {
      const checkpoint = await this.#log.loadCheckpoint(atMost)
      if (checkpoint === undefined || checkpoint.seq <= this.from) break
      if (restoreSnapshot(checkpoint.snapshot) !== undefined) seqs.unshift(checkpoint.seq)
      atMost = checkpoint.seq - KEYFRAME_EVENTS
    }
    return seqs
  }

  /** Times of the first and the last event. */
  async times(): Promise<{ firstAt: Instant; lastAt: Instant }> {
    const at = async (seq: number): Promise<Instant> => {
      for await (const [event] of this.#log.read(seq, seq + 1)) if (event !== undefined) return event.at
      throw new TorrewindError('LOG_DAMAGED', `event ${seq} is missing`)
    }
    return { firstAt: await at(this.from), lastAt: await at(this.to - 1) }
  }

  subject(): CapsuleRoot['of'] {
    const { infoHash, name, pieceLength, totalBytes, private: isPrivate } = subjectOf(this.torrent)
    return { infoHash, name, pieceLength, totalBytes, private: isPrivate }
  }
}

/** Undefined where a snapshot is too long, or a history that shows a fault of ours does not fold: it only saves time. */
const keyframeOf = async (contents: Contents, seq: number): Promise<KeyframeLinks | undefined> => {
  const snapshot = await contents.snapshotAt(seq).catch((error: unknown) => {
    if (error instanceof AssertionError) return undefined
    throw error
  })
  if (snapshot === undefined || snapshot.length > LIMITS.capsuleSnapshotBytesMax) return undefined
  return { seq, chunks: [...cut(snapshot)].map(linkOf) }
}

const tooLong = (): TorrewindError =>
  new TorrewindError('OPTION_INVALID', 'that many events are too many for one capsule; --from and --to take a part')

const linksOfRecords = async (contents: Contents): Promise<readonly RecordsLink[]> => {
  const links: RecordsLink[] = []
  for await (const { block, events } of contents.records()) {
    if (links.length === LIMITS.capsuleBlocksMax) throw tooLong()
    links.push({ ...linkOf(block), events })
  }
  return links
}

const linksOfInputs = async (contents: Contents): Promise<readonly InputsLink[]> => {
  const links: InputsLink[] = []
  for await (const { block, inputs } of contents.inputs()) links.push({ ...linkOf(block), inputs })
  return links
}

const rootOf = async (contents: Contents, { redact = false, about = {} }: CapsuleSource): Promise<CapsuleRoot> => {
  const { from, to } = contents
  const base = from === 0 ? undefined : await keyframeOf(contents, from)
  if (from > 0 && base === undefined)
    throw new TorrewindError('OPTION_INVALID', `there is no state before event ${from} to begin with`)
  const records = await linksOfRecords(contents)
  const keyframes: KeyframeLinks[] = []
  for (const seq of await contents.keyframes()) {
    const keyframe = await keyframeOf(contents, seq)
    if (keyframe !== undefined) keyframes.push(keyframe)
  }
  return {
    torrewind: VERSION,
    redacted: redact,
    firstSeq: from,
    endSeq: to,
    ...(await contents.times()),
    of: contents.subject(),
    torrent: [...cut(contents.torrent)].map(linkOf),
    base,
    records,
    inputs: await linksOfInputs(contents),
    keyframes,
    about: redact ? {} : about,
  }
}

/** Every block in the order of the root's links, those that are there twice left in. */
async function* blocksOf(contents: Contents, { base, keyframes }: CapsuleRoot): AsyncGenerator<Block> {
  yield* cut(contents.torrent)
  if (base !== undefined) yield* cut(await contents.snapshotAt(base.seq))
  for await (const { block } of contents.records()) yield block
  for await (const { block } of contents.inputs()) yield block
  for (const { seq } of keyframes) yield* cut(await contents.snapshotAt(seq))
}

/** Throws `OPTION_INVALID` where there is no such event, and as reading the log does. */
export const draftCapsule = async (source: CapsuleSource): Promise<CapsuleDraft> => {
  const { firstSeq = 0, committedSeq } = source.log
  const { from = firstSeq, to = committedSeq } = source
  if (from < firstSeq || to > committedSeq || from >= to) {
    const reason = committedSeq === 0 ? 'it is empty' : `it has events ${firstSeq} to ${committedSeq - 1}`
    throw new TorrewindError('OPTION_INVALID', `there is nothing to export from ${from} on in the log: ${reason}`)
  }
  const contents = new Contents(source, from, to)
  const root = await rootOf(contents, source)
  const rootBytes = encodeRoot(root)
  if (rootBytes.length > LIMITS.capsuleBlockBytesMax) throw tooLong()
  const cid = cidOf('dag-cbor', rootBytes)
  const { offsets, bytes } = layoutOf(root, rootBytes.length)
  return {
    root,
    cid,
    events: to - from,
    bytes,
    async *chunks() {
      yield carHeader(cid)
      yield sectionHead(cid, rootBytes.length)
      yield rootBytes
      const written = new Set<string>()
      for await (const block of blocksOf(contents, root)) {
        const name = block.cid.toString()
        if (written.has(name)) continue
        assert(offsets.has(name), 'what is read twice is the same each time')
        written.add(name)
        yield sectionHead(block.cid, block.bytes.length)
        yield block.bytes
      }
      assert(written.size === offsets.size, 'all that the root links to is written')
    },
  }
}
