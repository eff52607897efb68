/** The file index, against a plain map. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { infoHash } from '../../src/values.js'
import { SwarmIndex } from '../../tracker/swarm-index.js'
import { hashOf } from './swarm-world.js'

test('swarm index: any comings and goings leave what a plain map has', () => {
  const step = fc.record({ torrent: fc.nat(20), leave: fc.boolean() })
  fc.assert(
    fc.property(fc.integer(), fc.array(step, { maxLength: 200 }), (seed, steps) => {
      const index = new SwarmIndex(seed)
      const model = new Map<number, number>()
      for (const { torrent, leave } of steps) {
        const known = model.get(torrent)
        assert.is(index.find(hashOf(torrent)), known)
        if (known === undefined) model.set(torrent, index.add(hashOf(torrent)))
        else if (leave) {
          index.remove(known)
          model.delete(torrent)
        }
        assert.is(index.count, model.size)
        assert.is(new Set(model.values()).size, model.size, 'two swarms have one number')
      }
    }),
    { numRuns: 60 },
  )
})

test('swarm index: every byte of an info-hash counts', () => {
  const index = new SwarmIndex(1)
  index.add(hashOf(1))
  for (let at = 0; at < 20; at++) {
    const other = infoHash(hashOf(1).slice())
    other[at] = (other[at] ?? 0) ^ 0x80
    assert.is(index.find(other), undefined)
  }
})

test('swarm index: 5,000 swarms are found while it grows, and their numbers are used again', () => {
  const index = new SwarmIndex(2)
  const numbers = Array.from({ length: 5_000 }, (_, torrent) => index.add(hashOf(torrent)))
  for (const [torrent, number] of numbers.entries()) assert.is(index.find(hashOf(torrent)), number)
  for (const number of numbers) index.remove(number)
  assert.is(index.find(hashOf(1)), undefined)
  for (let torrent = 0; torrent < 5_000; torrent++) assert.ok(index.add(hashOf(torrent)) < 5_000)
})

test.run()
