/** Chromium, from Debian's `chromium`: one page without a window, driven over the DevTools protocol on two pipes. */
import path from 'node:path'
import { missing, type Peer } from './client.js'
import type { Rig } from './rig.js'

export const chromium: Peer = {
  name: 'Chromium',
  available: () => missing('chromium', 'Debian: apt-get install chromium'),
}

const CALL_BOUND_MS = 15_000

export interface BrowserEvent {
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

interface Answer {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

export interface BrowserPage {
  /** Everything that it told of, in order: requests, exceptions, what was logged. */
  readonly events: readonly BrowserEvent[]
  call(method: string, params?: object): Promise<Readonly<Record<string, unknown>>>
  /** Resolves when everything that the page needs is loaded. */
  open(url: string): Promise<void>
  /** The value of an expression in the page; awaited, where it is a promise. */
  evaluate(expression: string): Promise<unknown>
}

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-dev-shm-usage',
  '--remote-debugging-pipe',
]

/** `flags` are on top of those that every browser here has. */
export const startBrowser = async (rig: Rig, ...flags: readonly string[]): Promise<BrowserPage> => {
  const profile = path.join(await rig.folder('chromium'), 'profile')
  const args = [...FLAGS, ...flags, `--user-data-dir=${profile}`, 'about:blank']
  const child = rig.start({ name: 'chromium', command: 'chromium', args, pipes: true })
  const { into, from } = child.pipes
  into.on('error', () => {})
  const events: BrowserEvent[] = []
  const waiting = new Map<number, (answer: Answer) => void>()
  const hearing = new Set<() => void>()
  let calls = 0

  const take = (text: string): void => {
    const answer = JSON.parse(text) as Answer
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer)
    else if (answer.method !== undefined) events.push({ method: answer.method, params: answer.params ?? {} })
    for (const hear of [...hearing]) hear()
  }
  let rest = ''
  from.setEncoding('utf8').on('data', (chunk: string) => {
    const texts = (rest + chunk).split('\0')
    rest = texts.pop() ?? ''
    texts.forEach(take)
  })

  /** Resolves when `settled` has been called; bounded, and over when the browser is. */
  const bounded = <T>(what: string, begin: (settled: (value: T) => void, failed: (error: Error) => void) => void) =>
    new Promise<T>((resolve, reject) => {
      const bound = setTimeout(() => reject(child.failure(`has not ${what} after ${CALL_BOUND_MS} ms`)), CALL_BOUND_MS)
      const over = (): void => clearTimeout(bound)
      child.ended.then(() => reject(child.failure(`ended before it ${what}`))).finally(over)
      begin(
        (value) => {
          over()
          resolve(value)
        },
        (error) => {
          over()
          reject(error)
        },
      )
    })

  const send = (method: string, params: object, sessionId?: string): Promise<Record<string, unknown>> =>
    bounded(`answered ${method}`, (settled, failed) => {
      const id = ++calls
      waiting.set(id, ({ error, result }) => {
        waiting.delete(id)
        if (error === undefined) settled(result ?? {})
        else failed(new Error(`${method}: ${error.message}`))
      })
      into.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })

  const { targetId } = await send('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
  const call = (method: string, params: object = {}) => send(method, params, String(sessionId))
  for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await call(`${domain}.enable`)

  return {
    events,
    call,
    open: async (url) => {
      const before = events.length
      await bounded<void>('loaded the page', (settled, failed) => {
        const hear = (): void => {
          if (!events.slice(before).some(({ method }) => method === 'Page.loadEventFired')) return
          hearing.delete(hear)
          settled()
        }
        hearing.add(hear)
        call('Page.navigate', { url }).then(hear, failed)
      })
    },
    evaluate: async (expression) => {
      const answer = await call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
      const { result, exceptionDetails } = answer as { result: { value?: unknown }; exceptionDetails?: object }
      if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`)
      return result.value
    },
  }
}
