/** A tunnel: a socket to somebody that a proxy has opened. */
import { connect, type Socket } from 'node:net'
import type { PeerAddress } from '../values.js'
import { ProxyDialogue, type ProxyServer } from '../wire/proxy.js'

/** Failures are errors with a `code`; who stops waiting destroys the socket that is returned. */
export const openTunnel = (
  proxy: ProxyServer,
  to: PeerAddress,
  done: (result: { readonly socket: Socket } | { readonly error: Error }) => void,
): Socket => {
  const socket = connect({ host: proxy.host, port: proxy.port, noDelay: true })
  const dialogue = new ProxyDialogue(proxy, to)
  const fail = (code: string, message: string): void => {
    socket.off('data', read)
    done({ error: Object.assign(new Error(message), { code }) })
    socket.destroy()
  }
  const failed = (error: Error): void => fail('PROXY_FAILED', `the proxy: ${error.message}`)
  const ended = (): void => fail('PROXY_FAILED', 'the proxy ended the connection')
  const read = (chunk: Buffer): void => {
    const progress = dialogue.push(chunk)
    if (progress.type === 'refused') fail('PROXY_REFUSED', progress.reason)
    else if (progress.type === 'more') {
      if (progress.send.length > 0) socket.write(progress.send)
    } else {
      // Left flowing: nobody at the other end speaks before us, and a socket that is paused stays so for node:http.
      socket.off('data', read).off('error', failed).off('end', ended)
      if (progress.rest.length > 0) fail('GARBAGE', 'somebody spoke before they were asked')
      else done({ socket })
    }
  }
  socket.once('connect', () => socket.write(dialogue.start()))
  // Stays on, so that an error that comes late finds someone.
  socket.on('error', () => undefined)
  socket.once('error', failed).once('end', ended).on('data', read)
  return socket
}
