/** Who had a piece last: the peer with it whose connection ended latest, from the log backwards. */
import type { LoggedEvent } from '../../events/codec.js'
import type { TransferEvent } from '../../events/vocabulary.js'
import type { PeerKey, PieceIndex } from '../../values.js'
import type { History } from '../history.js'

export interface FormerHolder {
  readonly peer: PeerKey
  readonly host: string
  readonly port: number
  /** Said that it had it. */
  readonly had: LoggedEvent
  /** Its connection ended: it was closed, or the session broke off and another began. */
  readonly ended: LoggedEvent
}

const saysItHas = (event: TransferEvent, piece: PieceIndex): PeerKey | undefined => {
  switch (event.type) {
    case 'have-all-received':
      return event.peer
    case 'have-received':
      return event.piece === piece ? event.peer : undefined
    case 'bitfield-received':
      return ((event.bits[piece >>> 3] ?? 0) & (0x80 >>> (piece & 7))) !== 0 ? event.peer : undefined
    default:
      return undefined
  }
}

/** Of peers that are connected now nothing is asked: they do not have it. */
export const hadItLast = async (
  history: History,
  before: number,
  piece: PieceIndex,
): Promise<FormerHolder | undefined> => {
  /** Ends of connections of which it is not known yet whether the peer had the piece. */
  const ends = new Map<PeerKey, LoggedEvent>()
  let sessionBegan: LoggedEvent | undefined
  let best: { readonly peer: PeerKey; readonly had: LoggedEvent; readonly ended: LoggedEvent } | undefined
  let latest: FormerHolder | undefined
  const endOf = (peer: PeerKey): LoggedEvent | undefined => ends.get(peer) ?? sessionBegan
  /** Whoever is still to be met on the way back ended before; of a session that broke off one meets them at its begin. */
  const isLatest = ({ ended }: FormerHolder): boolean =>
    ended.seq >= (sessionBegan?.seq ?? 0) && ![...ends.values()].some(({ seq }) => seq > ended.seq)
  for await (const events of history.backwards(before))
    for (const logged of events) {
      const { event } = logged
      if (event.type === 'session-began') sessionBegan = logged
      else if (event.type === 'peer-closed') ends.set(event.peer, logged)
      else if (event.type === 'peer-accepted' || event.type === 'dial-began') {
        ends.delete(event.peer)
        if (best?.peer === event.peer) {
          latest = { ...best, host: event.host, port: event.port }
          best = undefined
        }
      } else {
        const peer = saysItHas(event, piece)
        const ended = peer === undefined ? undefined : endOf(peer)
        if (peer === undefined || ended === undefined) continue
        if (best?.peer === peer || ended.seq <= Math.max(latest?.ended.seq ?? -1, best?.ended.seq ?? -1)) continue
        best = { peer, had: logged, ended }
      }
      if (latest !== undefined && best === undefined && isLatest(latest)) return latest
    }
  return latest
}
