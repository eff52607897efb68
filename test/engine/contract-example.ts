/** The library as its manual shows it: this compiles as long as the types say what users were told. */
import { createEngine, type Engine, type EngineOptions, type PeerAddress } from '../../src/index.js'

export interface ExampleResult {
  readonly storedBytes: number
  readonly events: number
  readonly seqs: readonly number[]
}

export const example = async (
  options: EngineOptions,
  torrentPath: string,
  downloads: string,
  peers: readonly PeerAddress[],
): Promise<ExampleResult> => {
  const engine: Engine = await createEngine(options)
  const transfer = await engine.add(torrentPath, { path: downloads, peers })
  let stored = 0
  let rate = 0
  const subscription = transfer.progress$.subscribe(({ storedBytes, totalBytes, downloadRate }) => {
    stored = Math.min(storedBytes, totalBytes)
    rate = Math.max(rate, downloadRate)
  })
  await transfer.done
  await transfer.pause()
  await transfer.resume()
  const seqs: number[] = []
  const end = transfer.state.nextSeq - 1
  for await (const record of transfer.events({ from: 0 })) {
    seqs.push(record.seq)
    if (record.seq >= end) break
  }
  const state = await transfer.stateAt(end)
  await engine.close()
  await engine.close()
  subscription.unsubscribe()
  return { storedBytes: stored, events: state.nextSeq, seqs }
}
