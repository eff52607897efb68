/** What a process learns of its machine: chance, when it started, where data goes, and hashes. */
import { isAbsolute, join, resolve } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { nodeHasher } from '../../src/node/hasher.js'
import { defaultDataFolder, entropy, machineStartedAt } from '../../src/node/machine.js'
import { toHex } from '../../src/values.js'

test('machine: entropy has the length asked for and is never the same', () => {
  assert.is(entropy(0).length, 0)
  assert.is(entropy(20).length, 20)
  assert.not.equal(entropy(32), entropy(32))
})

test('machine: its start lies in the past, and two calls agree within two seconds', () => {
  const first = machineStartedAt()
  const second = machineStartedAt()
  assert.ok(Number.isInteger(first) && first >= 0 && first < Date.now())
  assert.ok(Math.abs(first - second) <= 2_000)
  if (process.platform === 'linux') assert.ok(first > 0)
})

test('machine: the data folder is what the environment says, and else what the platform has', () => {
  const before = process.env.TORREWIND_DATA
  try {
    process.env.TORREWIND_DATA = join('some', 'where')
    assert.is(defaultDataFolder(), resolve('some', 'where'))
    for (const nothing of ['', undefined]) {
      if (nothing === undefined) delete process.env.TORREWIND_DATA
      else process.env.TORREWIND_DATA = nothing
      assert.ok(isAbsolute(defaultDataFolder()))
      assert.match(defaultDataFolder(), /torrewind/)
    }
  } finally {
    if (before === undefined) delete process.env.TORREWIND_DATA
    else process.env.TORREWIND_DATA = before
  }
})

test('hasher: SHA-1 is that of its specification, of a view too', () => {
  const digests: string[] = []
  const { sha1 } = nodeHasher()
  const done = (digest: Uint8Array): void => {
    digests.push(toHex(digest))
  }
  sha1(new Uint8Array(0), done)
  sha1(Buffer.from('abc'), done)
  sha1(new Uint8Array(Buffer.from('-abc-')).subarray(1, 4), done)
  sha1(new Uint8Array(1_000_000).fill(0x61), done)
  assert.equal(digests, [
    'da39a3ee5e6b4b0d3255bfef95601890afd80709',
    'a9993e364706816aba3e25717850c26c9cd0d89d',
    'a9993e364706816aba3e25717850c26c9cd0d89d',
    '34aa973cd4c4daa4f61eeb2bdbad27316534016f',
  ])
})

test.run()
