/** The check of package-lock.json, shown to fail on made-up ones. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { unlockedPackages } from './lock.js'

const ofSystems = { optionalDependencies: { '@a/linux': '1.0.0', '@a/darwin': '1.0.0' } }

test('lock: a package of another system that is not locked is named', () => {
  assert.equal(unlockedPackages({ '': {}, 'node_modules/a': ofSystems, 'node_modules/@a/linux': {} }), [
    'node_modules/a names @a/darwin 1.0.0, which is not locked',
  ])
  assert.equal(unlockedPackages({ '': ofSystems, 'node_modules/@a/linux': {} }), [
    'package.json names @a/darwin 1.0.0, which is not locked',
  ])
})

test('lock: a package is found below the one that names it, and beside it, but not below another', () => {
  const a = 'node_modules/b/node_modules/a'
  const linux = { [a]: ofSystems, [`${a}/node_modules/@a/linux`]: {} }
  for (const above of [`${a}/`, 'node_modules/b/', ''])
    assert.equal(unlockedPackages({ ...linux, [`${above}node_modules/@a/darwin`]: {} }), [], above)
  assert.equal(unlockedPackages({ ...linux, 'node_modules/c/node_modules/@a/darwin': {} }), [
    `${a} names @a/darwin 1.0.0, which is not locked`,
  ])
})

test.run()
