/** A fault: what a stranger's bytes did wrong, as a value with a stable code. */

export type FaultCode =
  /** A length prefix above the bound of its message: refused before anything is allocated. */
  | 'length-too-long'
  /** A length prefix that does not fit its message's id. */
  | 'length-wrong'
  /** The first bytes are not those of BEP 3's handshake: garbage, encryption or another protocol. */
  | 'protocol-wrong'
  /** A bitfield that has not exactly one bit a piece, rounded up to whole bytes (BEP 3). */
  | 'bitfield-size-wrong'
  /** A bitfield with a bit set after that of the last piece (BEP 3). */
  | 'bitfield-spare-bits'
  /** Hashes, or a refusal of some, that were not asked for (BEP 52). */
  | 'hashes-unasked'
  /** An extension handshake (BEP 10) that is no bencoded dictionary. */
  | 'extension-handshake-invalid'
  /** An encrypted handshake (MSE) that is none, or that agrees on nothing. */
  | 'encryption-wrong'
  /** A message of peer exchange (BEP 11) that is none. */
  | 'pex-invalid'
  /** A message of metadata (BEP 9) that is no bencoded dictionary, or lacks what it must say. */
  | 'metadata-message-invalid'

export interface Fault {
  readonly type: 'fault'
  readonly code: FaultCode
  /** For people. */
  readonly reason: string
}

export const fault = (code: FaultCode, reason: string): Fault => ({ type: 'fault', code, reason })
