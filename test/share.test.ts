/** The check at the end of `npm start`: it must see every difference, or it would prove nothing. */
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compare, makeContent } from '../examples/share/content.js'
import { createTorrent } from '../src/create.js'
import { inPlace } from './cli/place.js'

const test = suite('npm start')
const MIB = 1_048_576

test('npm start: the content it makes has at least 64 MiB, and a copy of it compares as equal', () =>
  inPlace(async (folder) => {
    const root = await makeContent(folder)
    const { metainfo } = await createTorrent({ path: root })
    assert.ok(metainfo.totalBytes >= 64 * MIB)
    const copy = path.join(folder, 'copy')
    await cp(root, path.join(copy, metainfo.name), { recursive: true })
    assert.is(await compare(folder, copy, metainfo), metainfo.totalBytes)
  }))

const CHANGES: Readonly<Record<string, (file: string) => Promise<void>>> = {
  'a byte that was changed': async (file) => {
    const bytes = await readFile(file)
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    await writeFile(file, bytes)
  },
  'a file that is shorter': (file) => truncate(file, 10),
  'a file that is longer': (file) => writeFile(file, 'x', { flag: 'a' }),
  'a file that is missing': (file) => rm(file),
  'a file that does not belong there': (file) => writeFile(`${file}.part`, 'x'),
}

for (const [what, change] of Object.entries(CHANGES)) {
  test(`npm start: ${what} is found`, () =>
    inPlace(async (folder) => {
      const root = path.join(folder, 'content')
      await cp(fileURLToPath(new URL('../src/wire', import.meta.url)), root, { recursive: true })
      const { metainfo } = await createTorrent({ path: root })
      const copy = path.join(folder, 'copy')
      await cp(root, path.join(copy, 'content'), { recursive: true })
      await change(path.join(copy, 'content', 'bencode.ts'))
      const found = await compare(folder, copy, metainfo).then(
        () => undefined,
        (error: unknown) => String(error),
      )
      assert.match(String(found), /bencode\.ts/)
    }))
}

test.run()
