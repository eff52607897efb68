/** Whether two events are the same: those that the log has were packed and unpacked, and those just decided were not. */
import type { LoggedEvent } from '../events/codec.js'
import { equalBytes } from '../values.js'

const utf8 = new TextEncoder()

/** Half of a character, where a stranger's text was cut, is not what it was once it is packed. */
const sameText = (left: string, right: string): boolean =>
  left === right || equalBytes(utf8.encode(left), utf8.encode(right))

const same = (left: unknown, right: unknown): boolean => {
  if (left === right) return true
  if (typeof left === 'string') return typeof right === 'string' && sameText(left, right)
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (left instanceof Uint8Array) return right instanceof Uint8Array && equalBytes(left, right)
  if (Array.isArray(left))
    return Array.isArray(right) && left.length === right.length && left.every((each, at) => same(each, right[at]))
  return sameFields(left as Fields, right as Fields) // neither is a list
}

type Fields = Readonly<Record<string, unknown>>

/** A field that holds nothing is as one that is not there. */
const sameFields = (left: Fields, right: Fields): boolean => {
  for (const name in left) if (!same(left[name], right[name])) return false
  for (const name in right) if (right[name] !== undefined && left[name] === undefined) return false
  return true
}

export const sameEvent = (left: LoggedEvent, right: LoggedEvent): boolean =>
  left.at === right.at && left.event.type === right.event.type && same(left.event, right.event)
