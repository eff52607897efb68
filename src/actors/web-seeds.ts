/** Web seeds: which web servers a transfer asks, and when (BEP 19). */
import type { TransferState, WebSeedState } from '../events/state.js'
import type { TransferEvent } from '../events/vocabulary.js'
import { LIMITS } from '../limits.js'
import type { Instant, PeerKey } from '../values.js'
import { addressOfUrl } from '../wire/web-seed.js'
import { type Decision, decided, type Effect, type Message, NOTHING } from './vocabulary.js'

/** Not all that is missing is of files that it lacks. */
const hasSome = ({ geometry, wanted, stored }: Readonly<TransferState>, { lacks }: WebSeedState): boolean => {
  if (lacks === undefined) return true
  for (let piece = 0; piece < geometry.pieceCount; piece++)
    if (wanted.has(piece) && !stored.has(piece) && !lacks.has(piece)) return true
  return false
}

const isAskable = (state: Readonly<TransferState>, webSeed: WebSeedState, now: number): boolean =>
  webSeed.peer === undefined && webSeed.nextAskAt <= now && !state.banned.has(webSeed.url) && hasSome(state, webSeed)

const atWork = (state: Readonly<TransferState>): number => {
  let asked = 0
  for (const { peer } of state.webSeeds.values()) if (peer !== undefined) asked++
  return asked
}

/** Those that may be asked now, and are not. */
export const askWebSeeds = (state: Readonly<TransferState>, now: Instant): Decision => {
  if (state.standing.tags.downloading !== true || state.missing === 0) return NOTHING
  let room = LIMITS.webSeedsAtOnceMax - atWork(state)
  let key = state.nextPeer
  const events: TransferEvent[] = []
  const effects: Effect[] = []
  const messages: Message[] = []
  for (const webSeed of state.webSeeds.values()) {
    if (room <= 0) break
    if (!isAskable(state, webSeed, now)) continue
    const peer = key++ as PeerKey // the next number of this log
    const { url } = webSeed
    events.push({ type: 'web-seed-began', peer, url, ...addressOfUrl(url) })
    effects.push({ type: 'open-web-seed', peer, url })
    messages.push({ to: 'peer', peer, message: { type: 'refill' } })
    room--
  }
  return decided({ events, effects, messages })
}

/** Most transfers have no web seed, and need no message for it each second. */
export const webSeedsDue = (state: Readonly<TransferState>, now: Instant): readonly Message[] => {
  if (state.webSeeds.size === 0 || state.missing === 0) return []
  for (const webSeed of state.webSeeds.values())
    if (isAskable(state, webSeed, now)) return [{ to: 'transfer', message: { type: 'ask-web-seeds' } }]
  return []
}

const wished = (url: string, wanted: boolean): TransferEvent => ({ type: 'web-seed-wished', url, wanted })

/** From now on and in sessions to come. */
export const setWebSeeds = (state: Readonly<TransferState>, urls: readonly string[]): Decision => {
  const kept = new Set(urls)
  const gone = [...state.webSeeds.values()].flatMap(({ url, peer }) =>
    kept.has(url) || peer === undefined ? [] : [peer],
  )
  return decided({
    events: [
      ...[...state.webSeeds.keys()].filter((url) => !kept.has(url)).map((url) => wished(url, false)),
      ...urls.filter((url) => !state.webSeeds.has(url)).map((url) => wished(url, true)),
      { type: 'web-seeds-set', urls },
    ],
    messages: [
      ...gone.map(
        (peer): Message => ({
          to: 'peer',
          peer,
          message: { type: 'close', reason: 'removed', detail: '' },
        }),
      ),
      { to: 'transfer', message: { type: 'ask-web-seeds' } },
    ],
  })
}
