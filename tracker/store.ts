/**
 * The store: who shares what, behind one port, whether it is kept in this process, on its disk or on another machine.
 *
 * A store that has its answer at once gives it at once: a promise for each announce would cost as much as the announce.
 */
import { TorrewindError } from '../src/errors.js'
import type { InfoHash } from '../src/values.js'
import type { AnnouncedPeer } from '../src/wire/announceanswer.js'
import type { CompactPeers } from '../src/wire/compact.js'
import type { ScrapeCounts, ScrapeFile } from '../src/wire/scrape.js'
import type { Family, Refusal, SwarmRequest, SwarmStats } from './swarm.js'

export type Soon<Value> = Value | Promise<Value>

/** Goes on at once where the value is here. */
export const soon = <Value, Next>(value: Soon<Value>, next: (value: Value) => Soon<Next>): Soon<Next> =>
  value instanceof Promise ? value.then(next) : next(value)

/** The peers must be read before the store is asked again. */
export interface StoreAnswer extends ScrapeCounts {
  readonly type: 'answer'
  /** How many bytes the compact list of this family has. */
  compactBytes(family: Family): number
  /** Writes it there. */
  writeCompact(family: Family, into: Uint8Array, offset: number): void
  named(): readonly AnnouncedPeer[]
}

const compactList = (answer: StoreAnswer, family: Family): Uint8Array => {
  const bytes = new Uint8Array(answer.compactBytes(family))
  answer.writeCompact(family, bytes, 0)
  return bytes
}

/** Both compact lists, as bytes of their own. */
export const compactPeers = (answer: StoreAnswer): CompactPeers => ({
  ipv4: compactList(answer, 'ipv4'),
  ipv6: compactList(answer, 'ipv6'),
})

/** The same answer for whoever reads it later. */
export const heldAnswer = (answer: StoreAnswer | Refusal): StoreAnswer | Refusal => {
  if (answer.type === 'refusal') return answer
  const { complete, incomplete, downloaded } = answer
  const compact = compactPeers(answer)
  const named = answer.named()
  return {
    ...{ type: 'answer', complete, incomplete, downloaded },
    compactBytes: (family) => compact[family].length,
    writeCompact: (family, into, offset) => into.set(compact[family], offset),
    named: () => named,
  }
}

const FAILED: Refusal = {
  type: 'refusal',
  code: 'store_failed',
  reason: 'this tracker cannot reach its store: ask again later',
}

/** What fronts say of a store that failed, in the words of their protocol; other errors are faults of ours. */
export const orRefusal = <Answer>(answer: Soon<Answer>): Soon<Answer | Refusal> =>
  answer instanceof Promise
    ? answer.catch((error: unknown) => {
        if (error instanceof TorrewindError && error.code === 'STORE_FAILED') return FAILED
        throw error
      })
    : answer

/** Rejects with STORE_FAILED where what it stands on is gone; whoever asked is told, and may ask again. */
export interface SwarmStore {
  announce(request: SwarmRequest, nowMs: number): Soon<StoreAnswer | Refusal>
  /** Torrents that nobody announced have no peers, which is an answer. */
  scrape(infoHashes: readonly InfoHash[], nowMs: number): Soon<readonly ScrapeFile[]>
  stats(nowMs: number): Soon<SwarmStats>
  /** Whatever was taken is kept, where the store keeps anything. */
  close(): Promise<void>
}
