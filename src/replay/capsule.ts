/** A capsule: the history of a transfer in one file, to be looked at on any machine. */
import type { CID } from 'multiformats/cid'
import { AssertionError } from '../assert.js'
import { TorrewindError } from '../errors.js'
import { restoreSnapshot } from '../events/snapshot.js'
import { initialState } from '../events/state.js'
import { equalBytes } from '../values.js'
import { subjectOf, type TorrentSubject } from '../wire/kept.js'
import { type ByteSource, CapsuleBlocks, sourceOf } from './capsule-blocks.js'
import { CapsuleFault } from './capsule-damage.js'
import { CapsuleLog } from './capsule-log.js'
import type { CapsuleRoot } from './capsule-root.js'
import { foldOnto } from './fold.js'

export interface Capsule {
  readonly cid: CID
  /** What it says of itself. */
  readonly root: CapsuleRoot
  /** The .torrent file; its stand-in, of the same geometry, where names and hashes were replaced. */
  readonly torrent: Uint8Array
  readonly metainfo: TorrentSubject
  /** Everything that reads logs takes it. */
  readonly reader: CapsuleLog
  /** Length of the whole file, which one that was cut off does not have. */
  readonly bytes: number
  /** Reads every byte and folds every event. Throws `CAPSULE_DAMAGED`, `CAPSULE_INVALID` or `CAPSULE_VERSION`. */
  verify(): Promise<void>
}

/** The torrent must be the one that the root speaks of, and no larger than any that is taken. */
const readTorrent = async (blocks: CapsuleBlocks): Promise<{ torrent: Uint8Array; metainfo: TorrentSubject }> => {
  const { of } = blocks.root
  const torrent = await blocks.readAll(blocks.root.torrent)
  let metainfo: TorrentSubject
  try {
    metainfo = subjectOf(torrent)
  } catch (error) {
    if (error instanceof TorrewindError)
      throw new CapsuleFault('CAPSULE_INVALID', `its torrent is none: ${error.message} (${error.code})`)
    throw error
  }
  const { infoHash, name, pieceLength, totalBytes } = metainfo
  const same = name === of.name && pieceLength === of.pieceLength && totalBytes === of.totalBytes
  if (!same || !equalBytes(infoHash, of.infoHash))
    throw new CapsuleFault('CAPSULE_INVALID', 'its torrent is another one')
  return { torrent, metainfo }
}

/** What folding events throws that cannot follow each other: of a stranger's that is no fault of ours. */
export const mayBeNonsense = (error: unknown): error is Error =>
  error instanceof AssertionError || error instanceof RangeError || error instanceof TypeError

export const nonsense = (error: unknown): unknown =>
  mayBeNonsense(error)
    ? new CapsuleFault('CAPSULE_INVALID', `its events cannot follow each other: ${error.message}`)
    : error

const foldAll = async (reader: CapsuleLog): Promise<void> => {
  const checkpoint = reader.firstSeq === 0 ? undefined : await reader.loadCheckpoint(reader.firstSeq)
  const state = (checkpoint && restoreSnapshot(checkpoint.snapshot)) ?? initialState()
  try {
    await foldOnto(state, reader, reader.committedSeq)
  } catch (error) {
    throw nonsense(error)
  }
}

/**
 * Opens a capsule from its bytes, or from where they can be read. What can be read of one that was cut off is there; the
 * rest throws `CAPSULE_DAMAGED` when it is read. Throws `CAPSULE_INVALID`, `CAPSULE_DAMAGED` or `CAPSULE_VERSION`.
 */
export const openCapsule = async (source: Uint8Array | ByteSource): Promise<Capsule> => {
  const blocks = await CapsuleBlocks.open(source instanceof Uint8Array ? sourceOf(source) : source)
  const { torrent, metainfo } = await readTorrent(blocks)
  const reader = new CapsuleLog(blocks)
  return {
    cid: blocks.cid,
    root: blocks.root,
    torrent,
    metainfo,
    reader,
    bytes: blocks.bytes,
    async verify() {
      await foldAll(reader)
      await reader.verifyInputs()
      await reader.verifyKeyframes()
    },
  }
}
