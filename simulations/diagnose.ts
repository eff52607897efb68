/** Diagnosing: why a leecher has not finished, in words. */
import type { SimulatedNode } from './node.js'

export const diagnose = (node: SimulatedNode): string => {
  const { holdings, standing } = node
  const holding = holdings.find(({ finished }) => !finished)
  const transfer = holding?.transfer
  if (holding === undefined || transfer === undefined)
    return `node ${node.number} is ${standing}, after ${node.crashes} crashes`
  const { state } = transfer
  let connected = 0
  let serving = 0
  let ordered = 0
  for (const peer of state.peers.values()) {
    if (peer.standing.tags.open === true) connected++
    if (peer.standing.tags.open === true && peer.standing.tags.peerChoking !== true) serving++
    ordered += peer.requested.size
  }
  const { failure } = state
  const parts = [
    `node ${node.number} is ${transfer.progress.phase}`,
    holdings.length === 1 ? '' : `, of its torrents ${holding.content.metainfo.name}`,
    failure === undefined ? '' : ` (${failure.code}: ${failure.message})`,
    `: ${state.missing} pieces missing, ${state.pieces.size} in flight`,
    `, ${connected} of ${state.peers.size} connections open, ${serving} serve it, ${ordered} blocks on order`,
    `, ${state.candidates.size} addresses known, ${state.banned.size} banned, ${node.crashes} crashes`,
  ]
  return parts.join('')
}
