/** The gateway, in tables of routes as systems print them. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { gatewayOfNetstat, gatewayOfProc } from '../../src/wire/gateway.js'

const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n'

test('gateway: on Linux it is that of the route to everywhere', () => {
  const table = `${HEAD}eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\neth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n`
  assert.is(gatewayOfProc(table), '192.0.2.1')
})

test('gateway: of several routes to everywhere it is the one with the least metric that is up', () => {
  const routes = [
    'wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0',
    'eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0',
    'eth1\t00000000\t0200000A\t0002\t0\t0\t1\t00000000\t0\t0\t0',
    'tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0',
  ]
  assert.is(gatewayOfProc(HEAD + routes.join('\n')), '10.0.0.1')
})

test('gateway: there may be none', () => {
  for (const table of ['', HEAD, `${HEAD}nonsense\n`, `${HEAD}eth0\t00000000\tZZ\t0003\t0\t0\t0\t00000000\n`])
    assert.is(gatewayOfProc(table), undefined)
  for (const table of ['', 'Routing tables\n\ndefault link#4 UCS en0\n', '0.0.0.0 0.0.0.0 On-link 10.0.0.7 25'])
    assert.is(gatewayOfNetstat(table), undefined)
})

test('gateway: it is found in what netstat prints on macOS, BSD and Windows', () => {
  const macos = `Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            192.168.1.1        UGScg                 en0
127                127.0.0.1          UCS                   lo0

Internet6:
default            fe80::%utun0       UGcIg               utun0
`
  const windows = `IPv4 Route Table\r
===========================================================================\r
Active Routes:\r
Network Destination        Netmask          Gateway       Interface  Metric\r
          0.0.0.0          0.0.0.0      192.168.0.1     192.168.0.7     25\r
        127.0.0.0        255.0.0.0         On-link         127.0.0.1    331\r
`
  assert.is(gatewayOfNetstat(macos), '192.168.1.1')
  assert.is(gatewayOfNetstat(windows), '192.168.0.1')
})

test.run()
