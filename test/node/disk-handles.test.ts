/** Handles of a disk stay open from one operation to the next, until somebody looks at what is there. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openNodeDisk } from '../../src/node/disk.js'
import type { Answer, Disk } from '../../src/ports.js'

const withDisk = async (run: (disk: Disk, path: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'torrewind-handles-'))
  const file = { path: ['a.bin'], length: 4, executable: false }
  const disk = openNodeDisk({ folder, files: [file], preallocate: false })
  try {
    await run(disk, join(folder, 'a.bin'))
  } finally {
    await disk.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const ask = <Value>(act: (done: (answer: Answer<Value>) => void) => void): Promise<Answer<Value>> => new Promise(act)

const codeOf = <Value>(answer: Answer<Value>): string => (answer.type === 'done' ? 'done' : answer.failure.code)

test('disk handles: a file that was removed is missed once it was looked at', () =>
  withDisk(async (disk, path) => {
    const read = () => ask<undefined>((done) => disk.read(0, 0, new Uint8Array(4), done))
    await ask<undefined>((done) => disk.write(0, 0, Uint8Array.of(1, 2, 3, 4), done))
    await rm(path)
    assert.is(codeOf(await ask((done) => disk.stat(0, done))), 'done')
    assert.is(codeOf(await read()), 'ENOENT')
    await ask<undefined>((done) => disk.write(0, 0, Uint8Array.of(5, 6, 7, 8), done))
    assert.equal(new Uint8Array(await readFile(path)), Uint8Array.of(5, 6, 7, 8))
  }))

test('disk handles: a file that was exchanged is read once it was looked at, also while it is being read', () =>
  withDisk(async (disk, path) => {
    await ask<undefined>((done) => disk.write(0, 0, Uint8Array.of(1, 2, 3, 4), done))
    await rm(path)
    await writeFile(path, Uint8Array.of(5, 6, 7, 8))
    const reads = Array.from({ length: 8 }, () => ask<undefined>((done) => disk.read(0, 0, new Uint8Array(4), done)))
    await ask((done) => disk.stat(0, done))
    for (const answer of await Promise.all(reads)) assert.is(codeOf(answer), 'done')
    const into = new Uint8Array(4)
    assert.is(codeOf(await ask<undefined>((done) => disk.read(0, 0, into, done))), 'done')
    assert.equal(into, Uint8Array.of(5, 6, 7, 8))
  }))

test.run()
