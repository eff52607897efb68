/**
 * Redaction: events and states without names, addresses, hashes and texts, which take the same course all the same.
 *
 * One table says by the name of a field what is done with it, in events and in the state alike. A name that is not in it
 * is an assertion: what nobody has thought about is never let out. Redacting a folded state gives the same as folding
 * redacted events, which is what a test holds both to.
 */
import { AssertionError } from '../assert.js'
import type { FieldKind } from '../events/fields.js'
import { Rarity } from '../events/rarity.js'
import type { TransferState } from '../events/state.js'
import { EVENT_TYPES, type EventType, type TransferEvent, VOCABULARY } from '../events/vocabulary.js'
import { equalBytes, infoHash } from '../values.js'
import { Bitfield } from '../wire/bitfield.js'
import { encodeTorrent } from '../wire/createinfo.js'
import { keepMagnet, readKept, subjectOf } from '../wire/kept.js'
import { infoHashOf, type Magnet } from '../wire/magnet.js'
import type { Metainfo } from '../wire/metainfo.js'
import { StandIns } from './stand-ins.js'

type Rule =
  | 'keep'
  | 'text'
  | 'name'
  | 'folder'
  | 'client'
  | 'host'
  | 'address'
  | 'url'
  | 'port'
  | NumberRule
  | BytesRule
type NumberRule = 'startedAt' | 'fingerprint'
type BytesRule = 'infoHash' | 'infoHashV2' | 'peerId' | 'publicKey'

/** What is done with texts, bytes, and numbers that name something, by the name of their field. */
const RULES: Readonly<Record<string, Rule>> = {
  infoHash: 'infoHash',
  infoHashV2: 'infoHashV2',
  otherHash: 'infoHash',
  of: 'keep',
  hashRefusals: 'keep',
  name: 'name',
  folder: 'folder',
  path: 'name',
  version: 'keep',
  peerId: 'peerId',
  publicKey: 'publicKey',
  salt: 'publicKey',
  machineStartedAt: 'startedAt',
  code: 'text',
  message: 'text',
  reason: 'text',
  detail: 'text',
  warning: 'text',
  wanted: 'keep',
  priorities: 'keep',
  low: 'keep',
  high: 'keep',
  pieces: 'keep',
  bits: 'keep',
  tiers: 'url',
  tracker: 'url',
  host: 'host',
  externalHost: 'host',
  port: 'port',
  listenPort: 'port',
  dhtPort: 'port',
  externalPort: 'port',
  address: 'address',
  groups: 'address',
  client: 'client',
  fingerprints: 'fingerprint',
  // Of the state alone.
  names: 'name',
  movedFrom: 'folder',
  filePriorities: 'keep',
  id: 'peerId',
  url: 'url',
  lastError: 'text',
  lastWarning: 'text',
  source: 'keep',
  protocol: 'keep',
  transport: 'keep',
  protection: 'keep',
  urls: 'url',
  webSeed: 'url',
  givers: 'address',
  giversBanNames: 'address',
  banned: 'address',
  ownAddresses: 'address',
  early: 'keep',
}

/** Keys of maps that are addresses, or say nothing of anybody. */
const KEY_RULES: Readonly<Record<string, Rule>> = {
  candidates: 'address',
  asked: 'keep',
  hashOrders: 'keep',
  failed: 'keep',
  webSeeds: 'url',
  wishedTrackers: 'url',
  wishedWebSeeds: 'url',
}

const NUMBERS: ReadonlySet<Rule> = new Set<Rule>(['port', 'startedAt', 'fingerprint'])

/** What is done with the field; undefined where the kind of field can name nobody. */
export const ruleOf = (name: string, kind: FieldKind): Rule | undefined => {
  const rule = RULES[name]
  switch (kind.type) {
    case 'whole':
      return rule !== undefined && NUMBERS.has(rule) ? rule : undefined
    case 'text':
    case 'bytes':
      if (rule === undefined) throw new AssertionError(`nobody has said how the field ${name} is redacted`)
      return rule === 'keep' ? undefined : rule
    case 'optional':
    case 'list':
      return ruleOf(name, kind.of)
    case 'struct':
      return Object.entries(kind.fields).some(([each, of]) => ruleOf(each, of) !== undefined) ? 'keep' : undefined
    default:
      return undefined
  }
}

/** The fields of each kind of event that are not as they were afterwards. */
const PLANS: ReadonlyMap<EventType, readonly string[]> = new Map(
  EVENT_TYPES.map((type) => [
    type,
    Object.entries(VOCABULARY[type].fields).flatMap(([name, { kind }]) => (ruleOf(name, kind) ? [name] : [])),
  ]),
)

const SHA1_BYTES = 20

