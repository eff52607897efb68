/** The root of a capsule: what it is of, and links to all of its blocks in the order in which they stand in the file. */
import { CID } from 'multiformats/cid'
import { LIMITS } from '../limits.js'
import { type InfoHash, infoHash } from '../values.js'
import { CapsuleFault } from './capsule-damage.js'
import { type Codec, isCidOf } from './car.js'
import { decodeIpld, encodeIpld, type Ipld } from './dag-cbor.js'

export const CAPSULE_TYPE = 'torrewind-capsule'
export const CAPSULE_VERSION = 1

export interface BlockLink {
  readonly cid: CID
  readonly bytes: number
}

/** A block of records, and how many events they have. */
export interface RecordsLink extends BlockLink {
  readonly events: number
}

/** A block of records of inputs, and how many inputs they have. */
export interface InputsLink extends BlockLink {
  readonly inputs: number
}

/** A snapshot of the state before an event, cut into blocks. */
export interface KeyframeLinks {
  readonly seq: number
  readonly chunks: readonly BlockLink[]
}

/** What names a torrent and says how it is cut. */
export interface CapsuleSubject {
  readonly infoHash: InfoHash
  readonly name: string
  readonly pieceLength: number
  readonly totalBytes: number
  readonly private: boolean
}

export interface CapsuleRoot {
  /** Version of Torrewind that wrote it. */
  readonly torrewind: string
  readonly redacted: boolean
  /** Events from `firstSeq` up to, but without, `endSeq`, and the times of the first and the last of them. */
  readonly firstSeq: number
  readonly endSeq: number
  readonly firstAt: number
  readonly lastAt: number
  readonly of: CapsuleSubject
  /** The .torrent file, or its stand-in. */
  readonly torrent: readonly BlockLink[]
  /** The state before the first event, where that is not the first of all. */
  readonly base: KeyframeLinks | undefined
  readonly records: readonly RecordsLink[]
  /** Those that were recorded of the turns of these events. */
  readonly inputs: readonly InputsLink[]
  readonly keyframes: readonly KeyframeLinks[]
  /** What whoever made it had to say, as settings and seed of a simulation. */
  readonly about: Readonly<Record<string, Ipld>>
}

const packLink = ({ cid, bytes }: BlockLink): Ipld => [cid, bytes]
const packKeyframe = ({ seq, chunks }: KeyframeLinks): Ipld => ({ seq, chunks: chunks.map(packLink) })

export const encodeRoot = (root: CapsuleRoot): Uint8Array =>
  encodeIpld({
    ...root,
    type: CAPSULE_TYPE,
    version: CAPSULE_VERSION,
    of: { ...root.of },
    torrent: root.torrent.map(packLink),
    base: root.base && packKeyframe(root.base),
    records: root.records.map(({ cid, bytes, events }) => [cid, bytes, events]),
    inputs: root.inputs.length === 0 ? undefined : root.inputs.map(({ cid, bytes, inputs }) => [cid, bytes, inputs]),
    keyframes: root.keyframes.map(packKeyframe),
  })

const wrong = (what: string): CapsuleFault => new CapsuleFault('CAPSULE_INVALID', `in its root ${what}`)

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (value: unknown, what: string): Fields => {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value))
    throw wrong(`${what} is no map`)
  return value as Fields // just found to be one
}
const listOf = (value: unknown, what: string): readonly unknown[] => {
  if (!Array.isArray(value)) throw wrong(`${what} is no list`)
  return value
}
const wholeOf = (value: unknown, what: string, max: number = Number.MAX_SAFE_INTEGER): number => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max)
    throw wrong(`${what} is no whole number from 0 to ${max}`)
  return value
}
const textOf = (value: unknown, what: string): string => {
  if (typeof value !== 'string') throw wrong(`${what} is no text`)
  return value
}
const flagOf = (value: unknown, what: string): boolean => {
  if (typeof value !== 'boolean') throw wrong(`${what} is neither true nor false`)
  return value
}

/** What a `Date` can hold. */
export const INSTANT_MAX = 8_640_000_000_000_000

/** A version is shown to people, on terminals that obey what they are shown. */
const versionOf = (value: unknown): string => {
  if (typeof value !== 'string' || !/^[\w.+-]{1,64}$/.test(value)) throw wrong('the version of Torrewind is none')
  return value
}

const readLink = (value: unknown, codec: Codec, what: string): BlockLink => {
  const [link, bytes] = listOf(value, what)
  const cid = CID.asCID(link)
  if (cid === null || !isCidOf(codec, cid)) throw wrong(`${what} has no CID of ${codec} and SHA2-256`)
  return { cid, bytes: wholeOf(bytes, `the length of ${what}`, LIMITS.capsuleBlockBytesMax) }
}

