/** Moving files between file systems: their bytes go, with the time of their last change, or all of them stay. */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { AwaitedDisk, file } from '../contracts/disk.js'
import { Pattern } from '../contracts/pattern.js'
import { claimOnMount, claimOnPosix, mounted, type Place } from './disk-place.js'

const KIB = 1_024
const files = [file('t/a'), file('t/b'), file('t/c')]
const MOVE = { resumed: false, stopped: () => false }

const filled = async (place: Place, lengths: readonly number[]): Promise<AwaitedDisk> => {
  const disk = new AwaitedDisk(place.openAt(place.elsewhere, files), place.until)
  for (const [which, length] of lengths.entries()) await disk.write(which, 0, new Pattern(which).take(0, length))
  return disk
}

const assertThere = async (disk: AwaitedDisk, lengths: readonly number[]): Promise<void> => {
  for (const [which, length] of lengths.entries())
    assert.is(new Pattern(which).differs(0, await disk.read(which, 0, length)), undefined)
}

claimOnMount('what goes to another file system has the same bytes and was changed at the same time', async (place) => {
  await mounted(place, 'size=3m', async () => {
    const lengths = [300 * KIB, 1, 700 * KIB]
    const disk = await filled(place, lengths)
    const stamps = await Promise.all([0, 1, 2].map((which) => disk.stat(which)))
    await disk.move({ folder: place.folder, files })
    await assertThere(disk, lengths)
    assert.equal(await Promise.all([0, 1, 2].map((which) => disk.stat(which))), stamps)
    assert.equal(readdirSync(place.elsewhere), [])
    assert.equal(readdirSync(join(place.folder, 't')).sort(), ['a', 'b', 'c'])
    await disk.disk.close()
  })
})

claimOnMount('where there is no room for all of them, none is moved and nothing is left', async (place) => {
  await mounted(place, 'size=1m', async () => {
    const lengths = [300 * KIB, 200 * KIB, 900 * KIB]
    const disk = await filled(place, lengths)
    assert.is(await disk.codeOf((d, done) => d.move({ folder: place.folder, files }, MOVE, done)), 'ENOSPC')
    await assertThere(disk, lengths)
    assert.equal(readdirSync(place.folder), [])
    assert.equal(readdirSync(join(place.elsewhere, 't')).sort(), ['a', 'b', 'c'])
    await disk.write(0, 0, Uint8Array.of(1))
  })
})

claimOnPosix('no link is followed out of a folder, and none is moved', async (place) => {
  const disk = await filled(place, [10, 10])
  const outside = join(place.outer, 'outside')
  mkdirSync(outside)
  mkdirSync(place.folder)
  symlinkSync(outside, join(place.folder, 't'))
  assert.is(await disk.codeOf((d, done) => d.move({ folder: place.folder, files }, MOVE, done)), 'ESYMLINK')
  assert.equal(readdirSync(outside), [])
  writeFileSync(join(place.elsewhere, 't', 'real'), 'x')
  symlinkSync('real', join(place.elsewhere, 't', 'c'))
  const other = join(place.outer, 'other')
  assert.is(await disk.codeOf((d, done) => d.move({ folder: other, files }, MOVE, done)), 'ESYMLINK')
  await assertThere(disk, [10, 10])
})

claimOnPosix('one that is resumed and fails takes back what arrived before, too', async (place) => {
  const lengths = [10, 20, 30]
  const before = await filled(place, lengths)
  let asked = 0
  const stopped = (): boolean => ++asked > 2
  const to = { folder: place.folder, files }
  assert.is(await before.codeOf((d, done) => d.move(to, { resumed: false, stopped }, done)), 'ESTOPPED')
  await before.disk.close()
  assert.equal(readdirSync(join(place.folder, 't')).sort(), ['a', 'b'])
  symlinkSync('c', join(place.elsewhere, 't', 'a'))
  const disk = new AwaitedDisk(place.openAt(place.elsewhere, files), place.until)
  assert.is(await disk.codeOf((d, done) => d.move(to, { ...MOVE, resumed: true }, done)), 'ESYMLINK')
  await assertThere(disk, lengths)
  assert.equal(readdirSync(place.folder), [])
  await disk.disk.close()
})

test.run()
