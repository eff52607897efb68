/** The network over uTP (BEP 29): connections, dialed and accepted, that share one UDP socket. */
import { LIMITS } from '../limits.js'
import type { Answer, DatagramSocket, Listener, ListenOptions, Network } from '../ports.js'
import { CLOSED } from './utp-failures.js'
import { UtpHub, type UtpParts } from './utp-hub.js'

const bound = ({ datagrams }: UtpParts, hub: UtpHub, port: number, host?: string): Promise<Answer<DatagramSocket>> =>
  new Promise((resolve) => {
    datagrams.bind(
      {
        port,
        host,
        receiveBufferBytes: LIMITS.utpReceiveBufferBytes,
        received: (bytes, from) => hub.received(bytes, from),
        rested: () => hub.rested(),
      },
      (answer) => {
        if (answer.type === 'done') hub.use(answer.value)
        resolve(answer)
      },
    )
  })

export interface UtpNetwork extends Network {
  /** Lets go of everything at once. */
  close(): void
}

/** Dials from where it listens, as routers let answers in there. */
export const utpNetwork = (parts: UtpParts): UtpNetwork => {
  let listening: UtpHub | undefined
  /** Beside the one that listens those that did, and have connections left. */
  const hubs = new Set<UtpHub>()
  return {
    close: () => {
      for (const hub of hubs) hub.close()
      hubs.clear()
      listening = undefined
    },
    dial: (address, timeoutMs, events) => {
      const connection = listening?.dial(address, timeoutMs, events)
      if (connection !== undefined) return connection
      const cancel = parts.clock.wakeAt(parts.clock.now(), () =>
        events.closed({ code: 'ENOBUFS', message: 'there is no socket, or too many connections of it' }),
      )
      return { close: cancel }
    },
    listen: async ({ port, host, accepted }: ListenOptions): Promise<Answer<Listener>> => {
      const hub = new UtpHub(parts)
      hubs.add(hub)
      const answer = await bound(parts, hub, port, host)
      if (answer.type === 'done' && !hubs.has(hub)) {
        answer.value.close()
        return { type: 'failed', failure: CLOSED }
      }
      if (answer.type === 'failed') {
        hubs.delete(hub)
        return answer
      }
      hub.accept = accepted
      listening = hub
      const closeWhereEmpty = (): void => {
        if (!hub.isEmpty) return
        hub.close()
        hubs.delete(hub)
      }
      const close = (): Promise<void> => {
        hub.accept = undefined
        if (listening === hub) listening = undefined
        hub.emptied = closeWhereEmpty
        closeWhereEmpty()
        return Promise.resolve()
      }
      return { type: 'done', value: { port: answer.value.port, close } }
    },
  }
}
