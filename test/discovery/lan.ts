/** A local network in a simulated world: the `Multicast` port of each machine in it, whose datagrams may be lost. */
import { labelOf, type World } from '../../simulations/world.js'
import type { Answer, JoinOptions, Multicast, MulticastSocket } from '../../src/ports.js'
import { type PeerAddress, showAddress } from '../../src/values.js'

const DELAY_US = 1_000
const DONE: Answer<undefined> = { type: 'done', value: undefined }

interface Member {
  readonly group: string
  readonly received: JoinOptions['received']
}

export class Lan {
  readonly #world: World
  readonly #members = new Set<Member>()
  /** Datagrams sent so far. */
  sent = 0
  /** What comes of them. */
  fate: 'arrives' | 'is lost' | 'is refused' = 'arrives'
  /** Machines have no network. */
  down = false

  constructor(world: World) {
    this.#world = world
  }

  /** The port of a machine with this address. */
  at(host: string): Multicast {
    return {
      join: (options, done) => this.#later(() => done(this.#joined(host, options))),
    }
  }

  /** Somebody sends this to whoever listens to the group. */
  inject(bytes: Uint8Array, from: PeerAddress): void {
    for (const { received } of this.#members) this.#later(() => received(bytes, from))
  }

  #joined(host: string, { group, received }: JoinOptions): Answer<MulticastSocket> {
    if (this.down) return { type: 'failed', failure: { code: 'ENODEV', message: 'there is no network' } }
    const member = { group: showAddress(group), received }
    this.#members.add(member)
    const tell = (done: (answer: Answer<undefined>) => void, answer: Answer<undefined>): void =>
      this.#later(() => {
        if (this.#members.has(member)) done(answer)
      })
    return {
      type: 'done',
      value: {
        send: (bytes, done) => {
          if (!this.#members.has(member)) return
          this.sent++
          if (this.fate === 'is refused')
            return tell(done, { type: 'failed', failure: { code: 'ENETUNREACH', message: 'there is no way' } })
          tell(done, DONE)
          if (this.fate === 'arrives') this.#deliver(member.group, bytes.slice(), { host, port: 6_771 })
        },
        close: () => void this.#members.delete(member),
      },
    }
  }

  #deliver(group: string, bytes: Uint8Array, from: PeerAddress): void {
    for (const member of this.#members)
      if (member.group === group)
        this.#later(() => {
          if (this.#members.has(member)) member.received(bytes, from)
        })
  }

  #later(act: () => void): void {
    this.#world.schedule(this.#world.now + DELAY_US, labelOf('connection', 1), act)
  }
}
