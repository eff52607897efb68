/** Bandwidth classes: shares of the leechers, each with lines of its own. */
import { invalid, plainNumber } from './words.js'

export interface BandwidthClass {
  readonly name: string
  /** The part of all leechers that belongs to it. */
  readonly share: number
  /** Bytes a second; 0 for no limit. */
  readonly uploadRate: number
  readonly downloadRate: number
}

const TAKES = 'NAME:SHARE:UP:DOWN with + between them, shares that add up to 1 and rates in bytes a second'
const CLASSES_MAX = 100
const RATE_MAX = 1e12
/** Of decimal fractions such as a third. */
const SHARES_OFF_MAX = 0.001

const isRate = (rate: number): boolean => Number.isSafeInteger(rate) && rate <= RATE_MAX

const readClass = (text: string): BandwidthClass | undefined => {
  const [name = '', ...cells] = text.split(':')
  const [share, uploadRate, downloadRate, more] = cells.map(plainNumber)
  if (!/^[a-z][a-z0-9-]{0,31}$/i.test(name) || cells.length !== 3 || more !== undefined) return undefined
  if (share === undefined || uploadRate === undefined || downloadRate === undefined) return undefined
  const right = share > 0 && share <= 1 && [uploadRate, downloadRate].every(isRate)
  return right ? { name, share, uploadRate, downloadRate } : undefined
}

/** An empty text for none. Throws `OPTION_INVALID`. */
export const readClasses = (key: string, text: string): readonly BandwidthClass[] => {
  if (text === '') return []
  const classes = text.split('+', CLASSES_MAX + 1).map((each) => {
    const read = readClass(each)
    if (read === undefined) throw invalid(key, text, `${TAKES}; "${each}" is none`)
    return read
  })
  const names = new Set(classes.map(({ name }) => name))
  if (classes.length > CLASSES_MAX || names.size < classes.length)
    throw invalid(key, text, `${TAKES}, ${CLASSES_MAX} at most, each of another name`)
  const sum = classes.reduce((total, { share }) => total + share, 0)
  if (Math.abs(sum - 1) > SHARES_OFF_MAX) throw invalid(key, text, `${TAKES}; these add up to ${sum}`)
  return classes.map((each) => ({ ...each, share: each.share / sum }))
}
