/** DAG-CBOR: the values of IPLD as bytes and back, without choice in writing and within bounds in reading. */
import { decode, encode, Token, Tokenizer, Type } from 'cborg'
import { CID } from 'multiformats/cid'

export type Ipld =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | CID
  | readonly Ipld[]
  | { readonly [name: string]: Ipld | undefined }

/** What CBOR marks a link with. */
const LINK_TAG = 42

const encodeObject = (value: unknown): Token[] | null => {
  const cid = CID.asCID(value)
  if (cid === null) return null
  const bytes = new Uint8Array(cid.bytes.length + 1)
  bytes.set(cid.bytes, 1)
  return [new Token(Type.tag, LINK_TAG), new Token(Type.bytes, bytes)]
}

/** Keys by length and then by their bytes, and the shortest form of everything but floats. */
export const encodeIpld = (value: Ipld): Uint8Array =>
  encode(value, { float64: true, ignoreUndefinedProperties: true, typeEncoders: { Object: encodeObject } })

/** Counts what is read before anything is made of it: a few bytes of CBOR can ask for any depth. */
class BoundedTokenizer extends Tokenizer {
  readonly #valuesMax: number
  readonly #depthMax: number
  #values = 0
  /** How many values each open list, map or tag still takes. */
  readonly #open: number[] = []

  constructor(bytes: Uint8Array, options: object, { valuesMax, depthMax }: IpldBounds) {
    super(bytes, options)
    this.#valuesMax = valuesMax
    this.#depthMax = depthMax
  }

  override next(): Token {
    const token = super.next()
    if (++this.#values > this.#valuesMax) throw new RangeError(`it has more than ${this.#valuesMax} values`)
    const takes = Type.equals(token.type, Type.array)
      ? token.value
      : Type.equals(token.type, Type.map)
        ? 2 * token.value
        : Type.equals(token.type, Type.tag)
          ? 1
          : 0
    if (takes > 0) this.#open.push(takes)
    else this.#close()
    if (this.#open.length > this.#depthMax) throw new RangeError(`it is nested more than ${this.#depthMax} deep`)
    return token
  }

  #close(): void {
    for (let at = this.#open.length - 1; at >= 0; at--) {
      const left = (this.#open[at] ?? 0) - 1
      this.#open[at] = left
      if (left > 0) return
      this.#open.pop()
    }
  }
}

export interface IpldBounds {
  /** Lists, maps, their entries and their keys, together. */
  readonly valuesMax: number
  readonly depthMax: number
}

const decodeLink = (content: () => unknown): CID => {
  const bytes = content()
  if (!(bytes instanceof Uint8Array) || bytes[0] !== 0) throw new TypeError('a link is no CID')
  return CID.decode(bytes.slice(1))
}

const STRICT = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
}

/** Throws at bytes that `encodeIpld` did not write, and where there is more than the bounds let through. */
export const decodeIpld = (bytes: Uint8Array, bounds: IpldBounds): Ipld =>
  decode(bytes, {
    ...STRICT,
    tags: { [LINK_TAG]: decodeLink },
    tokenizer: new BoundedTokenizer(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), STRICT, bounds),
  }) as Ipld // nothing else can be read with these options
