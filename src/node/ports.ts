/** The ports of this machine: everything real that the engine stands on, put together. */
import type { LogStore, Ports } from '../ports.js'
import { nodeClock } from './clock.js'
import { nodeDatagrams } from './datagrams.js'
import { nodeDiscovery } from './discovery.js'
import { openNodeDisk } from './disk.js'
import { nodeHasher } from './hasher.js'
import { entropy, machineStartedAt } from './machine.js'
import { nodeNetwork } from './network.js'
import { PieceBuffers } from './piece-buffers.js'

export const nodePorts = (logs: LogStore): Ports => {
  const clock = nodeClock()
  const datagrams = nodeDatagrams()
  return {
    clock,
    network: nodeNetwork(),
    datagrams,
    hasher: nodeHasher(),
    discovery: nodeDiscovery(clock, datagrams),
    logs,
    openDisk: openNodeDisk,
    openPieceMemory: (pieceLength, freePiecesMax) => new PieceBuffers(pieceLength, freePiecesMax),
    entropy,
    machineStartedAt,
  }
}
