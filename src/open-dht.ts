/** openDht: a node of the DHT without an engine, on this machine's network, to put items there and to get them (BEP 44). */
import { DHT_ROUTERS } from './dht/routers.js'
import type { SearchPurpose, SearchResult } from './dht/search.js'
import { DhtService } from './dht/service.js'
import { SharedUdp } from './discovery/udp-shared.js'
import { TorrewindError } from './errors.js'
import { LIMITS } from './limits.js'
import { nodeClock } from './node/clock.js'
import { nodeDatagrams } from './node/datagrams.js'
import { resolve } from './node/discovery.js'
import { entropy } from './node/machine.js'
import type { Answer } from './ports.js'
import { fromHex, instant, isAddress, type PeerAddress, toHex } from './values.js'
import { decode } from './wire/bencode.js'
import { keyMagnetOf, parseKeyMagnet } from './wire/keymagnet.js'
import { immutableTarget, mutableTarget, publicKeyOf, type StoredItem, signItem } from './wire/storeditem.js'

export interface DhtOptions {
  /** UDP port; 0, the default, takes any that is free. */
  readonly port?: number | undefined
  /** An IP address of this machine; all, where it is left out. */
  readonly host?: string | undefined
  /** Nodes to begin with, names or addresses; those that everybody begins with, where it is left out. */
  readonly bootstrap?: readonly PeerAddress[] | undefined
  /** Answer others too. Off by default: who is there for a moment is of no use to anybody (BEP 43). */
  readonly answering?: boolean | undefined
}

/** An item of the DHT. */
export interface DhtItem {
  /** 20 bytes in hexadecimal: where it is kept. */
  readonly target: string
  /** Bencoded. */
  readonly value: Uint8Array
  /** Of mutable items: the number that grows with each change, and the key in hexadecimal. */
  readonly seq: number | undefined
  readonly publicKey: string | undefined
}

export interface PutItem {
  /** Bencoded, at most 1,000 bytes. */
  readonly value: Uint8Array
  /** 32 bytes that nobody else knows: makes the item one that can be changed. */
  readonly privateKey?: Uint8Array | undefined
  /** At most 64 bytes: one key has as many items as it has salts. */
  readonly salt?: Uint8Array | undefined
  /** One more than that of the item which is there, where it is left out. */
  readonly seq?: number | undefined
}

export interface PutResult extends DhtItem {
  /** Nodes that took it. */
  readonly nodes: number
  /** By which others find what it is changed to (BEP 46). */
  readonly magnet: string | undefined
}

export interface DhtNode {
  readonly port: number
  /** Nodes that it knows. */
  readonly nodes: number
  /**
   * By a target in hexadecimal, a public key in hexadecimal, or a magnet URI of one (BEP 46). Undefined where nobody has
   * it. Rejects with `OPTION_INVALID`.
   */
  get(name: string, salt?: Uint8Array): Promise<DhtItem | undefined>
  /** Rejects with `OPTION_INVALID`, or `DHT_REFUSED` where no node takes it. */
  put(item: PutItem): Promise<PutResult>
  close(): Promise<void>
}

const SEED_BYTES = 32

const itemOf = (target: Uint8Array, { value, signed }: StoredItem): DhtItem => ({
  target: toHex(target),
  value,
  seq: signed?.seq,
  publicKey: signed && toHex(signed.publicKey),
})

/** Throws `OPTION_INVALID`. */
const whatIs = (name: string, salt: Uint8Array | undefined): Extract<SearchPurpose, { type: 'get' }> => {
  if (/^[0-9a-f]{40}$/i.test(name)) return { type: 'get', target: fromHex(name), salt }
  const key = /^[0-9a-f]{64}$/i.test(name) ? { publicKey: fromHex(name), salt } : parseKeyMagnet(name)
  if (key === undefined)
    throw new TorrewindError('OPTION_INVALID', `no target, public key or magnet URI of a key: ${name}`)
  return { type: 'get', target: mutableTarget(key.publicKey, key.salt), ...key }
}

