/**
 * NAT-PMP (RFC 6886): asks the router, which is the gateway to the internet, to let others in.
 *
 * Strategy: what it is asked it answers in one datagram, and whoever listens on that port of it is taken to be it. Each
 * question has a socket of its own for as long as it is asked, a few seconds at most.
 */
import { LIMITS } from '../limits.js'
import type { Answer, Cancel, Clock, DatagramSocket, Datagrams, Mapping, MappingWish, Router } from '../ports.js'
import { instant } from '../values.js'
import { isPort } from '../wire/compact.js'
import {
  encodeNatPmpRequest,
  NAT_PMP_PORT,
  type NatPmpAnswer,
  type NatPmpRequest,
  readNatPmpAnswer,
} from '../wire/natpmp.js'

export interface NatPmpPorts {
  readonly datagrams: Datagrams
  readonly clock: Clock
  /** The IPv4 address of the router that leads to the internet. Not from within the call. */
  gateway(done: (answer: Answer<string>) => void): void
  /** Where the answers go to: the address that others are to be led to. Any of this machine, where it is left out. */
  readonly host?: string | undefined
}

type Granted<Type extends NatPmpRequest['type']> = Extract<NatPmpAnswer, { type: Type }>

const failed = (code: string, message: string): Answer<never> => ({ type: 'failed', failure: { code, message } })

/** One question, asked again until it is answered or nobody is thought to be there. */
class Question<Type extends NatPmpRequest['type']> {
  readonly #ports: NatPmpPorts
  readonly #gateway: string
  readonly #request: NatPmpRequest & { readonly type: Type }
  readonly #done: (answer: Answer<Granted<Type>>) => void
  #socket: DatagramSocket | undefined
  #cancelRetry: Cancel = () => undefined
  #tries = 0
  #ended = false

  constructor(
    ports: NatPmpPorts,
    gateway: string,
    request: NatPmpRequest & { readonly type: Type },
    done: (answer: Answer<Granted<Type>>) => void,
  ) {
    this.#ports = ports
    this.#gateway = gateway
    this.#request = request
    this.#done = done
    const { datagrams, host = '0.0.0.0' } = ports
    const received = (bytes: Uint8Array, from: { readonly host: string; readonly port: number }): void => {
      if (from.host === gateway && from.port === NAT_PMP_PORT) this.#hear(bytes)
    }
    datagrams.bind({ port: 0, host, received }, (answer) => {
      if (answer.type === 'failed') {
        this.#end(answer)
      } else if (this.#ended) {
        answer.value.close()
      } else {
        this.#socket = answer.value
        this.#send()
      }
    })
  }

  stop(): void {
    this.#ended = true
    this.#cancelRetry()
    this.#socket?.close()
  }

  #end(answer: Answer<Granted<Type>>): void {
    if (this.#ended) return
    this.stop()
    this.#done(answer)
  }

  #send(): void {
    const { clock } = this.#ports
    if (this.#tries === LIMITS.natPmpTries) {
      this.#end(failed('TIMEOUT', `no answer of the router ${this.#gateway}`))
      return
    }
    const waitMs = LIMITS.natPmpRetransmissionMs * 2 ** this.#tries
    this.#tries++
    this.#cancelRetry = clock.wakeAt(instant(clock.now() + waitMs), () => this.#send())
    const to = { host: this.#gateway, port: NAT_PMP_PORT }
    this.#socket?.send([encodeNatPmpRequest(this.#request)], to, (answer) => {
      if (answer.type === 'failed') this.#end(answer)
    })
  }

  #hear(bytes: Uint8Array): void {
    const answer = readNatPmpAnswer(bytes)
    if (answer === undefined) return
    if (answer.type === 'refused') {
      if (answer.asked === this.#request.type) this.#end(failed('REFUSED', `the router refuses: ${answer.reason}`))
    } else if (answer.type === this.#request.type) {
      this.#end({ type: 'done', value: answer as Granted<Type> }) // its type says so
    }
  }
}

export class NatPmp implements Router {
  readonly protocol = 'nat-pmp'
  readonly #ports: NatPmpPorts

  constructor(ports: NatPmpPorts) {
    this.#ports = ports
  }

  map(
    { port, externalPort, lifetimeMs }: MappingWish,
    done: (answer: Answer<Mapping>) => void,
    found: () => void,
  ): Cancel {
    const lifetimeSeconds = Math.ceil(lifetimeMs / 1_000)
    return this.#steps(done, (gateway, ask) => {
      ask(
        new Question(this.#ports, gateway, { type: 'map', port, externalPort, lifetimeSeconds }, (mapped) => {
          if (mapped.type === 'failed') return done(mapped)
          const { port: mappedPort, externalPort: given, lifetimeSeconds: seconds } = mapped.value
          if (mappedPort !== port || !isPort(given) || seconds === 0)
            return done(failed('GARBAGE', 'the router says that it has mapped what it was not asked to'))
          found()
          // A router that does not know where it is seen has let others in all the same.
          ask(
            new Question(this.#ports, gateway, { type: 'address' }, (address) => {
              const externalHost = address.type === 'done' ? address.value.host : undefined
              done({ type: 'done', value: { externalPort: given, externalHost, lifetimeMs: seconds * 1_000 } })
            }),
          )
        }),
      )
    })
  }

  unmap({ port }: Pick<MappingWish, 'port'>, done: (answer: Answer<undefined>) => void): Cancel {
    return this.#steps(done, (gateway, ask) => {
      const nothing = { type: 'map', port, externalPort: 0, lifetimeSeconds: 0 } as const
      ask(
        new Question(this.#ports, gateway, nothing, (answer) =>
          done(answer.type === 'failed' ? answer : { type: 'done', value: undefined }),
        ),
      )
    })
  }

  /** Finds the router, then asks it one thing after the other. */
  #steps(
    done: (answer: Answer<never>) => void,
    begin: (gateway: string, ask: (question: { stop(): void }) => void) => void,
  ): Cancel {
    let asking: { stop(): void } | undefined
    let stopped = false
    this.#ports.gateway((answer) => {
      if (stopped) return
      if (answer.type === 'failed') done(answer)
      else
        begin(answer.value, (question) => {
          asking = question
        })
    })
    return () => {
      stopped = true
      asking?.stop()
    }
  }
}
