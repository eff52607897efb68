/** The tracker of the npm package `bittorrent-tracker`. */
import { START_BOUND_MS, type Tracker } from './client.js'
import { numberOf, waitForJson } from './json.js'
import { NPM_PEERS, npmPeersUnavailable } from './npm-peers.js'
import { LOOPBACK } from './place.js'
import { peerScript } from './python.js'

export const bittorrentTracker: Tracker = {
  name: 'bittorrent-tracker',
  available: npmPeersUnavailable,
  track: async (rig, _samples, place = LOOPBACK) => {
    const child = rig.start({
      name: 'bittorrent-tracker',
      command: process.execPath,
      args: [peerScript('bittorrent_tracker.mjs'), place.host],
      cwd: NPM_PEERS,
      place,
    })
    const port = numberOf(await waitForJson(child, 'listening', START_BOUND_MS), 'http')
    return `http://${place.host}:${port}/announce`
  },
}
