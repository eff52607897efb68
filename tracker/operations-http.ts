/** What operators ask over HTTP: whether the process lives, whether it is to be sent requests, and its metrics. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readiness } from './readiness.js'

export interface OperationsParts {
  readonly readiness: Readiness
  /** The text for Prometheus; undefined where it is not to be had here. */
  readonly metrics?: (() => Promise<{ readonly contentType: string; readonly text: string }>) | undefined
  /** Whether who asks may have the metrics now, by the rate that its address is allowed. */
  takes?(request: IncomingMessage): boolean
}

const JSON_TYPE = 'application/json'

export type Routes = (request: IncomingMessage, response: ServerResponse) => boolean

/** Takes requests for `/health`, `/ready` and, where there are any, `/metrics`. */
export const operationsRoutes = ({ readiness, metrics, takes = () => true }: OperationsParts): Routes => {
  const send = (response: ServerResponse, status: number, contentType: string, text: string): void => {
    response.statusCode = status
    response.setHeader('content-type', contentType)
    response.setHeader('content-length', Buffer.byteLength(text))
    response.setHeader('cache-control', 'no-store')
    response.end(text)
  }
  const sendJson = (response: ServerResponse, status: number, value: object): void =>
    send(response, status, JSON_TYPE, `${JSON.stringify(value)}\n`)

  return (request, response) => {
    // Whatever else comes, a body too, is refused by the front as it refuses all of that.
    if (request.method !== 'GET' && request.method !== 'HEAD') return false
    switch (request.url) {
      case '/health':
        sendJson(response, 200, { healthy: true })
        return true
      case '/ready': {
        const { reason } = readiness
        if (reason === undefined) sendJson(response, 200, { ready: true })
        else sendJson(response, 503, { ready: false, reason })
        return true
      }
      case '/metrics':
        if (metrics === undefined) return false
        if (takes(request)) void metrics().then(({ contentType, text }) => send(response, 200, contentType, text))
        else sendJson(response, 429, { error: 'you ask too often: wait a minute' })
        return true
      default:
        return false
    }
  }
}
