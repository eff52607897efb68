/** Trackers over UDP, on real sockets: both families, names, and a process that ends when it has its answer. */

import { spawn } from 'node:child_process'
import { createSocket, type RemoteInfo } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeUdpAnswer, type UdpAnswer } from '../../src/wire/udpanswer.js'
import { readUdpRequest, type UdpRequest } from '../../src/wire/udprequest.js'
import { signal } from '../contracts/waiting.js'
import { announce, outcomeOf, REQUEST, until } from './tracker-rig.js'

const withUdpTracker = async (
  host: string,
  answer: (request: UdpRequest) => UdpAnswer | undefined,
  check: (port: number, heard: readonly UdpRequest[]) => Promise<void>,
): Promise<void> => {
  const family = host.includes(':') ? 'ipv6' : 'ipv4'
  const socket = createSocket(family === 'ipv6' ? 'udp6' : 'udp4')
  const heard: UdpRequest[] = []
  socket.on('message', (bytes: Buffer, { address, port }: RemoteInfo) => {
    const request = readUdpRequest(new Uint8Array(bytes))
    if (request.type === 'fault') throw new Error(request.reason)
    heard.push(request)
    const answered = answer(request)
    if (answered !== undefined) socket.send(encodeUdpAnswer(answered, family), port, address)
  })
  const bound = signal<void>()
  socket.bind(0, host, () => bound.send())
  await until(bound.promise, 'the tracker is bound')
  try {
    await check(socket.address().port, heard)
  } finally {
    socket.close()
  }
}

const PEERS = { ipv4: [{ host: '10.0.0.7', port: 7 }], ipv6: [{ host: '2001:db8::7', port: 7 }] }
const well =
  (family: 'ipv4' | 'ipv6') =>
  (request: UdpRequest): UdpAnswer => {
    const { transactionId } = request
    if (request.type === 'connect') return { type: 'connected', transactionId, connectionId: new Uint8Array(8).fill(3) }
    return { type: 'announced', transactionId, intervalSeconds: 900, complete: 1, incomplete: 2, peers: PEERS[family] }
  }

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))

for (const host of hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'])
  test(`UDP tracker: one at ${host} hears the request, and its answer arrives`, async () => {
    const family = host === '::1' ? 'ipv6' : 'ipv4'
    await withUdpTracker(host, well(family), async (port, heard) => {
      const url = `udp://${family === 'ipv6' ? `[${host}]` : host}:${port}/announce?key=1`
      const answer = await announce(url)
      assert.equal(answer, {
        type: 'done',
        value: { complete: 1, incomplete: 2, intervalSeconds: 900, peers: PEERS[family] },
      })
      const [, second] = heard
      if (second?.type !== 'announce') throw new Error('there is an announce')
      assert.equal(
        [second.infoHash, second.peerId, second.event, second.port, second.urlData],
        [REQUEST.infoHash, REQUEST.peerId, REQUEST.event, REQUEST.port, '/announce?key=1'],
      )
    })
  })

test('UDP tracker: one that is named is found', async () => {
  // Whatever this machine takes the name for.
  const nobody = (request: UdpRequest): UdpAnswer => {
    const { transactionId } = request
    if (request.type === 'connect') return well('ipv4')(request)
    return { type: 'announced', transactionId, intervalSeconds: 900, complete: 0, incomplete: 0, peers: [] }
  }
  await withUdpTracker(hasIpv6 ? '::' : '0.0.0.0', nobody, async (port, heard) => {
    assert.is(await outcomeOf(`udp://localhost:${port}/announce`), 'done')
    assert.is(heard.length, 2)
  })
  assert.match(await outcomeOf('udp://nowhere.invalid:1/announce'), /^(ENOTFOUND|EAI_AGAIN): /)
})

test('UDP tracker: one that says no is a FAILURE in its words', async () => {
  const refuse = (request: UdpRequest): UdpAnswer =>
    request.type === 'connect'
      ? well('ipv4')(request)
      : { type: 'failure', transactionId: request.transactionId, reason: 'not on the whitelist' }
  await withUdpTracker('127.0.0.1', refuse, async (port) => {
    assert.is(await outcomeOf(`udp://127.0.0.1:${port}`), 'FAILURE: not on the whitelist')
  })
})

test('UDP tracker: a process that has its answer ends', async () => {
  await withUdpTracker('127.0.0.1', well('ipv4'), async (port) => {
    const program = fileURLToPath(new URL('announce-child.ts', import.meta.url))
    const args = ['--import', 'tsx', program, `udp://127.0.0.1:${port}/`]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 20_000 })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    const ended = signal<number | null>()
    child.on('close', (code) => ended.send(code))
    assert.is(await until(ended.promise, 'the child ends'), 0)
    assert.is(output.trim(), 'peers 1')
  })
})

test.run()
