/** The npm package `bittorrent-tracker`: its tracker, and its clients. */
import { START_BOUND_MS, type Tracker } from './client.js'
import { numberOf, waitForJson } from './json.js'
import { NPM_PEERS, npmPeersUnavailable } from './npm-peers.js'
import { LOOPBACK } from './place.js'
import { peerScript } from './python.js'
import type { Rig } from './rig.js'

const NAMES = { http: '', udp: ' over UDP', ws: ' over WebSocket' } as const

const over = (protocol: keyof typeof NAMES): Tracker => ({
  name: `bittorrent-tracker${NAMES[protocol]}`,
  available: npmPeersUnavailable,
  track: async (rig, _samples, place = LOOPBACK) => {
    const child = rig.start({
      name: 'bittorrent-tracker',
      command: process.execPath,
      args: [peerScript('bittorrent_tracker.mjs'), place.host],
      cwd: NPM_PEERS,
      place,
    })
    const port = numberOf(await waitForJson(child, 'listening', START_BOUND_MS), protocol === 'udp' ? 'udp' : 'http')
    return `${protocol}://${place.host}:${port}/announce`
  },
})

export const bittorrentTracker = over('http')
export const bittorrentTrackerOverUdp = over('udp')
export const bittorrentTrackerOverWebSocket = over('ws')

/** Two of its clients announce, scrape and stop at this tracker; what each was told, by step. */
export const clientsOfBittorrentTracker = async (
  rig: Rig,
  announce: string,
): Promise<Readonly<Record<string, unknown>>> => {
  const child = rig.start({
    name: 'clients of bittorrent-tracker',
    command: process.execPath,
    args: [peerScript('bittorrent_tracker_clients.mjs'), announce],
    cwd: NPM_PEERS,
    place: LOOPBACK,
  })
  const { type: _, ...told } = await waitForJson(child, 'told', START_BOUND_MS)
  return told
}
