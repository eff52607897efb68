/** opentracker over HTTP and UDP, from Debian's `opentracker`, which is built with a whitelist of info-hashes. */
import { chmod, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { missing, START_BOUND_MS, type Tracker } from './client.js'
import { LOOPBACK } from './place.js'
import { freePort } from './ports.js'
import { listening } from './rig.js'

export const opentracker: Tracker = {
  name: 'opentracker',
  available: () => missing('opentracker', 'Debian: apt-get install opentracker'),
  track: async (rig, samples, place = LOOPBACK) => {
    const [port, dir] = [await freePort(), await rig.folder('opentracker')]
    // It gives up its rights before it reads the list.
    await chmod(dir, 0o755)
    await writeFile(path.join(dir, 'whitelist'), samples.map(({ infoHash }) => `${infoHash}\n`).join(''))
    const args = ['-i', place.host, '-p', `${port}`, '-P', `${port}`, '-d', dir, '-w', 'whitelist']
    rig.start({ name: 'opentracker', command: 'opentracker', args, place })
    await listening('opentracker', place.host, port, START_BOUND_MS)
    return `http://${place.host}:${port}/announce`
  },
}

/** The same, which answers over UDP at the same port. */
export const opentrackerOverUdp: Tracker = {
  ...opentracker,
  name: 'opentracker over UDP',
  track: async (...asked) => (await opentracker.track(...asked)).replace(/^http:/, 'udp:'),
}
