/**
 * Message stream encryption (MSE, also called PE): the handshake that comes before that of BEP 3 and hides it, as two
 * machines from bytes to bytes, of who dialed and of who was dialed.
 *
 * Who dials sends a key and padding of chance, and is sent the same; then both have a secret. Who dialed proves that it
 * has it and names the torrent by a hash with it, so that only who has the torrent knows which it is; then says, under
 * RC4, which methods it offers, of which the other selects one. Neither says how long its padding is: each looks for
 * what must follow it. Everything that is waited for is bounded.
 */
import { createHash } from 'node:crypto'
import { LIMITS } from '../limits.js'
import { equalBytes, type InfoHash, joinedBytes } from '../values.js'
import { KEY_BYTES, publicKey, SECRET_BYTES, sharedSecret } from './diffiehellman.js'
import { type Fault, fault } from './fault.js'
import { Rc4 } from './rc4.js'

/** What is hidden: the handshakes alone, or all that is said. */
export type EncryptionMethod = 'handshake' | 'rc4'

export interface Agreed {
  readonly type: 'agreed'
  readonly method: EncryptionMethod
  readonly infoHash: InfoHash
  /** To be sent before anything else. */
  readonly send: Uint8Array
  /** What was said after the handshake already, decrypted. */
  readonly rest: Uint8Array
  /** Of what comes; none where only the handshakes are hidden. */
  readonly incoming: Rc4 | undefined
  readonly outgoing: Rc4 | undefined
}
export type EncryptionProgress = { readonly type: 'more'; readonly send: Uint8Array } | Agreed | Fault

export interface EncryptionOptions {
  /** Bytes that nobody can foretell. */
  entropy(length: number): Uint8Array
  readonly methods: readonly EncryptionMethod[]
}

const NO_BYTES = new Uint8Array(0)
const MORE: EncryptionProgress = { type: 'more', send: NO_BYTES }
const HASH_BYTES = 20
/** The verification constant: that many zeros. */
const VC_BYTES = 8
/** VC, methods, and how long the padding is. */
const HEAD_BYTES = VC_BYTES + 4 + 2
const METHOD_BITS: Readonly<Record<EncryptionMethod, number>> = { handshake: 1, rc4: 2 }

const wrong = (reason: string): Fault => fault('encryption-wrong', reason)

const hash = (name: string, ...parts: readonly Uint8Array[]): Uint8Array => {
  const sha1 = createHash('sha1').update(name)
  for (const part of parts) sha1.update(part)
  return new Uint8Array(sha1.digest())
}

const exclusiveOr = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  left.map((byte, index) => byte ^ (right[index] ?? 0))

/** By what a torrent is known under encryption, to who has it. */
export const encryptedName = (infoHash: InfoHash): Uint8Array => hash('req2', infoHash)

/** VC, the methods, and no padding: what is encrypted need not be longer. */
const head = (methods: readonly EncryptionMethod[]): Uint8Array => {
  const bytes = new Uint8Array(HEAD_BYTES)
  bytes[VC_BYTES + 3] = methods.reduce((bits, method) => bits | METHOD_BITS[method], 0)
  return bytes
}

const methodsIn = (bits: Uint8Array): readonly EncryptionMethod[] =>
  (['handshake', 'rc4'] as const).filter((method) => ((bits[3] ?? 0) & METHOD_BITS[method]) !== 0)

/** What both machines do alike: the keys, what came and is not read yet, and looking for where padding ends. */
abstract class Encryption {
  protected readonly options: EncryptionOptions
  readonly #secret: Uint8Array
  readonly #opening: Uint8Array
  #bytes: Uint8Array = NO_BYTES
  /** Where to look on for what follows the padding. */
  #from = 0
  #ended = false

  constructor(options: EncryptionOptions) {
    this.options = options
    this.#secret = options.entropy(SECRET_BYTES)
    const [high = 0, low = 0] = options.entropy(2)
    const padding = options.entropy((high * 256 + low) % (LIMITS.encryptionPaddingBytesMax + 1))
    this.#opening = joinedBytes(publicKey(this.#secret), padding)
  }

  /** Our key and padding: what we say first. */
  protected get opening(): Uint8Array {
    return this.#opening
  }

