/**
 * A capsule as a test, in one line: `replaysCapsule('stuck.car')`, where the file lies in this folder.
 *
 * Whoever sent it had a history that went wrong; when that is mended, or to see that it stays right, the capsule is put here.
 */
import { readFile } from 'node:fs/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { TransferState } from '../../src/events/state.js'
import { History, openCapsule, replay } from '../../src/replay/index.js'

export const readCapsule = async (name: string): Promise<Uint8Array> => readFile(new URL(name, import.meta.url))

/** Every block is whole, every event folds, and what recorded inputs were decided to is decided again. */
export const replaysCapsule = (name: string, check: (end: Readonly<TransferState>) => void = () => undefined): void => {
  test(`capsule: ${name} replays`, async () => {
    const capsule = await openCapsule(await readCapsule(name))
    await capsule.verify()
    const { divergence, events } = await replay(capsule.reader)
    assert.is(divergence, undefined)
    assert.is(events, capsule.root.endSeq - capsule.root.firstSeq)
    check(await new History(capsule.reader).stateAt({ seq: capsule.root.endSeq - 1 }))
  })
}
