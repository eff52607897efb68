/** Words: what a text is taken apart into, the same way for what is searched and for what is typed. */
import { LIMITS } from '../src/limits.js'

/** Letters and digits with the marks on them; everything else parts words, `_` and `.` of file names too. */
const RUNS = /[\p{L}\p{N}\p{M}]+/gu
/** Scripts that are written without spaces. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u
const MARKS = /\p{M}/gu

const segmenter = new Intl.Segmenter('en', { granularity: 'word' })

/** Without accents, in one case: `Über` is found by `uber`, `ﬁle` by `file`. */
const folded = (word: string): string =>
  word.normalize('NFKD').replace(MARKS, '').toLowerCase().slice(0, LIMITS.catalogueWordCharactersMax).toWellFormed()

export const wordsOf = (text: string): string[] => {
  const words: string[] = []
  for (const [run] of text.matchAll(RUNS)) {
    if (UNSPACED.test(run)) for (const { segment } of segmenter.segment(run)) words.push(folded(segment))
    else words.push(folded(run))
  }
  return words.filter((word) => word !== '')
}