/** Blocks that are put together again: one may be there many times, so what counts is their sum. */
const readChunks = (value: unknown, bytesMax: number, what: string): readonly BlockLink[] => {
  const chunks = listOf(value, what).map((each) => readLink(each, 'raw', what))
  if (chunks.reduce((sum, { bytes }) => sum + bytes, 0) > bytesMax)
    throw wrong(`${what} is longer than ${bytesMax} bytes`)
  return chunks
}

const readKeyframe = (value: unknown): KeyframeLinks => {
  const { seq, chunks } = fieldsOf(value, 'a keyframe')
  return {
    seq: wholeOf(seq, 'the number of a keyframe'),
    chunks: readChunks(chunks, LIMITS.capsuleSnapshotBytesMax, 'a keyframe'),
  }
}

const readRecords = (value: unknown): RecordsLink => {
  const { cid, bytes } = readLink(value, 'dag-cbor', 'a block of records')
  const events = wholeOf(listOf(value, 'a block')[2], 'the number of events of a block')
  if (events === 0) throw wrong('a block of records has no event')
  return { cid, bytes, events }
}

const readInputs = (value: unknown): InputsLink => {
  const { cid, bytes } = readLink(value, 'dag-cbor', 'a block of inputs')
  return { cid, bytes, inputs: wholeOf(listOf(value, 'a block')[2], 'the number of inputs of a block') }
}

const readSubject = (value: unknown): CapsuleSubject => {
  const { infoHash: hash, name, pieceLength, totalBytes, private: isPrivate } = fieldsOf(value, '`of`')
  if (!(hash instanceof Uint8Array) || hash.length !== 20) throw wrong('the info-hash has not 20 bytes')
  return {
    infoHash: infoHash(hash.slice()),
    name: textOf(name, 'the name'),
    pieceLength: wholeOf(pieceLength, 'the length of pieces'),
    totalBytes: wholeOf(totalBytes, 'the length of the torrent'),
    private: flagOf(isPrivate, '`private`'),
  }
}

/** Numbers that must fit each other. */
const checkRange = ({ firstSeq, endSeq, base, records, inputs, keyframes }: CapsuleRoot): void => {
  const events = records.reduce((sum, link) => sum + link.events, 0)
  if (endSeq - firstSeq !== events) throw wrong(`${events} events are numbered ${firstSeq} to ${endSeq - 1}`)
  if (records.length + inputs.length > LIMITS.capsuleBlocksMax)
    throw wrong(`there are more than ${LIMITS.capsuleBlocksMax} blocks`)
  if ((base === undefined) !== (firstSeq === 0)) throw wrong('the state before the first event is missing, or is none')
  if (base !== undefined && base.seq !== firstSeq) throw wrong('the state before the first event is another one')
  let last = firstSeq
  for (const { seq } of keyframes) {
    if (seq <= last || seq > endSeq) throw wrong('keyframes are out of order, or not of its events')
    last = seq
  }
}

/** Throws `CAPSULE_INVALID` or `CAPSULE_VERSION`. */
export const decodeRoot = (bytes: Uint8Array): CapsuleRoot => {
  let value: Ipld
  try {
    value = decodeIpld(bytes, { valuesMax: LIMITS.capsuleValuesMax, depthMax: LIMITS.capsuleDepthMax })
  } catch (error) {
    throw wrong(`the bytes are no DAG-CBOR: ${error instanceof Error ? error.message : String(error)}`)
  }
  const fields = fieldsOf(value, 'the whole')
  if (fields.type !== CAPSULE_TYPE) throw new CapsuleFault('CAPSULE_INVALID', 'it is a CAR file of something else')
  const version = wholeOf(fields.version, 'the version')
  if (version > CAPSULE_VERSION) {
    const made = `it was written by Torrewind ${versionOf(fields.torrewind)} in version ${version}`
    const reason = `${made}, and this one reads ${CAPSULE_VERSION}`
    throw new CapsuleFault('CAPSULE_VERSION', reason)
  }
  const root: CapsuleRoot = {
    torrewind: versionOf(fields.torrewind),
    redacted: flagOf(fields.redacted, '`redacted`'),
    firstSeq: wholeOf(fields.firstSeq, 'the first number'),
    endSeq: wholeOf(fields.endSeq, 'the end'),
    firstAt: wholeOf(fields.firstAt, 'the first time', INSTANT_MAX),
    lastAt: wholeOf(fields.lastAt, 'the last time', INSTANT_MAX),
    of: readSubject(fields.of),
    torrent: readChunks(fields.torrent, LIMITS.torrentBytesMax, 'the torrent'),
    base: fields.base === undefined ? undefined : readKeyframe(fields.base),
    records: listOf(fields.records, 'the records').map(readRecords),
    inputs: fields.inputs === undefined ? [] : listOf(fields.inputs, 'the inputs').map(readInputs),
    keyframes: listOf(fields.keyframes, 'the keyframes').map(readKeyframe),
    about: fieldsOf(fields.about, '`about`') as CapsuleRoot['about'], // whatever was written there
  }
  checkRange(root)
  return root
}
