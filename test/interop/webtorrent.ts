/** WebTorrent over TCP, from npm. */
import type { Child } from './child.js'
import { type Client, GET_BOUND_MS, type Job, START_BOUND_MS } from './client.js'
import { numberOf, waitForJson } from './json.js'
import { NPM_PEERS, npmPeersUnavailable } from './npm-peers.js'
import { LOOPBACK } from './place.js'
import { peerScript } from './python.js'

const start = ({ rig, sample, place = LOOPBACK }: Job, role: string, dir: string, more: string[]): Child =>
  rig.start({
    name: `WebTorrent ${role}`,
    command: process.execPath,
    args: [peerScript('webtorrent_peer.mjs'), role, sample.torrent, dir, '--trackers', ...more],
    cwd: NPM_PEERS,
    place,
  })

export const webtorrent: Client = {
  name: 'WebTorrent',
  available: npmPeersUnavailable,
  seed: async (job) => {
    const child = start(job, 'seed', job.dir, [])
    const port = numberOf(await waitForJson(child, 'listening', START_BOUND_MS), 'port')
    await waitForJson(child, 'seeding', START_BOUND_MS)
    return { address: `${(job.place ?? LOOPBACK).host}:${port}` }
  },
  get: async (job) => {
    const { peers = [], stay = false, boundMs = GET_BOUND_MS } = job
    const dir = await job.rig.folder('webtorrent')
    const child = start(job, 'get', dir, [...peers.flatMap((peer) => ['--peer', peer]), ...(stay ? ['--stay'] : [])])
    await waitForJson(child, 'done', boundMs)
    if (!stay) await child.end(START_BOUND_MS)
    return { dir }
  },
}
