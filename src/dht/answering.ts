/** What we answer to others of the DHT: pure but for the stores, which take what comes with a token of ours. */
import { LIMITS } from '../limits.js'
import { fromHex, type PeerAddress } from '../values.js'
import type { DhtNode } from '../wire/dhtnode.js'
import { KRPC_ERRORS, type KrpcAnswer, type KrpcQuery, type Want } from '../wire/krpc.js'
import { claimedTarget } from '../wire/storeditem.js'
import { type Family, familyOfHost } from './contact.js'
import type { ItemStore } from './item-store.js'
import type { PeerStore } from './peer-store.js'
import type { RoutingTable } from './table.js'
import type { Tokens } from './tokens.js'

export interface Shelves {
  readonly tables: ReadonlyMap<Family, RoutingTable>
  readonly tokens: Tokens
  readonly peers: PeerStore
  readonly items: ItemStore
  /** A whole number below another, by chance. */
  chance(below: number): number
}

export type Reply =
  | { readonly type: 'answer'; readonly answer: KrpcAnswer }
  | { readonly type: 'error'; readonly code: number; readonly message: string }

const error = (code: number, message: string): Reply => ({ type: 'error', code, message })
const BAD_TOKEN = error(KRPC_ERRORS.protocol, 'the token is not one that was given to you')

const REFUSALS: Readonly<Record<number, string>> = {
  [KRPC_ERRORS.signatureInvalid]: 'the signature is wrong',
  [KRPC_ERRORS.casMismatch]: 'another sequence number is stored',
  [KRPC_ERRORS.seqTooLow]: 'a newer value is stored',
}

/** Nodes near the target: of the family that was asked for, or of that which the question came over (BEP 32). */
const nodesNear = (
  { tables }: Shelves,
  target: Uint8Array,
  want: readonly Want[],
  from: PeerAddress,
): { readonly nodes?: readonly DhtNode[]; readonly nodes6?: readonly DhtNode[] } => {
  const over = familyOfHost(from.host)
  const wants = (family: Family, word: Want): boolean => (want.length === 0 ? over === family : want.includes(word))
  const near = (family: Family): readonly DhtNode[] => tables.get(family)?.closest(target) ?? []
  return {
    ...(wants('ipv4', 'n4') ? { nodes: near('ipv4') } : {}),
    ...(wants('ipv6', 'n6') ? { nodes6: near('ipv6') } : {}),
  }
}

export const replyTo = (shelves: Shelves, query: KrpcQuery, from: PeerAddress, now: number): Reply => {
  const { tokens, peers, items, chance } = shelves
  const { host } = from
  switch (query.method) {
    case 'ping':
      return { type: 'answer', answer: {} }
    case 'find_node':
      return { type: 'answer', answer: nodesNear(shelves, query.target, query.want, from) }
    case 'get_peers': {
      const family = familyOfHost(host)
      const found = peers.sample(query.target, family, LIMITS.dhtPeersSentMax[family], now, chance)
      return {
        type: 'answer',
        answer: {
          token: tokens.for(host, query.target, now),
          peers: found.length === 0 ? undefined : found,
          ...nodesNear(shelves, query.target, query.want, from),
        },
      }
    }
    case 'announce_peer': {
      if (!tokens.isRight(query.token, host, query.target, now)) return BAD_TOKEN
      peers.announce(query.target, { host, port: query.impliedPort ? from.port : query.port }, now)
      return { type: 'answer', answer: {} }
    }
    case 'get': {
      const item = items.get(query.target, now)
      const isOld = query.seq !== undefined && item?.signed !== undefined && item.signed.seq <= query.seq
      return {
        type: 'answer',
        answer: {
          token: tokens.for(host, query.target, now),
          ...(isOld ? { seq: item.signed.seq } : { value: item?.value, signed: item?.signed }),
          ...nodesNear(shelves, query.target, query.want, from),
        },
      }
    }
    case 'put': {
      const { value, signed, salt, cas, token } = query
      const item = { value, signed, salt }
      const target = claimedTarget(item)
      if (!tokens.isRight(token, host, target, now)) return BAD_TOKEN
      const refusal = items.put(item, cas, now)
      return refusal === undefined
        ? { type: 'answer', answer: {} }
        : error(refusal, REFUSALS[refusal] ?? 'it is refused')
    }
    case 'sample_infohashes': {
      const { names, all } = peers.infoHashes(LIMITS.dhtSamplesMax, chance)
      const samples = {
        infoHashes: fromHex(names.join('')),
        count: all,
        intervalSeconds: LIMITS.dhtSamplesIntervalSeconds,
      }
      return { type: 'answer', answer: { samples, ...nodesNear(shelves, query.target, query.want, from) } }
    }
    case 'unknown':
      if (query.target === undefined) return error(KRPC_ERRORS.unknownMethod, 'the method is not known')
      return { type: 'answer', answer: nodesNear(shelves, query.target, query.want, from) }
  }
}
