/** uTP over real datagrams keeps the contract of networks. */
import { test } from 'uvu'
import { nodeClock } from '../../src/node/clock.js'
import { nodeDatagrams } from '../../src/node/datagrams.js'
import { entropy } from '../../src/node/machine.js'
import { utpNetwork } from '../../src/transports/utp-network.js'
import type { PeerAddress } from '../../src/values.js'
import { mailbox } from '../contracts/datagrams.js'
import { Ear } from '../contracts/ear.js'
import { type NetworkWorld, networkContract } from '../contracts/network.js'
import { waitAtMost } from '../contracts/waiting.js'

const until = waitAtMost(30_000)
const HOST = '127.0.0.1'
const clock = nodeClock()
const datagrams = nodeDatagrams()

const network = () => utpNetwork({ datagrams, clock, entropy })

const world = async (): Promise<NetworkWorld> => {
  const closers: (() => unknown)[] = []
  const dialing = network()
  const listening = network()
  const ours = await dialing.listen({
    port: 0,
    host: HOST,
    accepted: (connection) => {
      connection.close()
      return new Ear()
    },
  })
  if (ours.type === 'done') closers.push(() => ours.value.close())
  // Connections that a claim leaves open talk to each other for ever, and would keep the process.
  closers.push(() => {
    dialing.close()
    listening.close()
  })
  return {
    network: {
      dial: (address, timeoutMs, events) => dialing.dial(address, timeoutMs, events),
      listen: (options) => listening.listen(options),
    },
    host: HOST,
    until,
    // Somebody who speaks uTP and takes nobody.
    refusing: async (): Promise<PeerAddress> => {
      const other = network()
      const answer = await other.listen({ port: 0, host: HOST, accepted: () => new Ear() })
      if (answer.type === 'failed') throw new Error(answer.failure.message)
      const keeper = new Ear()
      other.dial({ host: HOST, port: answer.value.port }, 60_000, keeper)
      await until(keeper.whenOpened(), 'it is open')
      await answer.value.close()
      closers.push(() => keeper.connection?.close())
      return { host: HOST, port: answer.value.port }
    },
    silent: async () => {
      const { socket, address } = await mailbox({ datagrams, until }, HOST)
      closers.push(() => socket.close())
      return address
    },
    close: async () => {
      for (const close of closers) await close()
    },
  }
}

networkContract('utp', world)

test.run()
