/** Announces once to the tracker that it is given and prints the answer: a process that trusts what its parent says. */
import { nodeClock } from '../../src/node/clock.js'
import { nodeDatagrams } from '../../src/node/datagrams.js'
import { nodeDiscovery } from '../../src/node/discovery.js'
import { infoHash, peerId } from '../../src/values.js'

const request = {
  infoHash: infoHash(new Uint8Array(20)),
  peerId: peerId(new Uint8Array(20)),
  port: 6_881,
  uploadedBytes: 0,
  downloadedBytes: 0,
  leftBytes: 0,
}
nodeDiscovery(nodeClock(), nodeDatagrams()).announce(process.argv[2] ?? '', request, (answer) => {
  console.log(answer.type === 'done' ? `peers ${answer.value.peers.length}` : answer.failure.code)
})