const check = ({ value, privateKey, salt, seq }: PutItem): void => {
  const invalid = (problem: string): TorrewindError => new TorrewindError('OPTION_INVALID', problem)
  if (decode(value).type === 'fault') throw invalid('the value is not bencoded')
  if (value.length > LIMITS.dhtValueBytesMax) throw invalid(`the value has more than ${LIMITS.dhtValueBytesMax} bytes`)
  if (privateKey !== undefined && privateKey.length !== SEED_BYTES) throw invalid('a private key has 32 bytes')
  if ((salt?.length ?? 0) > LIMITS.dhtSaltBytesMax) throw invalid(`a salt has ${LIMITS.dhtSaltBytesMax} bytes at most`)
  if (seq !== undefined && !(Number.isSafeInteger(seq) && seq >= 0)) throw invalid('seq is a whole number from 0')
}

class OpenNode implements DhtNode {
  readonly #service: DhtService
  readonly #socket: SharedUdp

  constructor(service: DhtService, socket: SharedUdp) {
    this.#service = service
    this.#socket = socket
  }

  get port(): number {
    return this.#socket.port ?? 0
  }
  get nodes(): number {
    return this.#service.nodes
  }

  async get(name: string, salt?: Uint8Array): Promise<DhtItem | undefined> {
    const purpose = whatIs(name, salt)
    const { item } = await this.#search(purpose)
    return item && itemOf(purpose.target, item)
  }

  async put(given: PutItem): Promise<PutResult> {
    check(given)
    const { value, privateKey, salt } = given
    if (privateKey === undefined) return this.#store(immutableTarget(value), { value })
    const publicKey = publicKeyOf(privateKey)
    const target = mutableTarget(publicKey, salt)
    let { seq } = given
    if (seq === undefined) {
      const { item } = await this.#search({ type: 'get', target, publicKey, salt })
      seq = item?.signed === undefined ? 1 : item.signed.seq + 1
    }
    const magnet = keyMagnetOf({ publicKey, salt })
    return { ...(await this.#store(target, signItem(privateKey, value, seq, salt))), magnet }
  }

  async #store(target: Uint8Array, item: StoredItem): Promise<PutResult> {
    const { stored, refusal, asked } = await this.#search({ type: 'put', target, item })
    if (stored > 0) return { ...itemOf(target, item), nodes: stored, magnet: undefined }
    throw new TorrewindError(
      'DHT_REFUSED',
      `of ${asked} nodes none took it${refusal === undefined ? '' : `: ${refusal}`}`,
    )
  }

  #search(purpose: SearchPurpose): Promise<SearchResult> {
    return new Promise((ended) => this.#service.search(purpose, { ended }))
  }

  async close(): Promise<void> {
    await this.#service.close()
    this.#socket.close()
  }
}

/** Binds the port, and waits until a node answered. Rejects with `PORT_TAKEN`, `DHT_UNREACHABLE` or `OPTION_INVALID`. */
export const openDht = async (options: DhtOptions = {}): Promise<DhtNode> => {
  const { port = 0, host, bootstrap, answering } = options
  for (const address of bootstrap ?? [])
    if (!isAddress(address))
      throw new TorrewindError('OPTION_INVALID', `no node of the DHT can be at ${JSON.stringify(address)}`)
  const clock = nodeClock()
  const socket = new SharedUdp({ datagrams: nodeDatagrams(), port, host })
  let service: DhtService | undefined
  const joined = await new Promise<Answer<undefined>>((settle) => {
    const fail = (code: string, message: string): void => settle({ type: 'failed', failure: { code, message } })
    service = new DhtService({
      clock,
      socket,
      entropy,
      families: host === undefined ? ['ipv4', 'ipv6'] : [host.includes(':') ? 'ipv6' : 'ipv4'],
      readOnly: answering !== true,
      bootstrap: bootstrap ?? DHT_ROUTERS,
      bootstrapIsOurs: bootstrap !== undefined,
      resolve,
      memory: undefined,
      tell: (news) => {
        if (news.type === 'dht-joined') settle({ type: 'done', value: undefined })
        else if (news.type === 'dht-failed') fail('DHT_UNREACHABLE', news.reason)
      },
    })
    clock.wakeAt(instant(clock.now() + LIMITS.dhtOpenMs), () => fail('DHT_UNREACHABLE', 'no node answered in time'))
  })
  const node = new OpenNode(service as DhtService, socket) // made before anything is told
  if (joined.type === 'done') return node
  await node.close()
  throw new TorrewindError('DHT_UNREACHABLE', `the DHT cannot be reached: ${joined.failure.message}`)
}
