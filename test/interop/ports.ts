/** Free ports, for clients that must be told theirs before they start. */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

// Below the range that the kernel takes from for outgoing connections (32768 and up on Linux), so that none of those
// can take a port between our looking and the client's binding it.
const FIRST = 20_000
const COUNT = 12_000
const given = new Set<number>()

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)))
  })

const binds = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.on('error', () => socket.close(() => resolve(false)))
    socket.bind(port, '0.0.0.0', () => socket.close(() => resolve(true)))
  })

/** A port that is free for TCP and UDP on every address, and that no other call was given. */
export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < 200; tries++) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if (given.has(port)) continue
    if ((await listens(port)) && (await binds(port))) {
      given.add(port)
      return port
    }
  }
  throw new Error('no free port was found')
}
