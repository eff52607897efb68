/** The table of ARCHITECTURE.md that says which room may import from which, from the one that a test checks. */
import { ROOMS } from '../../test/tidy/rooms.js'
import { table } from './markdown.js'

/** A pattern of files as people write it: `src/{engine,arrivals}.ts`. */
const filesOf = (pattern: RegExp): string =>
  pattern.source
    .replace(/^\^|\$$/g, '')
    .replaceAll('\\/', '/')
    .replaceAll('\\.', '.')
    .replaceAll('.*', '*')
    .replace(/\(([^)]*)\)/g, (_, words: string) => `{${words.replaceAll('|', ',')}}`)

const rightsOf = (name: string): readonly string[] => ROOMS.find((room) => room.name === name)?.from ?? []

/** Rooms that no other one of these may import from, for what they may is said with them. */
const tops = (names: readonly string[]): readonly string[] =>
  names.filter((name) => !names.some((other) => other !== name && rightsOf(other).includes(name)))

/** `store and what it may`; what that says too much is taken off. */
const rightsText = (room: string, from: readonly string[]): string => {
  const allowed = new Set(from.filter((name) => name !== room))
  if (allowed.size === 0) return 'nothing'
  const said = tops([...allowed])
  const implied = new Set(said.flatMap((name) => [name, ...rightsOf(name)]))
  if (implied.size === said.length) return said.join(', ')
  const tooMuch = [...implied].filter((name) => !allowed.has(name) && name !== room)
  const but = tooMuch.length === 0 ? '' : `, but not ${tooMuch.join(', ')}`
  return `${said.join(', ')} and what ${said.length === 1 ? 'it' : 'they'} may${but}`
}

export const roomsTable = (): string =>
  table(
    ['Room', 'Files', 'May import from', 'Touches the machine'],
    ROOMS.map(({ name, has, from, machine }) => [
      name,
      `\`${filesOf(has)}\``,
      rightsText(name, from),
      machine === true ? 'yes' : '',
    ]),
  )
