/** What peers sent each other, by their event logs. */
import { openLogs } from '../../src/cli/logs.js'
import type { LogReaders } from '../../src/ports.js'
import { type InfoHash, type PeerKey, toHex } from '../../src/values.js'

async function* eventsOf(logs: LogReaders, infoHash: InfoHash) {
  const reader = await logs.reader(infoHash)
  if (reader === undefined) throw new Error('there is no log of the transfer')
  for await (const record of reader.read(0)) for (const { event } of record) yield event
}

const withLog = async <Result>(data: string, work: (logs: LogReaders) => Promise<Result>): Promise<Result> => {
  const logs = await openLogs(data)
  try {
    return await work(logs)
  } finally {
    await logs.close()
  }
}

/** The peer ids of all sessions of the one who kept this log, and the bytes that came to it twice. */
const accountOf = (data: string, infoHash: InfoHash) =>
  withLog(data, async (logs) => {
    const ids = new Set<string>()
    let wastedBytes = 0
    for await (const event of eventsOf(logs, infoHash)) {
      if (event.type === 'session-began') ids.add(toHex(event.peerId))
      if (event.type === 'block-wasted') wastedBytes += event.length
    }
    return { ids, wastedBytes }
  })

const servedTo = (data: string, infoHash: InfoHash, ids: ReadonlySet<string>): Promise<number> =>
  withLog(data, async (logs) => {
    const meant = new Set<PeerKey>()
    let bytes = 0
    for await (const event of eventsOf(logs, infoHash)) {
      if (event.type === 'handshake-received' && ids.has(toHex(event.peerId))) meant.add(event.peer)
      if (event.type === 'block-served' && meant.has(event.peer)) bytes += event.length
    }
    return bytes
  })

export interface Traffic {
  /** What the others sent, over all runs. A process that is killed cannot say what it got last: that counts as sent. */
  readonly sentBytes: number
  /** What came a second time: in the endgame the last blocks are asked of several peers. */
  readonly wastedBytes: number
}

export const trafficTo = async (data: string, others: readonly string[], infoHash: InfoHash): Promise<Traffic> => {
  const { ids, wastedBytes } = await accountOf(data, infoHash)
  const served = await Promise.all(others.map((other) => servedTo(other, infoHash, ids)))
  return { sentBytes: served.reduce((sum, bytes) => sum + bytes, 0), wastedBytes }
}
