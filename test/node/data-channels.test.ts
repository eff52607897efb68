/** Data channels over loopback keep the contract of the port, and each side knows where the other is. */
import { test as ofContract, suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loadDataChannels } from '../../src/node/data-channels.js'
import type { Connection } from '../../src/ports.js'
import { dataChannelsContract } from '../contracts/data-channels.js'
import { signal, waitAtMost } from '../contracts/waiting.js'

const BOUND_MS = 20_000

const channels = loadDataChannels({ host: '127.0.0.1', stunServers: [], isBlocked: () => false })

dataChannelsContract('data channels', (work) => work({ channels: [channels, channels], until: waitAtMost(BOUND_MS) }))

const test = suite('data channels')

test('data channels: each side knows where the other is', async () => {
  const opened = signal<Connection>()
  const hearing = { opened: () => undefined, received: () => undefined, closed: () => undefined }
  const failed = (): void => undefined
  const offering = channels.open(undefined, {
    described: (offer) => {
      channels.open(offer, { described: (sdp) => offering.answered(sdp), opened: () => hearing, failed })
    },
    opened: (connection) => {
      opened.send(connection)
      return hearing
    },
    failed,
  })
  const connection = await waitAtMost(BOUND_MS)(opened.promise, 'it opens')
  assert.is(connection.remote.host, '127.0.0.1')
  assert.ok(connection.remote.port > 0)
  connection.close()
})

ofContract.run()
test.run()
