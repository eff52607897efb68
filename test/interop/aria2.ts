/** aria2, from Debian's `aria2`. It takes no peer's address: it meets others through trackers, or is dialled. */
import path from 'node:path'
import type { Child } from './child.js'
import { type Client, GET_BOUND_MS, type Job, missing, START_BOUND_MS } from './client.js'
import { LOOPBACK } from './place.js'
import { freePort } from './ports.js'
import { listening } from './rig.js'

type Over = 'http' | 'udp'

/** It asks trackers over UDP by the socket of its DHT only, so it has one then, which knows of nobody. */
const datagrams = async ({ rig }: Job, over: Over): Promise<string[]> => {
  if (over === 'http') return ['--enable-dht=false']
  const table = path.join(await rig.folder('aria2-dht'), 'dht.dat')
  return ['--enable-dht=true', `--dht-listen-port=${await freePort()}`, `--dht-file-path=${table}`]
}

const start = async (job: Job, over: Over, role: string, dir: string, more: string[]) => {
  const { rig, sample, place = LOOPBACK } = job
  const [port, dht] = [await freePort(), await datagrams(job, over)]
  const child: Child = rig.start({
    name: `aria2 ${role}`,
    command: 'aria2c',
    args: [
      ...['--no-conf=true', `--dir=${dir}`, `--listen-port=${port}`, '--file-allocation=none', '--enable-color=false'],
      ...[...dht, '--enable-dht6=false', '--bt-enable-lpd=false', '--enable-peer-exchange=false'],
      ...[
        '--summary-interval=0',
        '--disk-cache=0',
        '--console-log-level=notice',
        '--bt-tracker-timeout=10',
        ...more,
        sample.torrent,
      ],
    ],
    place,
  })
  return { child, address: `${place.host}:${port}`, port }
}

/** GID, number of files and path of the first, on a line of its own or after a progress line without an end. */
const hookLine = /\b[0-9a-f]{16} \d+ \//

const aria2Over = (over: Over): Client => ({
  name: `aria2${over === 'udp' ? ' over UDP' : ''}`,
  available: () => missing('aria2c', 'Debian: apt-get install aria2'),
  seed: async (job) => {
    const limit = job.uploadLimit === undefined ? [] : [`--max-overall-upload-limit=${job.uploadLimit}`]
    const seeding = ['--bt-seed-unverified=true', '--seed-ratio=0', '--seed-time=10', ...limit]
    const { address, port } = await start(job, over, 'seed', job.dir, seeding)
    await listening('aria2', (job.place ?? LOOPBACK).host, port, START_BOUND_MS)
    return { address }
  },
  get: async (job) => {
    const { stay = false, boundMs = GET_BOUND_MS, peers = [] } = job
    if (peers.length > 0) throw new Error('aria2 cannot be told a peer: give the torrent a tracker')
    const dir = await job.rig.folder('aria2')
    const seeding = stay ? ['--seed-ratio=0', '--seed-time=10'] : ['--seed-time=0']
    // It says that it is complete only after it has seeded, but calls a program before: one that repeats its arguments.
    const { child } = await start(job, over, 'get', dir, ['--on-bt-download-complete=/bin/echo', ...seeding])
    const root = path.join(dir, job.sample.name)
    await child.waitFor(
      'is complete',
      ({ text }) => (hookLine.test(text) && text.includes(root) ? true : undefined),
      boundMs,
    )
    if (!stay) await child.end(START_BOUND_MS)
    return { dir }
  },
})

export const aria2 = aria2Over('http')
/** For trackers over UDP. */
export const aria2OverUdp = aria2Over('udp')
