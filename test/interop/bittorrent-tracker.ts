/** The tracker of the npm package `bittorrent-tracker`. */
import { START_BOUND_MS, type Tracker } from './client.js'
import { numberOf, waitForJson } from './json.js'
import { NPM_PEERS, npmPeersUnavailable } from './npm-peers.js'
import { LOOPBACK } from './place.js'
import { peerScript } from './python.js'

const over = (protocol: 'http' | 'udp'): Tracker => ({
  name: `bittorrent-tracker${protocol === 'udp' ? ' over UDP' : ''}`,
  available: npmPeersUnavailable,
  track: async (rig, _samples, place = LOOPBACK) => {
    const child = rig.start({
      name: 'bittorrent-tracker',
      command: process.execPath,
      args: [peerScript('bittorrent_tracker.mjs'), place.host],
      cwd: NPM_PEERS,
      place,
    })
    const port = numberOf(await waitForJson(child, 'listening', START_BOUND_MS), protocol)
    return `${protocol}://${place.host}:${port}/announce`
  },
})

export const bittorrentTracker = over('http')
export const bittorrentTrackerOverUdp = over('udp')
