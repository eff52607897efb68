/** Link events: what one connection tells, for those who hold its link. */
import type { PeerLink } from './peer-link.js'
import type { Connection, ConnectionEvents, Failure } from './ports.js'
import type { PeerKey } from './values.js'

export interface LinkOwner {
  opened(peer: PeerKey, connection: Connection): PeerLink
  received(link: PeerLink, chunk: Uint8Array): void
  /** Without a link it was a dial, which failed. */
  closed(peer: PeerKey, link: PeerLink | undefined, failure: Failure): void
}

/** A class and not closures: a swarm in one process has hundreds of thousands. */
export class LinkEvents implements ConnectionEvents {
  readonly #owner: LinkOwner
  readonly #peer: PeerKey
  #link: PeerLink | undefined

  constructor(owner: LinkOwner, peer: PeerKey, link?: PeerLink) {
    this.#owner = owner
    this.#peer = peer
    this.#link = link
  }

  opened(connection: Connection): void {
    this.#link = this.#owner.opened(this.#peer, connection)
  }

  received(chunk: Uint8Array): void {
    if (this.#link !== undefined) this.#owner.received(this.#link, chunk)
  }

  closed(failure: Failure): void {
    this.#owner.closed(this.#peer, this.#link, failure)
  }
}
