/** Bodies of HTTP requests: those that are asked for, read within bounds, and those that are not, thrown away. */
import type { IncomingMessage } from 'node:http'
import { CatalogueRefusal } from './catalogue-codes.js'

export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'

/** Reads a body that nobody asked for, for a moment: a socket that is closed over unread bytes loses the answer too. */
export const skipBody = (request: IncomingMessage, lingerMs: number): void => {
  request.resume()
  const timer = setTimeout(() => request.socket.destroy(), lingerMs)
  request.once('close', () => clearTimeout(timer))
}

/** How many bytes of bodies are held, of all that are on their way. */
export class BodyBudget {
  readonly #bytesMax: number
  #held = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** False where there is no room. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#bytesMax) return false
    this.#held += bytes
    return true
  }

  give(bytes: number): void {
    this.#held -= bytes
  }
}

const tooLarge = (bytesMax: number): CatalogueRefusal =>
  new CatalogueRefusal('BODY_TOO_LARGE', `a .torrent has at most ${bytesMax} bytes here`)

/** Refuses a body by what its head says of it. */
export const checkBody = (request: IncomingMessage, contentType: string, bytesMax: number): void => {
  const said = request.headers['content-type']?.replace(/;.*/s, '').trim().toLowerCase()
  // A page of another origin cannot send this type unasked, as it could a form.
  if (said !== contentType) throw new CatalogueRefusal('BODY_TYPE_INVALID', `the body is of type ${contentType}`)
  if (!hasBody(request)) throw new CatalogueRefusal('BODY_MISSING', 'the body is the .torrent')
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax)
}

/**
 * The whole body. Rejects with BODY_TOO_LARGE or BUSY as soon as it is known, and with undefined where the client went
 * away: there is nobody to answer. How long it may take is the server's business.
 */
export const readBody = (request: IncomingMessage, bytesMax: number, budget: BodyBudget): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    let held = 0
    const settle = (act: () => void): void => {
      request.off('data', take).off('end', end).off('close', gone)
      budget.give(held)
      held = 0
      act()
    }
    const take = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > bytesMax) {
        settle(() => reject(tooLarge(bytesMax)))
      } else if (!budget.take(chunk.length)) {
        settle(() => reject(new CatalogueRefusal('BUSY', 'too much is being published at this moment: try again')))
      } else {
        held += chunk.length
        chunks.push(chunk)
      }
    }
    const end = (): void => settle(() => resolve(Buffer.concat(chunks)))
    const gone = (): void => settle(() => reject(undefined))
    request.on('data', take).on('end', end).on('close', gone)
    request.on('error', () => {}) // It is closed after that.
  })
