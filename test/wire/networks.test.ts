/** Networks: which addresses a stranger may have us ask, in every spelling. */
import { isIP } from 'node:net'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Asking, kindOfHost, type LocalRequests, mayAsk } from '../../src/wire/networks.js'

const KINDS: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '::127.0.0.1', '64:ff9b::7f00:1', '[::1]'],
  private: [
    ...['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '198.18.0.1'],
    ...['fc00::1', 'fdff::1', 'fec0::1', '::ffff:10.1.2.3', '2002:0a00:0001::', '64:ff9b:1::1'],
    '2001:0:4136:e378:8000:63bf:f5ff:fffe', // Teredo of 10.0.0.1
  ],
  'link-local': ['169.254.169.254', '169.254.0.1', 'fe80::1', 'febf::1', '::ffff:169.254.169.254', 'fe80::1%eth0'],
  unspecified: ['0.0.0.0', '0.1.2.3', '::', '::ffff:0.0.0.0'],
  multicast: ['224.0.0.1', '239.255.255.250', 'ff02::1', 'ff0e::1'],
  reserved: ['240.0.0.1', '255.255.255.255', '192.0.0.1', '100::1', '::2'],
  global: [
    '1.1.1.1',
    '8.8.8.8',
    '172.15.0.1',
    '172.32.0.1',
    '192.169.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2002:0101:0101::',
  ],
}

for (const [kind, hosts] of Object.entries(KINDS))
  test(`networks: ${kind}`, () => {
    for (const host of hosts) assert.is(kindOfHost(host), kind, host)
  })

test('networks: a name is of no kind, and every address is of one', () => {
  for (const host of ['localhost', 'example.com', '', '127.1', '0x7f000001', '1.2.3.4.5'])
    assert.is(kindOfHost(host), undefined, host)
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (host) => {
      if (isIP(host) !== 0 && !host.includes('%')) assert.ok(kindOfHost(host) !== undefined, host)
    }),
  )
})

const may = (host: string, path: string, asking: Partial<Asking> = {}, local: LocalRequests = 'limited'): boolean =>
  mayAsk(
    kindOfHost(host) ?? 'reserved',
    new URL(`http://[::]${path}`),
    { what: 'tracker', trusted: false, redirectedFromGlobal: false, ...asking },
    local,
  )

test('networks: a server that everybody reaches may be asked for anything', () => {
  assert.ok(may('1.1.1.1', '/anything?x=1', { what: 'web-seed', redirectedFromGlobal: true }, 'refused'))
})

test('networks: on a stranger’s word a tracker of our own network is asked by the usual names only', () => {
  for (const host of ['127.0.0.1', '::1', '192.168.1.1', 'fd00::1']) {
    assert.ok(may(host, '/announce?info_hash=x'))
    assert.ok(may(host, '/tracker/scrape'))
    assert.not(may(host, '/admin/reboot'))
    assert.not(may(host, '/announce/../admin?x=/announce'))
    assert.not(may(host, '/announce.php'))
    assert.not(may(host, '/announce', {}, 'refused'))
  }
})

test('networks: on a stranger’s word a web seed of our own network has no query', () => {
  const asking = { what: 'web-seed' } as const
  assert.ok(may('127.0.0.1', '/files/a.bin', asking))
  assert.not(may('127.0.0.1', '/files/a.bin?delete=1', asking))
  assert.not(may('127.0.0.1', '/files/a.bin', asking, 'refused'))
})

test('networks: nothing is asked of our link, of everybody or of nobody, where metadata of machines lies', () => {
  for (const host of ['169.254.169.254', 'fe80::1', '0.0.0.0', '::', '224.0.0.1', 'ff02::1', '255.255.255.255']) {
    assert.not(may(host, '/announce'))
    assert.not(may(host, '/latest/meta-data', { what: 'web-seed' }))
  }
})

test('networks: no redirect leads from elsewhere to us, not even from a server that the user named', () => {
  for (const trusted of [false, true])
    assert.not(may('127.0.0.1', '/announce', { trusted, redirectedFromGlobal: true }))
  assert.ok(may('127.0.0.1', '/announce', { redirectedFromGlobal: true }, 'allowed'))
})

test('networks: what the user named may be anywhere', () => {
  for (const host of ['127.0.0.1', '10.0.0.1', '169.254.1.1'])
    assert.ok(may(host, '/x?y=z', { trusted: true }, 'refused'), host)
})

test.run()