/** The same geometry and files of the same lengths, under other names; every hash is zeros. */
const standInTorrent = (original: Metainfo, standIns: StandIns): Uint8Array =>
  encodeTorrent({
    name: standIns.name(original.name),
    files: original.files.map(({ path, length, padding, executable }) => ({
      path: path.map((part) => standIns.name(part)),
      length,
      padding,
      executable,
    })),
    multiFile: original.multiFile,
    pieceLength: original.pieceLength,
    // Those of v2 become torrents of v1 with the same padding: names in another order would make another file tree.
    pieceHashes: new Uint8Array(original.pieceCount * SHA1_BYTES),
    private: original.private,
    trackers: original.trackers.map((tier) => tier.map((url) => standIns.url(url))),
  })

/** A magnet of another hash, where nobody knows what the torrent is. */
const standInMagnet = (original: Magnet, standIns: StandIns): Uint8Array =>
  keepMagnet({
    ...original,
    infoHash: infoHash(standIns.hash(infoHashOf(original))),
    infoHashV2: undefined,
    name: original.name === undefined ? undefined : standIns.name(original.name),
    trackers: original.trackers.map((url) => standIns.url(url)),
    webSeeds: [],
    peers: original.peers.map((address) => standIns.address(address)),
  })

export class Redactor {
  /** What stands for the .torrent file. */
  readonly torrent: Uint8Array
  readonly #standIns = new StandIns()
  readonly #infoHash: Uint8Array
  readonly #standInHash: Uint8Array

  /** Of what is kept beside the log. */
  constructor(original: Uint8Array) {
    const kept = readKept(original)
    this.torrent =
      kept.type === 'torrent'
        ? standInTorrent(kept.metainfo, this.#standIns)
        : standInMagnet(kept.magnet, this.#standIns)
    this.#infoHash = subjectOf(original).infoHash
    this.#standInHash = subjectOf(this.torrent).infoHash
  }

  event(event: TransferEvent): TransferEvent {
    const names = PLANS.get(event.type) ?? []
    if (names.length === 0) return event
    const fields: Record<string, unknown> = { ...event }
    for (const name of names) fields[name] = this.#redact(name, fields[name])
    return fields as unknown as TransferEvent // each field is of the same kind as before
  }

  /** A copy; what names nobody is shared with the original. */
  state(state: Readonly<TransferState>): TransferState {
    const copy: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(state)) copy[name] = this.#redact(name, value)
    return copy as unknown as TransferState // each part is of the same kind as before
  }

  #redact(name: string, value: unknown): unknown {
    if (typeof value === 'string') return value === '' ? '' : this.#text(RULES[name], name, value)
    if (typeof value === 'number') return this.#number(RULES[name], value)
    if (value instanceof Uint8Array) return this.#bytes(name, value)
    if (typeof value !== 'object' || value === null || name === 'standing') return value
    if (value instanceof Bitfield || value instanceof Rarity || value instanceof Uint32Array) return value
    if (Array.isArray(value)) return value.map((each) => this.#redact(name, each))
    if (value instanceof Set) return new Set([...value].map((each) => this.#redact(name, each)))
    if (value instanceof Map)
      return new Map([...value].map(([key, each]) => [this.#key(name, key), this.#redact(name, each)]))
    return Object.fromEntries(Object.entries(value).map(([each, entry]) => [each, this.#redact(each, entry)]))
  }

  #key(name: string, key: unknown): unknown {
    return typeof key === 'string' ? this.#text(KEY_RULES[name], name, key) : key
  }

  #text(rule: Rule | undefined, name: string, text: string): string {
    switch (rule) {
      case 'keep':
        return text
      case 'text':
        return this.#standIns.text(text)
      case 'name':
        return this.#standIns.name(text)
      case 'folder':
        return this.#standIns.folder(text)
      case 'client':
        return this.#standIns.client(text)
      case 'host':
        return this.#standIns.host(text)
      case 'address':
        return this.#standIns.shownAddress(text)
      case 'url':
        return this.#standIns.url(text)
      default:
        throw new AssertionError(`nobody has said how the text ${name} is redacted`)
    }
  }

  #number(rule: Rule | undefined, value: number): number {
    switch (rule) {
      case 'port':
        return this.#standIns.port(value)
      case 'startedAt':
        return this.#standIns.startedAt(value)
      case 'fingerprint':
        return this.#standIns.fingerprint(value)
      default:
        return value
    }
  }

  #bytes(name: string, bytes: Uint8Array): Uint8Array {
    switch (RULES[name] ?? (name === 'orders' ? 'keep' : undefined)) {
      case 'keep':
        return bytes
      case 'infoHash':
        return equalBytes(bytes, this.#infoHash) ? this.#standInHash : this.#standIns.hash(bytes)
      case 'infoHashV2':
      case 'publicKey':
        return new Uint8Array(bytes.length)
      case 'peerId':
        return this.#standIns.peerId(bytes)
      default:
        throw new AssertionError(`nobody has said how the bytes ${name} are redacted`)
    }
  }
}
