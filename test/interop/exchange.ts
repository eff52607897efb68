/** One client fetches a torrent from another, and every byte is compared. */
import path from 'node:path'
import type { Client, Fetched } from './client.js'
import { type Sample, withTracker } from './corpus.js'
import type { Place } from './place.js'
import type { Rig } from './rig.js'
import { compareTrees } from './tree.js'

export interface Exchange {
  readonly rig: Rig
  readonly sample: Sample
  readonly from: Client
  readonly to: Client
  /** The tracker through which they meet; where there is none, `to` is told the address of `from`. */
  readonly announce?: string
  readonly place?: Place
}

export const exchange = async ({ rig, sample: made, from, to, announce, place }: Exchange): Promise<void> => {
  const where = place === undefined ? {} : { place }
  const sample = announce === undefined ? made : await withTracker(made, announce, await rig.folder('torrents'))
  try {
    const { address } = await from.seed({ rig, sample, dir: sample.dir, ...where })
    const got = await to.get({ rig, sample, ...where, ...(announce === undefined ? { peers: [address] } : {}) })
    await compareFetched(sample, got)
  } catch (error) {
    const how = announce === undefined ? 'by address' : `through ${announce}`
    if (error instanceof Error) error.message = `${to.name} from ${from.name} ${how}, ${made.name}: ${error.message}`
    throw error
  }
}

export const compareFetched = (sample: Pick<Sample, 'name' | 'root'>, { dir }: Fetched): Promise<unknown> =>
  compareTrees(sample.root, path.join(dir, sample.name))

/** Does `work` with every item, a few at a time: a machine of two cores has no use for more. */
export const fewAtATime = async <T>(
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
  atOnce = 3,
): Promise<void> => {
  const left = [...items]
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
