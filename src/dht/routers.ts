/** Routers: nodes that everybody knows, where the DHT is joined while no other node is known. */
import type { PeerAddress } from '../values.js'

export const DHT_ROUTERS: readonly PeerAddress[] = [
  { host: 'dht.libtorrent.org', port: 25_401 },
  { host: 'router.bittorrent.com', port: 6_881 },
  { host: 'dht.transmissionbt.com', port: 6_881 },
  { host: 'router.utorrent.com', port: 6_881 },
  { host: 'dht.aelitis.com', port: 6_881 },
]
