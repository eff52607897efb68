/** libtorrent 2 (the engine of qBittorrent and Deluge), from Debian's `python3-libtorrent`. */
import type { Child } from './child.js'
import { type Client, GET_BOUND_MS, type Job, START_BOUND_MS } from './client.js'
import { numberOf, waitForJson } from './json.js'
import { LOOPBACK } from './place.js'
import { libtorrentUnavailable, PYTHON, peerScript } from './python.js'

export const startLibtorrent = (
  { rig, sample, place = LOOPBACK }: Job,
  role: string,
  dir: string,
  more: string[],
): Child =>
  rig.start({
    name: `libtorrent ${role}`,
    command: PYTHON,
    args: [peerScript('libtorrent_peer.py'), role, sample.torrent, dir, '--host', place.host, '--trackers', ...more],
    place,
  })

export const libtorrent: Client = {
  name: 'libtorrent',
  available: libtorrentUnavailable,
  seed: async (job) => {
    const limit = job.uploadLimit === undefined ? [] : ['--upload-limit', `${job.uploadLimit}`]
    const child = startLibtorrent(job, 'seed', job.dir, limit)
    const port = numberOf(await waitForJson(child, 'listening', START_BOUND_MS), 'port')
    await waitForJson(child, 'seeding', START_BOUND_MS)
    return { address: `${(job.place ?? LOOPBACK).host}:${port}` }
  },
  get: async (job) => {
    const { peers = [], stay = false, boundMs = GET_BOUND_MS } = job
    const dir = await job.rig.folder('libtorrent')
    const child = startLibtorrent(job, 'get', dir, [
      ...peers.flatMap((peer) => ['--peer', peer]),
      ...(stay ? ['--stay'] : []),
    ])
    await waitForJson(child, 'done', boundMs)
    return { dir }
  },
}
