/** `torrewind log export`: writes events in formats that other tools read. */
import { resolve } from 'node:path'
import { TorrewindError } from '../errors.js'
import type { LoggedEvent } from '../events/codec.js'
import type { LogReader } from '../ports.js'
import { Capture, CSV_HEADER, csvRow, History } from '../replay/index.js'
import type { CommandContext } from './context.js'
import { eventLine } from './events-text.js'
import { showCount } from './format.js'
import { checkPlace, writeNewFile } from './new-file.js'

export const EXPORT_FORMATS = ['jsonl', 'csv', 'pcapng'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export interface Export {
  readonly reader: LogReader
  readonly from: number
  /** The number after the last. */
  readonly to: number
  readonly wanted: (logged: LoggedEvent) => boolean
  readonly format: ExportFormat
}

/** What the name of a file says; lines of JSON, where it says nothing. */
export const formatOf = (file: string | undefined): ExportFormat =>
  EXPORT_FORMATS.find((format) => file?.toLowerCase().endsWith(`.${format}`)) ?? 'jsonl'

type Chunks = AsyncGenerator<{ readonly chunk: string | Uint8Array; readonly events: number }, void, undefined>

async function* texts(
  { reader, from, to, wanted }: Export,
  head: string,
  row: (logged: LoggedEvent) => string,
): Chunks {
  if (head !== '') yield { chunk: head, events: 0 }
  for await (const events of reader.read(from, to)) {
    const rows = events.filter(wanted).map(row)
    if (rows.length > 0) yield { chunk: rows.join(''), events: rows.length }
  }
}

/** Packets follow from the state before each event, so that all are folded and the wanted ones shown. */
async function* packets({ reader, from, to, wanted }: Export): Chunks {
  const history = new History(reader)
  const state = from <= history.firstSeq ? await history.stateBeforeAll() : await history.stateAt({ seq: from - 1 })
  const capture = new Capture(state)
  yield { chunk: Buffer.concat(Capture.header()), events: 0 }
  for await (const events of reader.read(from, to)) {
    const shown: Uint8Array[] = []
    let count = 0
    for (const logged of events) {
      const of = capture.packets(logged)
      if (!wanted(logged)) continue
      shown.push(...of)
      if (of.length > 0) count++
    }
    yield { chunk: Buffer.concat(shown), events: count }
  }
}

const chunksOf = (request: Export): Chunks => {
  switch (request.format) {
    case 'jsonl':
      return texts(request, '', (logged) => `${JSON.stringify(eventLine(logged))}\n`)
    case 'csv':
      return texts(request, CSV_HEADER, csvRow)
    case 'pcapng':
      return packets(request)
  }
}

/** Throws `OPTION_INVALID` where stdout would have to take bytes that are no text. */
export const exportEvents = async (
  context: CommandContext,
  output: string | undefined,
  request: Export,
): Promise<void> => {
  if (output === undefined) {
    if (request.format === 'pcapng')
      throw new TorrewindError('OPTION_INVALID', 'a capture goes into a file: --output FILE')
    for await (const { chunk } of chunksOf(request)) {
      for (const line of String(chunk).trimEnd().split(/\r?\n/)) context.print(line)
      await context.written()
      if (context.unheard || context.stopped.aborted) return
    }
    return
  }
  await checkPlace(output)
  let count = 0
  const chunks = async function* (): AsyncGenerator<string | Uint8Array, void, undefined> {
    for await (const { chunk, events } of chunksOf(request)) {
      context.stopped.throwIfAborted()
      count += events
      yield chunk
    }
  }
  await writeNewFile(output, chunks())
  const file = resolve(output)
  context.tell(`${showCount(count, 'event')} in ${file}`)
  context.say({ type: 'exported', events: count, file, format: request.format })
}
