/** The harness itself: what it must notice, and what it must leave behind clean. */
import { existsSync } from 'node:fs'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Child } from './child.js'
import { freePort } from './ports.js'
import { type Rig, until, withRig } from './rig.js'
import { compareTrees } from './tree.js'

const failureOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new Error('it should have failed')
}

const node = (rig: Rig, source: string): Child =>
  rig.start({ name: 'a child', command: process.execPath, args: ['-e', source] })

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('harness: trees are the same only with the same files and the same bytes', () =>
  withRig(async (rig) => {
    const [left, right] = [path.join(await rig.folder('left'), 'x'), path.join(await rig.folder('right'), 'x')]
    await mkdir(path.join(left, 'sub'), { recursive: true })
    await writeFile(path.join(left, 'sub', 'a.bin'), Buffer.alloc(100_000, 7))
    await writeFile(path.join(left, 'empty'), '')
    await cp(left, right, { recursive: true })
    assert.equal(await compareTrees(left, right), { files: 2, bytes: 100_000 })
    const changed = Buffer.alloc(100_000, 7)
    changed[65_536] = 8
    await writeFile(path.join(right, 'sub', 'a.bin'), changed)
    assert.match(await failureOf(compareTrees(left, right)), 'byte 65536 is the first')
    await writeFile(path.join(right, 'sub', 'a.bin'), changed.subarray(1))
    assert.match(await failureOf(compareTrees(left, right)), 'it has 99999 bytes, not 100000')
    await writeFile(path.join(right, 'more'), '')
    assert.match(await failureOf(compareTrees(left, right)), 'not expected [more]')
    assert.match(await failureOf(compareTrees(right, left)), 'missing [more]')
    assert.match(await failureOf(compareTrees(left, path.join(right, 'nowhere'))), 'ENOENT')
  }))

test('harness: only files of no bytes may be missing, and only where that was asked for', () =>
  withRig(async (rig) => {
    const [left, right] = [await rig.folder('left'), await rig.folder('right')]
    await writeFile(path.join(left, 'empty'), '')
    assert.match(await failureOf(compareTrees(left, right)), 'missing [empty]')
    assert.equal(await compareTrees(left, right, true), { files: 0, bytes: 0 })
    await writeFile(path.join(left, 'full'), 'x')
    assert.match(await failureOf(compareTrees(left, right, true)), 'missing [full]')
  }))

test('harness: a line is found whether it was printed before or after it was asked for', () =>
  withRig(async (rig) => {
    const child = node(rig, `console.log('one'); process.stdin.once('data', () => console.error('two'))`)
    const read = (wanted: string) => (line: { text: string; from: string }) =>
      line.text === wanted ? line.from : undefined
    assert.is(await child.waitFor('said one', read('one'), 10_000), 'stdout')
    assert.is(await child.waitFor('said one', read('one'), 10_000), 'stdout')
    assert.match(await failureOf(child.waitFor('said two', read('two'), 50)), 'has not said two after 50 ms')
  }))

test('harness: a child that ends too early says so, with its last words', () =>
  withRig(async (rig) => {
    const child = node(rig, `console.error('my last words'); process.exitCode = 3`)
    const failure = await failureOf(child.waitFor('said hello', () => undefined, 10_000))
    assert.match(failure, 'ended (3) before it said hello')
    assert.match(failure, 'my last words')
  }))

test('harness: a program that does not exist is a failure, not a hang', () =>
  withRig(async (rig) => {
    const child = rig.start({ name: 'nothing', command: 'no-such-program-anywhere', args: [] })
    assert.match(await failureOf(child.waitFor('said hello', () => undefined, 10_000)), 'before it said hello')
  }))

test('harness: whatever becomes of a test, its children and its folders are gone', async () => {
  let pid = 0
  let folder = ''
  const failure = await failureOf(
    withRig(async (rig) => {
      folder = await rig.folder('gone')
      // It has no ear for polite requests.
      const child = node(rig, `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')`)
      pid = child.pid ?? 0
      await child.waitFor('is up', ({ text }) => (text === 'up' ? true : undefined), 10_000)
      assert.ok(alive(pid))
      throw new Error('the test failed')
    }),
  )
  assert.match(failure, 'the test failed')
  assert.not(alive(pid))
  assert.not(existsSync(folder))
})

test('harness: a test has a bound', async () => {
  const failure = await failureOf(withRig(() => new Promise(() => {}), 50))
  assert.match(failure, 'was not over after 50 ms')
})

test('harness: waiting for an answer has a bound', async () => {
  assert.match(
    await failureOf(until('the end of time', async () => undefined, 20, 5)),
    'the end of time did not happen',
  )
})

test('harness: no port is given twice', async () => {
  const ports = await Promise.all(Array.from({ length: 40 }, freePort))
  assert.is(new Set(ports).size, 40)
})

test.run()
