/** A standstill: what a download says while nothing comes. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Standstill } from '../../src/cli/standstill.js'

const NOTHING = { phase: 'downloading', downloadedBytes: 7, metadataReceivedBytes: 0, peers: 2 } as const
const HASH = new Uint8Array(20).fill(0xab)

test('standstill: it is told once each time, with the command that says why', () => {
  const standstill = new Standstill(HASH, '/home/a b/data')
  assert.equal(standstill.news(NOTHING, 1_000), [])
  assert.equal(standstill.news(NOTHING, 30_000), [])
  assert.equal(standstill.news(NOTHING, 31_000), [
    `nothing has come from 2 peers for 30 s; this says why: torrewind explain transfer --transfer ${'ab'.repeat(20)} --data '/home/a b/data'`,
  ])
  assert.equal(standstill.news(NOTHING, 300_000), [])
  const more = { ...NOTHING, downloadedBytes: 8 }
  assert.equal(standstill.news(more, 301_000), [])
  assert.equal(standstill.news({ ...more, peers: 0 }, 340_000).length, 1)
})

test('standstill: metadata that come are something, and who does not fetch stands still by right', () => {
  const standstill = new Standstill(HASH, 'data')
  const seeking = { ...NOTHING, phase: 'metadata' } as const
  for (let second = 0; second < 60; second++)
    assert.equal(standstill.news({ ...seeking, metadataReceivedBytes: second }, second * 1_000), [])
  for (const phase of ['seeding', 'checking', 'paused'] as const)
    assert.equal(standstill.news({ ...NOTHING, phase }, 200_000), [])
  assert.equal(standstill.news(NOTHING, 210_000), [])
})

test.run()
