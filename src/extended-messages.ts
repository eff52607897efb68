/** Extended messages of one connection (BEP 10): by which ids the peer takes them, and what those that it sends say. */
import type { PeerInput } from './actors/vocabulary.js'
import {
  EXTENSION_HANDSHAKE_ID,
  mergeExtensions,
  OUR_MESSAGES,
  readDontHave,
  readExtensionHandshake,
} from './wire/extension.js'
import type { Fault } from './wire/fault.js'
import { readHolepunch } from './wire/holepunch.js'
import { readPex } from './wire/pex.js'
import { type MetadataMessage, readMetadataMessage } from './wire/utmetadata.js'

const metadataInput = (message: MetadataMessage, totalBytes: number): PeerInput => {
  const metadataPiece = message.piece
  if (message.type === 'metadata-request') return { type: 'metadata-asked', metadataPiece, totalBytes }
  return message.type === 'metadata-reject'
    ? { type: 'metadata-reject-arrived', metadataPiece }
    : { type: 'metadata-arrived', metadataPiece, totalBytes: message.totalBytes, bytes: message.bytes }
}

/** Peers of one client say the same, so that one map serves them all. */
let saidLast: ReadonlyMap<string, number> = new Map()

const shared = (ids: ReadonlyMap<string, number>): ReadonlyMap<string, number> => {
  const isSame = ids.size === saidLast.size && [...ids].every(([name, id]) => saidLast.get(name) === id)
  if (!isSame) saidLast = ids
  return saidLast
}

export class ExtendedMessages {
  #theirIds: ReadonlyMap<string, number> | undefined

  /** Undefined where the peer does not take such messages. */
  idOf(name: string): number | undefined {
    return this.#theirIds?.get(name)
  }

  /** Undefined for what we did not offer to take. `metadataBytes` is how long the metadata are that others may have of us. */
  read(id: number, payload: Uint8Array, metadataBytes: () => number): PeerInput | Fault | undefined {
    switch (id) {
      case EXTENSION_HANDSHAKE_ID: {
        const extensions = readExtensionHandshake(payload)
        if (extensions.type === 'fault') return extensions
        const known = this.#theirIds
        this.#theirIds = shared(known === undefined ? extensions.messages : mergeExtensions(known, extensions.messages))
        return { type: 'extensions-arrived', extensions }
      }
      case OUR_MESSAGES.lt_donthave: {
        const piece = readDontHave(payload)
        return typeof piece === 'number' ? { type: 'dont-have-arrived', piece } : piece
      }
      case OUR_MESSAGES.ut_pex: {
        const message = readPex(payload)
        return 'added' in message ? { type: 'pex-arrived', message } : message
      }
      case OUR_MESSAGES.ut_holepunch: {
        const message = readHolepunch(payload)
        return message === undefined || 'type' in message ? message : { type: 'punch-arrived', message }
      }
      case OUR_MESSAGES.ut_metadata: {
        const message = readMetadataMessage(payload)
        return message === undefined || message.type === 'fault' ? message : metadataInput(message, metadataBytes())
      }
      default:
        return undefined
    }
  }
}
