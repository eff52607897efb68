/** The ports of this machine: everything real that the engine stands on, put together. */
import { NatPmp } from '../discovery/nat-pmp.js'
import { LIMITS } from '../limits.js'
import type { DataChannels, LogStore, Ports } from '../ports.js'
import type { ProxyServer } from '../wire/proxy.js'
import { type AskingRules, NO_RULES } from './asked-server.js'
import { nodeClock } from './clock.js'
import { nodeDatagrams } from './datagrams.js'
import { nodeDiscovery, resolve } from './discovery.js'
import { openNodeDisk } from './disk.js'
import { findGateway } from './gateway.js'
import { nodeHasher } from './hasher.js'
import { nodeHttpRanges } from './http-ranges.js'
import { keptFile } from './kept-file.js'
import { entropy, machineStartedAt } from './machine.js'
import { nodeMulticast } from './multicast.js'
import { nodeNetwork } from './network.js'
import { PieceBuffers } from './piece-buffers.js'
import { nodeUpnp } from './upnp.js'

/** `host` is the address that the engine listens on; all of the machine's, where it is left out. */
export const nodePorts = (
  logs: LogStore,
  host?: string,
  dhtFile?: string,
  rules: AskingRules = NO_RULES,
  proxy?: ProxyServer,
  channels?: DataChannels,
): Ports => {
  const clock = nodeClock()
  const datagrams = nodeDatagrams()
  return {
    clock,
    network: nodeNetwork(),
    datagrams,
    hasher: nodeHasher(),
    discovery: nodeDiscovery(clock, datagrams, { rules, proxy, channels }),
    // Web seeds are not asked through a proxy, nor around it.
    httpRanges: proxy === undefined ? nodeHttpRanges(rules) : undefined,
    multicast: nodeMulticast(host),
    routers: [nodeUpnp(host), new NatPmp({ datagrams, clock, gateway: findGateway, host })],
    resolve,
    dhtMemory: dhtFile === undefined ? undefined : keptFile(dhtFile, LIMITS.dhtSavedBytesMax),
    logs,
    openDisk: openNodeDisk,
    openPieceMemory: (pieceLength, freePiecesMax) => new PieceBuffers(pieceLength, freePiecesMax),
    entropy,
    machineStartedAt,
  }
}
