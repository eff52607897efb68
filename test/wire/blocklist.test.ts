/** Blocklists: every format that people have, merged, looked up, and bounded where they are broken. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../src/limits.js'
import { AddressFilter, type Blocklist, blocklistOf } from '../../src/wire/blocklist.js'

const blocks = (list: Blocklist, ...hosts: string[]): void => {
  for (const host of hosts) assert.ok(list.has(host), host)
}
const passes = (list: Blocklist, ...hosts: string[]): void => {
  for (const host of hosts) assert.not(list.has(host), host)
}

test('blocklist: PeerGuardian’s text, with colons in names', () => {
  const list = blocklistOf(['Some Name:1.2.3.4-1.2.3.9', 'a:b: c:10.0.0.0-10.0.0.255', 'größe:9.9.9.9 - 9.9.9.9'])
  blocks(list, '1.2.3.4', '1.2.3.9', '10.0.0.128', '9.9.9.9', '::ffff:1.2.3.5')
  passes(list, '1.2.3.3', '1.2.3.10', '10.0.1.0', '9.9.9.8')
  assert.equal(list.report, { ranges: 3, lines: 3, errors: 0, firstErrors: [] })
})

test('blocklist: DAT, whose zeros are no octal, and whose higher levels are not blocked', () => {
  const list = blocklistOf([
    '001.009.010.000 - 001.009.010.255 , 000 , somebody',
    '002.000.000.000 - 002.000.000.255 , 127 , somebody, and others',
    '003.000.000.000 - 003.000.000.255 , 128 , allowed',
  ])
  blocks(list, '1.9.10.77', '2.0.0.1')
  passes(list, '3.0.0.1', '1.9.11.0')
  assert.is(list.report.errors, 0)
})

test('blocklist: networks, ranges and addresses of both families, and comments', () => {
  const list = blocklistOf([
    '# comment',
    '// another',
    '; and another',
    '',
    '192.0.2.77/24',
    '198.51.100.7',
    '203.0.113.5-203.0.113.6\r',
    '2001:db8::/32',
    '2001:db9::1',
    '2001:dba::1 - 2001:dba::f',
    '0.0.0.0/0',
  ])
  blocks(list, '192.0.2.1', '198.51.100.7', '203.0.113.6', '2001:db8:ffff::1', '2001:db9::1', '2001:dba::8', '8.8.8.8')
  passes(list, '2001:db9::2', '2001:dba::10', '2001:db7::1', 'example.com', '')
  assert.is(list.report.errors, 0)
})

test('blocklist: lines that are nothing are counted, and the first of them told', () => {
  const wrong = [
    'nonsense',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.9-1.2.3.4',
    '1.2.3.4/33',
    '::1/129',
    'x'.repeat(5_000),
    '1.2.3.4-5-6',
  ]
  const list = blocklistOf(['1.1.1.1', ...wrong, ...Array<string>(100).fill('1.2.3.4 - 1.2.3.5 , x , y')])
  assert.is(list.report.errors, wrong.length + 100)
  assert.is(list.report.firstErrors.length, LIMITS.blocklistErrorsTold)
  assert.equal(list.report.firstErrors[0], { line: 2, text: 'nonsense' })
  for (const { text } of list.report.firstErrors) assert.ok(text.length <= LIMITS.blocklistErrorCharactersMax)
  blocks(list, '1.1.1.1')
  passes(list, '1.2.3.4')
})

const toText = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')

test('blocklist: merged ranges say what the single ones say', () => {
  const range = fc.tuple(fc.nat(400), fc.nat(40)).map(([first, length]) => [first, first + length] as const)
  fc.assert(
    fc.property(fc.array(range, { maxLength: 40 }), (ranges) => {
      const list = blocklistOf(ranges.map(([first, last]) => `${toText(first)}-${toText(last)}`))
      const list6 = blocklistOf(ranges.map(([first, last]) => `2001::${first.toString(16)}-2001::${last.toString(16)}`))
      for (let value = 0; value < 460; value++) {
        const expected = ranges.some(([first, last]) => first <= value && value <= last)
        assert.is(list.has(toText(value)), expected)
        assert.is(list6.has(`2001::${value.toString(16)}`), expected)
      }
      const touching = new Set<number>()
      for (const [first, last] of ranges) for (let value = first; value <= last; value++) touching.add(value)
      let runs = 0
      for (const value of touching) if (!touching.has(value - 1)) runs++
      assert.is(list.report.ranges, runs)
    }),
    { numRuns: 60 },
  )
})

test('blocklist: the ends of all addresses are in reach', () => {
  const list = blocklistOf(['0.0.0.0', '255.255.255.255', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'])
  blocks(list, '0.0.0.0', '255.255.255.255', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')
  passes(list, '0.0.0.1', '255.255.255.254', '::2')
})

test('filter: who holds it sees each change', () => {
  const filter = new AddressFilter()
  assert.not(filter.refuses('1.1.1.1'))
  filter.set(blocklistOf(['1.1.1.1']))
  assert.ok(filter.refuses('1.1.1.1'))
  filter.set(undefined)
  assert.not(filter.refuses('1.1.1.1'))
})

test.run()
