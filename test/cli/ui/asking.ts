/** Asking the debugger's server, as its page does and as strangers might. */
import { get, request } from 'node:http'
import type { UiServer } from '../../../src/cli/ui/server.js'
import { waitAtMost } from '../../contracts/waiting.js'

const until = waitAtMost(30_000)

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
  /** Its body, as JSON. */
  json(): Record<string, unknown>
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** `target` as it stands in the request: nothing is tidied up. */
export const askAt = (
  port: number,
  target: string,
  { method = 'GET', headers = {}, body }: Ask = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: target, method, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', reject).on('end', () => {
        const json = () => JSON.parse(text) as Record<string, unknown>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json })
      })
    })
    asked.on('error', reject)
    asked.end(body)
  })

/** Below the token. */
export const ask = ({ port, url }: UiServer, what: string, how?: Ask): Promise<Answer> =>
  askAt(port, `${new URL(url).pathname}${what}`, how)

/** News that the server tells, one after the other, as they come, until `heard` has what it waits for. */
export const listen = (
  { port, url }: UiServer,
  id: string,
  heard: (news: Readonly<Record<string, number>>) => boolean,
): Promise<void> => {
  const told: string[] = []
  const asked = new Promise<void>((resolve, reject) => {
    const path = `${new URL(url).pathname}api/${id}/live`
    const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let rest = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const messages = (rest + chunk).split('\n\n')
        rest = messages.pop() ?? ''
        for (const message of messages) {
          told.push(message)
          if (!heard(JSON.parse(message.replace(/^data: /, '')) as Record<string, number>)) continue
          request.destroy()
          resolve()
        }
      })
      response.on('end', () => reject(new Error(`the news of ${id} ended with ${told.at(-1)}`)))
    })
    request.on('error', reject)
  })
  return until(asked, `news of ${id}`).catch((error: unknown) => {
    throw new Error(`${String(error)}, after ${told.length}, at last ${told.at(-1)}`)
  })
}