  push(chunk: Uint8Array): EncryptionProgress {
    if (this.#ended) return wrong('it is over')
    this.#bytes = joinedBytes(this.#bytes, chunk)
    const sent: Uint8Array[] = []
    for (;;) {
      const progress = this.step()
      if (progress === undefined) return sent.length === 0 ? MORE : { type: 'more', send: joinedBytes(...sent) }
      if (progress.type === 'more') {
        sent.push(progress.send)
        continue
      }
      this.#ended = true
      return progress.type === 'agreed' ? { ...progress, send: joinedBytes(...sent, progress.send) } : progress
    }
  }

  /** Reads what is there: undefined where that is not enough. */
  protected abstract step(): EncryptionProgress | undefined

  /** The next bytes, read; undefined where they are not there yet. */
  protected take(length: number): Uint8Array | undefined {
    if (this.#bytes.length < length) return undefined
    const taken = this.#bytes.slice(0, length)
    this.#bytes = this.#bytes.subarray(length)
    return taken
  }

  protected get all(): Uint8Array {
    return this.take(this.#bytes.length) ?? NO_BYTES
  }

  protected secretWith(theirKey: Uint8Array): Uint8Array | undefined {
    return sharedSecret(this.#secret, theirKey)
  }

  /** Reads padding and what follows it; undefined where that is yet to come. */
  protected synchronise(pattern: Uint8Array): boolean | undefined {
    const last = Math.min(this.#bytes.length - pattern.length, LIMITS.encryptionPaddingBytesMax)
    for (; this.#from <= last; this.#from++) {
      if (!equalBytes(this.#bytes.subarray(this.#from, this.#from + pattern.length), pattern)) continue
      this.take(this.#from + pattern.length)
      return true
    }
    return this.#from > LIMITS.encryptionPaddingBytesMax ? false : undefined
  }
}

interface Keys {
  readonly mine: Rc4
  readonly theirs: Rc4
}

/** Undefined where it is longer than may be. */
const paddingIn = (bytes: Uint8Array): number | undefined => {
  const length = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
  return length > LIMITS.encryptionPaddingBytesMax ? undefined : length
}

/** Of who dials. */
export class EncryptionDialer extends Encryption {
  readonly #infoHash: InfoHash
  #step: 'key' | 'synchronise' | 'head' | 'padding' = 'key'
  #keys: Keys | undefined
  #expected: Uint8Array = NO_BYTES
  #method: EncryptionMethod | undefined
  #paddingBytes = 0

  constructor(options: EncryptionOptions, infoHash: InfoHash) {
    super(options)
    this.#infoHash = infoHash
  }

  start(): Uint8Array {
    return this.opening
  }

  protected step(): EncryptionProgress | undefined {
    if (this.#step === 'key' || this.#keys === undefined) return this.#readKey()
    if (this.#step === 'synchronise') {
      const found = this.synchronise(this.#expected)
      if (found === false) return wrong('what must follow the padding does not come')
      if (found === true) this.#step = 'head'
      return found === true ? MORE : undefined
    }
    return this.#step === 'head' ? this.#readHead(this.#keys) : this.#readPadding(this.#keys)
  }

  #readKey(): EncryptionProgress | undefined {
    const theirKey = this.take(KEY_BYTES)
    if (theirKey === undefined) return undefined
    const secret = this.secretWith(theirKey)
    if (secret === undefined) return wrong('the key is none')
    const keys = {
      mine: new Rc4(hash('keyA', secret, this.#infoHash)),
      theirs: new Rc4(hash('keyB', secret, this.#infoHash)),
    }
    this.#keys = keys
    this.#expected = new Uint8Array(VC_BYTES)
    keys.theirs.apply(this.#expected)
    // Nothing is said ahead, so the last two bytes, how much that is, are 0.
    const offer = joinedBytes(head(this.options.methods), new Uint8Array(2))
    keys.mine.apply(offer)
    this.#step = 'synchronise'
    const name = exclusiveOr(encryptedName(this.#infoHash), hash('req3', secret))
    return { type: 'more', send: joinedBytes(hash('req1', secret), name, offer) }
  }

  #readHead({ theirs }: Keys): EncryptionProgress | undefined {
    const bytes = this.take(HEAD_BYTES - VC_BYTES)
    if (bytes === undefined) return undefined
    theirs.apply(bytes)
    const selected = methodsIn(bytes)
    const [method] = selected
    if (method === undefined || selected.length > 1 || !this.options.methods.includes(method))
      return wrong('a method is selected that was not offered')
    const padding = paddingIn(bytes.subarray(4))
    if (padding === undefined) return wrong('the padding is too long')
    this.#method = method
    this.#paddingBytes = padding
    this.#step = 'padding'
    return MORE
  }

  #readPadding({ mine, theirs }: Keys): EncryptionProgress | undefined {
    const padding = this.take(this.#paddingBytes)
    if (padding === undefined) return undefined
    theirs.apply(padding)
    return agreed(this.#method ?? 'rc4', this.#infoHash, NO_BYTES, { mine, theirs }, NO_BYTES, this.all)
  }
}

/** Of who was dialed. */
export class EncryptionAcceptor extends Encryption {
  readonly #find: (name: Uint8Array) => InfoHash | undefined
  #step: 'key' | 'synchronise' | 'name' | 'head' | 'padding' | 'ahead' = 'key'
  #secret: Uint8Array = NO_BYTES
  #infoHash: InfoHash | undefined
  #keys: Keys | undefined
  #method: EncryptionMethod | undefined
  #length = 0

  /** `find` knows torrents by their encrypted names. */
  constructor(options: EncryptionOptions, find: (name: Uint8Array) => InfoHash | undefined) {
    super(options)
    this.#find = find
  }

  protected step(): EncryptionProgress | undefined {
    switch (this.#step) {
      case 'key':
        return this.#readKey()
      case 'synchronise': {
        const found = this.synchronise(hash('req1', this.#secret))
        if (found === false) return wrong('what must follow the padding does not come')
        if (found === true) this.#step = 'name'
        return found === true ? MORE : undefined
      }
      case 'name':
        return this.#readName()
      default:
        return this.#keys === undefined ? undefined : this.#readEncrypted(this.#keys)
    }
  }

  #readKey(): EncryptionProgress | undefined {
    const theirKey = this.take(KEY_BYTES)
    if (theirKey === undefined) return undefined
    const secret = this.secretWith(theirKey)
    if (secret === undefined) return wrong('the key is none')
    this.#secret = secret
    this.#step = 'synchronise'
    return { type: 'more', send: this.opening }
  }

  #readName(): EncryptionProgress | undefined {
    const bytes = this.take(HASH_BYTES)
    if (bytes === undefined) return undefined
    const infoHash = this.#find(exclusiveOr(bytes, hash('req3', this.#secret)))
    if (infoHash === undefined) return wrong('it is for a torrent that is not here')
    this.#infoHash = infoHash
    this.#keys = {
      mine: new Rc4(hash('keyB', this.#secret, infoHash)),
      theirs: new Rc4(hash('keyA', this.#secret, infoHash)),
    }
    this.#step = 'head'
    return MORE
  }

  #readEncrypted(keys: Keys): EncryptionProgress | undefined {
    const bytes = this.take(this.#step === 'head' ? HEAD_BYTES : this.#length + (this.#step === 'padding' ? 2 : 0))
    if (bytes === undefined) return undefined
    keys.theirs.apply(bytes)
    if (this.#step === 'head') return this.#readHead(bytes)
    if (this.#step === 'padding') {
      const [high = 0, low = 0] = bytes.subarray(this.#length)
      this.#length = high * 256 + low
      if (this.#length > LIMITS.encryptionAheadBytesMax) return wrong('too much is said ahead')
      this.#step = 'ahead'
      return MORE
    }
    if (this.#method === undefined || this.#infoHash === undefined) return undefined
    const answer = head([this.#method])
    keys.mine.apply(answer)
    return agreed(this.#method, this.#infoHash, answer, keys, bytes, this.all)
  }

  #readHead(bytes: Uint8Array): EncryptionProgress {
    if (!equalBytes(bytes.subarray(0, VC_BYTES), new Uint8Array(VC_BYTES))) return wrong('the keys are not the same')
    const offered = methodsIn(bytes.subarray(VC_BYTES))
    // The first of ours: all that follows need not be encrypted where only the handshakes are to be hidden.
    const method = this.options.methods.find((ours) => offered.includes(ours))
    if (method === undefined) return wrong('no method is offered that may be used here')
    const padding = paddingIn(bytes.subarray(VC_BYTES + 4))
    if (padding === undefined) return wrong('the padding is too long')
    this.#method = method
    this.#length = padding
    this.#step = 'padding'
    return MORE
  }
}

/** What was said ahead is decrypted already; what follows is encrypted as was agreed. */
const agreed = (
  method: EncryptionMethod,
  infoHash: InfoHash,
  send: Uint8Array,
  { mine, theirs }: Keys,
  ahead: Uint8Array,
  following: Uint8Array,
): Agreed => {
  const isRc4 = method === 'rc4'
  if (isRc4) theirs.apply(following)
  return {
    type: 'agreed',
    method,
    infoHash,
    send,
    rest: joinedBytes(ahead, following),
    incoming: isRc4 ? theirs : undefined,
    outgoing: isRc4 ? mine : undefined,
  }
}
