/** The position: where in which history one is, as the part of the address after `#`, so that links keep it. */
import type { Subject } from './api.js'

export interface Position {
  readonly source: string | undefined
  readonly seq: number | undefined
  readonly subject: Subject
  readonly tab: string | undefined
}

const numberOf = (text: string | null): number | undefined =>
  text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined

export const readPosition = (hash: string): Position => {
  const words = new URLSearchParams(hash.replace(/^#/, ''))
  const piece = numberOf(words.get('piece'))
  const key = numberOf(words.get('peer'))
  const block = numberOf(words.get('block'))
  const subject: Subject =
    piece !== undefined
      ? { type: 'piece', piece, block }
      : key !== undefined
        ? { type: 'peer', key }
        : { type: 'transfer' }
  const source = words.get('source') ?? undefined
  return { source, seq: numberOf(words.get('seq')), subject, tab: words.get('tab') ?? undefined }
}

export const writePosition = ({ source, seq, subject, tab }: Position): string => {
  const words = new URLSearchParams()
  if (seq !== undefined) words.set('seq', String(seq))
  if (subject.type === 'piece') words.set('piece', String(subject.piece))
  if (subject.type === 'piece' && subject.block !== undefined) words.set('block', String(subject.block))
  if (subject.type === 'peer') words.set('peer', String(subject.key))
  if (tab !== undefined) words.set('tab', tab)
  if (source !== undefined) words.set('source', source)
  return `#${words.toString()}`
}
