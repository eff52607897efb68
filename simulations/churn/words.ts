/** Words of settings: the parts that lists and distributions are written with, and what is said where they are wrong. */
import { TorrewindError } from '../../src/errors.js'

export const invalid = (key: string, value: string, takes: string): TorrewindError =>
  new TorrewindError('OPTION_INVALID', `${key} cannot be "${value}": it is ${takes}`)

/** Undefined where the text is no plain number of at least 0. */
export const plainNumber = (text: string | undefined): number | undefined =>
  text !== undefined && text.length <= 32 && /^\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined

/** The texts of files that settings name, by their paths: whoever reads settings has them read before. */
export type Files = ReadonlyMap<string, string>

export const fileText = (key: string, path: string, files: Files): string => {
  const text = files.get(path)
  if (text !== undefined) return text
  throw new TorrewindError('OPTION_INVALID', `${key} names the file "${path}", and no file can be read here`)
}
