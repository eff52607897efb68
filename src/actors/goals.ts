/** Goals and bounds: when seeding is enough, how many connections there may be, and with whom. */
import { banName } from '../events/banning.js'
import type { TransferState } from '../events/state.js'
import { LIMITS } from '../limits.js'
import { type Instant, showAddress } from '../values.js'
import { type CloseReason, type Decision, decided, type Message, NOTHING, type TransferInput } from './vocabulary.js'

type InputOf<Type extends TransferInput['type']> = Extract<TransferInput, { readonly type: Type }>

/** Of a transfer that was never fetched the content counts as what came. */
const ratioPermilleOf = ({ uploaded, downloaded, geometry }: Readonly<TransferState>): number =>
  (1_000 * uploaded.total) / Math.max(1, downloaded.total > 0 ? downloaded.total : geometry.totalBytes)

/** Which goal of a transfer that seeds is reached, if one is. */
export const goalReached = (state: Readonly<TransferState>, now: Instant): 'ratio' | 'time' | undefined => {
  const { goals, seeded, standing } = state
  if (standing.tags.seeding !== true) return undefined
  if (goals.ratioPermille > 0 && ratioPermilleOf(state) >= goals.ratioPermille) return 'ratio'
  const seededMs = seeded.totalMs + (seeded.since === 0 ? 0 : now - seeded.since)
  return goals.seedingMs > 0 && seededMs >= goals.seedingMs ? 'time' : undefined
}

const closing = (peer: Extract<Message, { to: 'peer' }>['peer'], reason: CloseReason): Message => ({
  to: 'peer',
  peer,
  message: { type: 'close', reason, detail: '' },
})

/** The newest connections beyond the bound are ended; the choker has its say about slots within its round. */
export const setBounds = (state: Readonly<TransferState>, asked: InputOf<'bounds-asked'>): Decision => {
  const { peersMax, uploadSlots } = asked
  const beyond = [...state.peers.keys()].slice(peersMax === 0 ? LIMITS.peersMax : peersMax)
  return decided({
    events: [{ type: 'bounds-set', peersMax, uploadSlots }],
    messages: [
      ...beyond.map((peer) => closing(peer, 'too-many-peers')),
      { to: 'transfer', message: { type: 'fill-slots' } },
      { to: 'transfer', message: { type: 'fill-connections' } },
    ],
  })
}

/** `barred`: from now on, no longer, or, where it is left out, as it was. */
export const drop = (state: Readonly<TransferState>, { address, barred }: InputOf<'drop-asked'>): Decision => {
  const isMeant = (peer: { readonly address: Parameters<typeof banName>[0] }): boolean =>
    banName(peer.address) === address || peer.address.host === address || showAddress(peer.address) === address
  if (barred === false)
    return state.banned.has(address) ? decided({ events: [{ type: 'address-allowed', address }] }) : NOTHING
  const gone = [...state.peers.values()].filter(isMeant)
  return decided({
    events: barred === true && !state.banned.has(address) ? [{ type: 'address-barred', address }] : [],
    messages: gone.map(({ key }) => closing(key, barred === true ? 'banned' : 'dropped')),
  })
}

/** How many connections there may be. */
export const peersMaxOf = ({ bounds }: Readonly<TransferState>): number =>
  bounds.peersMax === 0 ? LIMITS.peersMax : bounds.peersMax

/** Of those, how many we dial, so that others find a place. */
export const dialedMaxOf = (state: Readonly<TransferState>): number =>
  Math.min(peersMaxOf(state), Math.max(LIMITS.peersDialedMax, Math.floor((5 * peersMaxOf(state)) / 8)))
