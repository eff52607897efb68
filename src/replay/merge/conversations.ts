/** Conversations: what one side of a transfer said and heard over each of its connections, as its events tell. */
import type { LoggedEvent } from '../../events/codec.js'
import type { Range } from '../../events/vocabulary.js'
import type { LogReader } from '../../ports.js'
import { BLOCK_BYTES, type PeerKey, toHex } from '../../values.js'

/** Something that was said or heard: the event that tells of it, and when, by the clock of that side. */
export interface Told {
  readonly seq: number
  readonly at: number
}

/** By what was said: each time that it was, in order. */
export type Messages = Map<string, Told[]>

export interface Conversation {
  readonly peer: PeerKey
  readonly dialed: boolean
  /** Our own id in that session, and that of the other side, in hexadecimal; '' where it was not said. */
  readonly ownId: string
  otherId: string
  readonly sent: Messages
  readonly received: Messages
  /** The first request or block that was heard: what tells one conversation from another. */
  firstHeard: string | undefined
}

/** What the other side is asked or told of one block; a request may be for several that follow each other. */
function* blocksOf(word: string, { piece, offset, length }: Range): Generator<string> {
  for (let at = offset; at < offset + length; at += BLOCK_BYTES) yield `${word} ${piece}:${at}`
}

class Listener {
  readonly conversations: Conversation[] = []
  readonly #open = new Map<PeerKey, Conversation>()
  #ownId = ''

  hear({ seq, at, event }: LoggedEvent): void {
    const told = { seq, at }
    switch (event.type) {
      case 'session-began':
        this.#ownId = toHex(event.peerId)
        this.#open.clear()
        break
      case 'dial-began':
        this.#begin(event.peer, true)
        break
      case 'peer-accepted':
        this.#begin(event.peer, false)
        this.#received(event.peer, 'hello', told)
        this.#sent(event.peer, 'welcome', told)
        break
      case 'peer-connected':
        this.#sent(event.peer, 'hello', told)
        break
      case 'handshake-received': {
        const conversation = this.#open.get(event.peer)
        if (conversation === undefined) break
        conversation.otherId = toHex(event.peerId)
        if (conversation.dialed) this.#received(event.peer, 'welcome', told)
        break
      }
      case 'dial-failed':
      case 'peer-closed':
        this.#open.delete(event.peer)
        break
      case 'interested-sent':
      case 'not-interested-sent':
      case 'choke-sent':
      case 'unchoke-sent':
        this.#sent(event.peer, event.type.replace('-sent', ''), told)
        break
      case 'interested-received':
      case 'not-interested-received':
      case 'choke-received':
      case 'unchoke-received':
        this.#received(event.peer, event.type.replace('-received', ''), told)
        break
      case 'blocks-requested':
        for (const range of event.ranges)
          for (const word of blocksOf('request', range)) this.#sent(event.peer, word, told, true)
        break
      case 'request-received':
        this.#received(event.peer, `request ${event.piece}:${event.offset}`, told, true)
        break
      case 'request-refused':
        // One that could not be read was received before.
        if (event.reason === 'unreadable') break
        this.#received(event.peer, `request ${event.piece}:${event.offset}`, told, true)
        break
      case 'block-served':
        this.#sent(event.peer, `block ${event.piece}:${event.offset}`, told, true)
        break
      case 'block-received':
      case 'block-wasted':
        this.#received(event.peer, `block ${event.piece}:${event.offset}`, told, true)
        break
      case 'pieces-announced':
        for (const peer of this.#open.keys()) for (const piece of event.pieces) this.#sent(peer, `have ${piece}`, told)
        break
      case 'piece-revealed':
        this.#sent(event.peer, `have ${event.piece}`, told)
        break
      case 'have-received':
        this.#received(event.peer, `have ${event.piece}`, told)
        break
      default:
        break
    }
  }

  #begin(peer: PeerKey, dialed: boolean): void {
    const conversation: Conversation = {
      peer,
      dialed,
      ownId: this.#ownId,
      otherId: '',
      sent: new Map(),
      received: new Map(),
      firstHeard: undefined,
    }
    this.conversations.push(conversation)
    this.#open.set(peer, conversation)
  }

  #sent(peer: PeerKey, word: string, told: Told, payload = false): void {
    this.#note(peer, 'sent', word, told, payload)
  }

  #received(peer: PeerKey, word: string, told: Told, payload = false): void {
    this.#note(peer, 'received', word, told, payload)
  }

  #note(peer: PeerKey, direction: 'sent' | 'received', word: string, told: Told, payload: boolean): void {
    const conversation = this.#open.get(peer)
    if (conversation === undefined) return // begun before the first event
    const messages = conversation[direction]
    const before = messages.get(word)
    if (before === undefined) messages.set(word, [told])
    else before.push(told)
    if (payload && direction === 'received') conversation.firstHeard ??= word
  }
}

/** The conversations of a log, in the order in which they began; those that nobody answered are left out. */
export const conversationsOf = async (log: LogReader, from: number): Promise<readonly Conversation[]> => {
  const listener = new Listener()
  for await (const batch of log.read(from)) for (const logged of batch) listener.hear(logged)
  return listener.conversations.filter(({ received }) => received.size > 0)
}
