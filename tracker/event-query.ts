/** Asking a tracker's log of events, also while the tracker writes it. */
import { recordsOf } from './event-chunk.js'
import { readEventChunks } from './event-files.js'
import { type Why, WhyFold, type WhyQuestion } from './event-why.js'

/** Why a peer did not get another. Throws DATA_UNUSABLE where the folder cannot be read. */
export const whyNot = async (folder: string, question: WhyQuestion): Promise<Why> => {
  const fold = new WhyFold(question)
  for await (const { chunk, gap } of readEventChunks(folder)) {
    if (gap !== undefined) fold.gap()
    for (const record of recordsOf(chunk)) fold.take(record)
  }
  return fold.explain()
}
