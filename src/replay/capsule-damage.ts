/** What is wrong with a capsule: a code, where, and what of it can be read all the same. */
import { TorrewindError } from '../errors.js'

export type CapsuleCode = 'CAPSULE_INVALID' | 'CAPSULE_DAMAGED' | 'CAPSULE_VERSION'

/** Events that can be read before something that cannot. */
export interface Readable {
  readonly firstSeq: number
  /** The first event that cannot be read. */
  readonly seq: number
  /** Where reading could start again. */
  readonly nextSeq: number
}

const beforeIt = ({ firstSeq, seq }: Readable): string => {
  if (seq <= firstSeq) return 'no event before it can be read'
  const range = seq - firstSeq === 1 ? `event ${firstSeq}` : `events ${firstSeq} to ${seq - 1}`
  return `${range} before it can be read: \`--at ${seq - 1}\``
}

export class CapsuleFault extends TorrewindError {
  constructor(
    override readonly code: CapsuleCode,
    readonly reason: string,
    readonly readable?: Readable,
  ) {
    super(
      code,
      readable === undefined
        ? `the capsule cannot be read: ${reason}`
        : `event ${readable.seq} of the capsule cannot be read: ${reason}; ${beforeIt(readable)}`,
    )
  }
}
