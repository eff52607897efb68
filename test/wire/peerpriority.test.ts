/** Priorities of peers, by the examples of BEP 40. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { crc32c } from '../../src/wire/crc32c.js'
import { peerPriority } from '../../src/wire/peerpriority.js'

test('peer priority: the examples of BEP 40, whichever side asks', () => {
  const ours = { host: '123.213.32.10', port: 1 }
  for (const [host, priority] of [
    ['98.76.54.32', 0xec2d7224],
    ['123.213.32.234', 0x99568189],
  ] as const) {
    assert.is(peerPriority(ours, { host, port: 2 }), priority)
    assert.is(peerPriority({ host, port: 2 }, ours), priority)
  }
})

test('peer priority: of one host ports decide, and families do not mix', () => {
  const at = (port: number) => ({ host: '1.2.3.4', port })
  assert.is(peerPriority(at(5), at(700)), crc32c(Uint8Array.of(0, 5, 2, 188)))
  assert.is(peerPriority(at(700), at(5)), peerPriority(at(5), at(700)))
  assert.is(peerPriority(at(5), { host: '2001:db8::1', port: 5 }), undefined)
  assert.type(peerPriority({ host: '2001:db8::2', port: 5 }, { host: '2001:db8:0:99::1', port: 5 }), 'number')
})

test.run()
