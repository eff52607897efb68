/** The real disk stays in its folder, and touches plain files only, whatever somebody put there. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { file } from '../contracts/disk.js'
import { claimOnPosix, codesOfAll, everywhere, writeCode } from './disk-place.js'

claimOnPosix('a link in the place of a file that leads out of the folder is refused', async (place) => {
  mkdirSync(place.folder)
  const secret = join(place.outer, 'secret')
  writeFileSync(secret, 'secret')
  symlinkSync(secret, join(place.folder, 'absolute'))
  symlinkSync('../secret', join(place.folder, 'relative'))
  const disk = place.awaited([file('absolute'), file('relative')])
  assert.equal(await codesOfAll(disk, 0), everywhere('ESYMLINK'))
  assert.equal(await codesOfAll(disk, 1), everywhere('ESYMLINK'))
  assert.is(readFileSync(secret, 'utf8'), 'secret')
})

claimOnPosix('a link in the place of a folder that leads out of the folder is refused', async (place) => {
  const other = join(place.outer, 'other')
  mkdirSync(join(other, 'deep'), { recursive: true })
  mkdirSync(join(place.folder, 'a'), { recursive: true })
  writeFileSync(join(other, 'f'), 'secret')
  symlinkSync(other, join(place.folder, 'a', 'link'))
  const disk = place.awaited([file('a/link/f'), file('a/link/new'), file('a/link/deep/new'), file('a/link/x/y/new')])
  for (const which of [0, 1, 2, 3]) assert.equal(await codesOfAll(disk, which), everywhere('ESYMLINK'))
  assert.equal(readdirSync(other).sort(), ['deep', 'f'])
  assert.equal(readdirSync(join(other, 'deep')), [])
})

claimOnPosix('a folder whose name begins like the download folder is outside', async (place) => {
  mkdirSync(place.folder)
  mkdirSync(`${place.folder}-2`)
  symlinkSync(`${place.folder}-2`, join(place.folder, 'link'))
  assert.is(await writeCode(place.awaited([file('link/f')]), 0), 'ESYMLINK')
})

claimOnPosix('a link that leads nowhere is refused, and what it names is not made', async (place) => {
  mkdirSync(place.folder)
  symlinkSync(join(place.outer, 'nothing'), join(place.folder, 'f'))
  symlinkSync(join(place.outer, 'nowhere'), join(place.folder, 'd'))
  const disk = place.awaited([file('f'), file('d/f')])
  assert.equal(await codesOfAll(disk, 0), everywhere('ESYMLINK'))
  assert.equal(await codesOfAll(disk, 1), everywhere('ESYMLINK'))
  assert.equal(readdirSync(place.outer), ['downloads'])
})

claimOnPosix('links that stay within the folder are followed', async (place) => {
  mkdirSync(join(place.folder, 'real'), { recursive: true })
  writeFileSync(join(place.folder, 'real', 'f'), 'abc')
  symlinkSync('real', join(place.folder, 'linked'))
  symlinkSync('real/f', join(place.folder, 'g'))
  const disk = place.awaited([file('linked/f'), file('g'), file('linked/new')])
  assert.is(Buffer.from(await disk.read(0, 0, 3)).toString(), 'abc')
  await disk.write(1, 1, Buffer.from('X'))
  await disk.write(2, 0, Buffer.from('new'))
  assert.is(readFileSync(join(place.folder, 'real', 'f'), 'utf8'), 'aXc')
  assert.is(readFileSync(join(place.folder, 'real', 'new'), 'utf8'), 'new')
})

claimOnPosix('the download folder itself may be a link', async (place) => {
  mkdirSync(join(place.outer, 'elsewhere'))
  symlinkSync('elsewhere', place.folder)
  const disk = place.awaited([file('d/f')])
  await disk.write(0, 0, Buffer.from('abc'))
  await disk.sync(0)
  assert.is(readFileSync(join(place.outer, 'elsewhere', 'd', 'f'), 'utf8'), 'abc')
})

claimOnPosix('what is no plain file is refused, and a pipe blocks nobody', async (place) => {
  mkdirSync(join(place.folder, 'folder'), { recursive: true })
  execFileSync('mkfifo', [join(place.folder, 'pipe')], { timeout: 10_000 })
  const disk = place.awaited([file('folder'), file('pipe')])
  assert.equal(await codesOfAll(disk, 0), everywhere('EISDIR'))
  assert.equal(await codesOfAll(disk, 1), everywhere('ENOTFILE'))
})

claimOnPosix('a path that goes through a file fails with ENOTDIR', async (place) => {
  mkdirSync(place.folder)
  writeFileSync(join(place.folder, 'f'), '')
  const disk = place.awaited([file('f/below'), file('f/far/below')])
  assert.equal(await codesOfAll(disk, 0), everywhere('ENOTDIR'))
  assert.equal(await codesOfAll(disk, 1), everywhere('ENOTDIR'))
})

test.run()
