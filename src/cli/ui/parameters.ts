/** Parameters of a request, read as strictly as options of a command line are. */
import { TorrewindError } from '../../errors.js'
import { EVENT_TYPES, type EventType } from '../../events/vocabulary.js'
import { type PeerAddress, readAddress } from '../../values.js'
import { type EventQuery, PAGE_MAX } from './event-query.js'
import type { TreeKey } from './page-types.js'

const TEXT_CHARACTERS_MAX = 200
const LIST_MAX = 200
const PATH_KEYS_MAX = 16

const refuse = (message: string): never => {
  throw new TorrewindError('OPTION_INVALID', message)
}

export class Parameters {
  readonly #values: URLSearchParams

  constructor(values: URLSearchParams) {
    this.#values = values
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name) ?? undefined
    if (value !== undefined && value.length > TEXT_CHARACTERS_MAX)
      refuse(`${name} has at most ${TEXT_CHARACTERS_MAX} characters`)
    return value
  }

  /** A whole number from 0. */
  number(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    return Number.isSafeInteger(value) ? value : refuse(`${name} is a whole number from 0`)
  }

  required(name: string): number {
    return this.number(name) ?? refuse(`${name} is missing`)
  }

  address(name: string): PeerAddress | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : (readAddress(text) ?? refuse(`${name} is HOST:PORT`))
  }

  #list(name: string): readonly string[] | undefined {
    const value = this.#values.get(name)
    if (value === null || value === '') return undefined
    const words = value.split(',')
    return words.length > LIST_MAX ? refuse(`${name} names at most ${LIST_MAX}`) : words
  }

  /** Keys from the state down, as JSON. */
  path(name: string): readonly TreeKey[] {
    const text = this.#values.get(name) ?? '[]'
    let keys: unknown
    try {
      keys = JSON.parse(text)
    } catch {
      keys = undefined
    }
    const isKey = (key: unknown): key is TreeKey => typeof key === 'string' || typeof key === 'number'
    return Array.isArray(keys) && keys.length <= PATH_KEYS_MAX && keys.every(isKey)
      ? keys
      : refuse(`${name} is a list of names and numbers, as JSON`)
  }

  events(): EventQuery {
    const types = this.#list('types')?.map((type) => {
      return EVENT_TYPES.find((each) => each === type) ?? refuse(`no event has the type ${type}`)
    })
    const peers = this.#list('peers')?.map((peer) => {
      return /^\d{1,10}$/.test(peer) ? Number(peer) : refuse('peers are numbers of connections')
    })
    const limit = this.number('limit') ?? PAGE_MAX
    if (limit < 1 || limit > PAGE_MAX) refuse(`limit is from 1 to ${PAGE_MAX}`)
    return {
      types: types && new Set<EventType>(types),
      peers: peers && new Set(peers),
      piece: this.number('piece'),
      text: (this.text('q') ?? '').toLowerCase(),
      from: this.required('from'),
      backwards: this.text('direction') === 'back',
      limit,
    }
  }
}
