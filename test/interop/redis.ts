/** A Redis server of a test's own, without persistence, from Debian's `redis-server`. */
import type { Child } from './child.js'
import { missing, type Peer, START_BOUND_MS } from './client.js'
import type { Rig } from './rig.js'

export const redis: Peer = {
  name: 'Redis',
  available: () => missing('redis-server', 'Debian: apt-get install redis-server'),
}

/** Resolves when it takes connections, on loopback only. */
export const startRedis = async (rig: Rig, port: number): Promise<Child> => {
  const where = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', await rig.folder('redis')]
  const args = [...where, '--save', '', '--appendonly', 'no']
  const child = rig.start({ name: 'redis-server', command: 'redis-server', args })
  await child.waitFor(
    'took connections',
    ({ text }) => /Ready to accept connections/.test(text) || undefined,
    START_BOUND_MS,
  )
  return child
}
