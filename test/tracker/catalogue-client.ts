/** A client of the catalogue for its tests: what it answers, as status, headers and JSON. */
import { createTracker, type Tracker, type TrackerOptions } from '../../tracker/index.js'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
  // Of whatever form the test expects.
  // biome-ignore lint/suspicious/noExplicitAny: the fields of JSON are what the tests are about
  readonly json: any
}

export interface Asking extends Omit<RequestInit, 'body'> {
  readonly body?: Uint8Array
}

export const TORRENT = { 'content-type': 'application/x-bittorrent' }

export const ask = async (url: string, { body, ...more }: Asking = {}): Promise<Answer> => {
  const signal = AbortSignal.timeout(15_000)
  const response = await fetch(url, { ...more, signal, ...(body === undefined ? {} : { body }) })
  const bytes = new Uint8Array(await response.arrayBuffer())
  const isJson = response.headers.get('content-type') === 'application/json'
  const json: unknown = isJson ? JSON.parse(new TextDecoder().decode(bytes)) : undefined
  return { status: response.status, headers: response.headers, bytes, json }
}

/** The code of an error, with its status. */
export const codeOf = async (url: string, asking?: Asking): Promise<string> => {
  const { status, json } = await ask(url, asking)
  return `${status} ${json?.error?.code}`
}

export const publish = (base: string, torrent: Uint8Array, query = '', headers: Record<string, string> = {}) =>
  ask(`${base}/catalogue${query}`, { method: 'POST', body: torrent, headers: { ...TORRENT, ...headers } })

export const withTracker = async (
  options: TrackerOptions,
  work: (base: string, tracker: Tracker) => Promise<void>,
): Promise<void> => {
  const tracker = await createTracker({ host: '127.0.0.1', httpPort: 0, ...options })
  try {
    await work(`http://127.0.0.1:${tracker.httpPort}`, tracker)
  } finally {
    await tracker.close()
  }
}
