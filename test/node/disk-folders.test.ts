/** Folders of a disk come into being while several files of them are written at once. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openNodeDisk } from '../../src/node/disk.js'
import type { Answer } from '../../src/ports.js'

const ROUNDS = 20
const FILES = 24

test('disk folders: files of folders that are not there yet can be written one upon the other', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'torrewind-folders-'))
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const files = Array.from({ length: FILES }, (_, file) => ({
        path: ['content', file % 2 === 0 ? 'even' : 'odd', `${file}.bin`],
        length: 4,
        executable: false,
      }))
      const disk = openNodeDisk({ folder: join(parent, String(round)), files, preallocate: false })
      const writes: Promise<Answer<undefined>>[] = []
      // One after another, so that some look for a folder just as another write makes it.
      for (const [file] of files.entries()) {
        writes.push(new Promise((resolve) => disk.write(file, 0, new Uint8Array(4), resolve)))
        await setImmediate()
      }
      for (const answer of await Promise.all(writes))
        assert.is(answer.type === 'failed' ? answer.failure.message : 'done', 'done')
      await disk.close()
    }
  } finally {
    await rm(parent, { recursive: true, force: true })
  }
})

test.run()
