/**
 * The network: TCP connections, dialed and accepted.
 *
 * Strategy: a dialed socket reads into a buffer of ours (`onread`), which saves an allocation and a stream's machinery
 * for every read. All sockets share one buffer: Node hands it to the system just before a read that cannot wait, and
 * calls back from within the same turn of the loop, so no second read can come between a read and its `received`; and
 * `received` promises its bytes for the time of the call only. So thousands of idle connections hold no buffer at all.
 * Node 20 knows no `onread` for accepted sockets: those take 'data' events, in chunks of at most 64 KiB.
 */
import { connect, createServer, type Socket } from 'node:net'
import { LIMITS } from '../limits.js'
import type { Answer, Connection, ConnectionEvents, Listener, ListenOptions, Network } from '../ports.js'
import type { PeerAddress } from '../values.js'
import { SocketConnection } from './connection.js'
import { failureOf } from './failure.js'

const SELF = 'the connection was answered by its own end'

/** Linux may answer a dial from the very port that it goes to, when nobody listens there. */
const isConnectedToItself = (socket: Socket): boolean =>
  socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress

export const nodeNetwork = (): Network => {
  let readBuffer: Uint8Array | undefined

  const dial = (address: PeerAddress, timeoutMs: number, events: ConnectionEvents): Pick<Connection, 'close'> => {
    readBuffer ??= new Uint8Array(LIMITS.socketReadBytesMax)
    const { buffer } = readBuffer
    const socket = connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          connection.received(new Uint8Array(buffer, 0, length))
          return true
        },
      },
    })
    const connection = new SocketConnection(socket, address)
    connection.hear(events)
    const timer = setTimeout(() => {
      connection.end({ code: 'ETIMEDOUT', message: `no answer within ${timeoutMs} ms` })
    }, timeoutMs)
    socket.once('close', () => clearTimeout(timer))
    socket.once('connect', () => {
      clearTimeout(timer)
      if (isConnectedToItself(socket)) connection.end({ code: 'ECONNREFUSED', message: SELF })
      else connection.opened()
    })
    return connection
  }

  const listen = ({ port, host, accepted }: ListenOptions): Promise<Answer<Listener>> =>
    new Promise((resolve) => {
      let closed = false
      const server = createServer({ noDelay: true }, (socket) => {
        const connection = new SocketConnection(socket)
        // A socket that was reset while it waited in the queue has no address any more.
        if (closed || connection.remote.host === '') return connection.close()
        connection.hear(accepted(connection))
        socket.on('data', (chunk: Buffer) => {
          connection.received(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
        })
      })
      // Stays on: after the promise is settled this is one connection that could not be accepted, and the next may be.
      server.on('error', (error) => resolve({ type: 'failed', failure: failureOf(error) }))
      server.listen({ port, host, exclusive: true }, () => {
        const bound = server.address()
        const listener: Listener = {
          port: typeof bound === 'object' && bound !== null ? bound.port : port,
          close: () => {
            // The system has the port back when `close` returns; its callback would wait for all connections.
            if (!closed) server.close()
            closed = true
            return Promise.resolve()
          },
        }
        resolve({ type: 'done', value: listener })
      })
    })

  return { dial, listen }
}
