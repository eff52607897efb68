/** The contract of WebSockets: what every implementation of the port does. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Failure, WebSocketConnection, WebSocketEvents, WebSockets } from '../../src/ports.js'
import { signal, type Until } from './waiting.js'

/** The other side of one connection. */
export interface ServerEnd {
  readonly received: readonly string[]
  say(text: string): void
  end(): void
}

export interface WebSocketWorld {
  readonly webSockets: WebSockets
  readonly until: Until
  /** Where something listens. */
  readonly url: string
  /** Where nothing does. */
  readonly nowhere: string
  /** Connections, in the order in which they came. */
  readonly ends: readonly ServerEnd[]
  /** How many are open, as the server has it. */
  readonly open: number
  /** Resolves when that holds. */
  whenServer(holds: () => boolean): Promise<void>
}

/** Hears one connection. */
export class WebEar implements WebSocketEvents {
  /** Every call in order. */
  readonly heard: string[] = []
  readonly texts: string[] = []
  readonly #opened = signal<void>()
  readonly #closed = signal<Failure>()
  #enough = (): void => {}

  opened(): void {
    this.heard.push('opened')
    this.#opened.send()
  }

  received(text: string): void {
    this.heard.push('received')
    this.texts.push(text)
    this.#enough()
  }

  closed(failure: Failure): void {
    this.heard.push(`closed ${failure.code}`)
    this.#closed.send(failure)
  }

  get whenOpened(): Promise<void> {
    return this.#opened.promise
  }

  get whenClosed(): Promise<Failure> {
    return this.#closed.promise
  }

  whenReceived(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#enough = () => {
        if (this.texts.length >= count) resolve()
      }
      this.#enough()
    })
  }
}

export const webSocketsContract = (
  name: string,
  withWorld: (work: (world: WebSocketWorld) => Promise<void>) => Promise<void>,
): void => {
  const opening = async ({ webSockets, until, url }: WebSocketWorld): Promise<[WebEar, WebSocketConnection]> => {
    const ear = new WebEar()
    const connection = webSockets.open(url, ear)
    assert.equal(ear.heard, [], 'nothing is called from within the call')
    await until(ear.whenOpened, 'it opens')
    return [ear, connection]
  }
  const endOf = ({ ends }: WebSocketWorld): ServerEnd => {
    const end = ends.at(-1)
    if (end === undefined) throw new Error('nobody came')
    return end
  }
  const claim = (what: string, work: (world: WebSocketWorld) => Promise<void>): void => {
    test(`${name}: ${what}`, () => withWorld(work))
  }

  claim('messages arrive whole and in order, both ways, whatever they hold', async (world) => {
    const [ear, connection] = await opening(world)
    const texts = ['', 'a', '\u0000\u00ff\u2028🦜', 'x'.repeat(200_000), 'last']
    for (const text of texts) connection.send(text)
    const end = endOf(world)
    await world.until(
      world.whenServer(() => end.received.length === texts.length),
      'all is there',
    )
    assert.equal(end.received, texts)
    for (const text of texts) end.say(text)
    await world.until(ear.whenReceived(texts.length), 'all is back')
    assert.equal(ear.texts, texts)
    connection.close()
  })

  claim('the other side ends it, which is heard once, and what is sent afterwards is lost', async (world) => {
    const [ear, connection] = await opening(world)
    const end = endOf(world)
    end.say('last')
    end.end()
    assert.is((await world.until(ear.whenClosed, 'it is closed')).code, 'EOF')
    assert.equal(ear.heard, ['opened', 'received', 'closed EOF'])
    connection.send('too late')
    connection.close()
    connection.close()
    await opening(world).then(([, other]) => other.close())
    assert.equal([ear.heard.length, end.received], [3, []])
  })

  claim('what was sent before it is closed arrives, and nothing is heard after that', async (world) => {
    const [ear, connection] = await opening(world)
    const end = endOf(world)
    connection.send('farewell')
    connection.close()
    connection.send('too late')
    end.say('too late')
    await world.until(
      world.whenServer(() => world.open === 0),
      'the server lets go',
    )
    assert.equal([end.received, ear.heard], [['farewell'], ['opened']])
  })

  claim('one that is closed before it is open calls nobody back', async (world) => {
    const ear = new WebEar()
    world.webSockets.open(world.url, ear).close()
    const [, other] = await opening(world)
    other.close()
    await world.until(
      world.whenServer(() => world.open === 0),
      'the server lets go',
    )
    assert.equal(ear.heard, [])
  })

  claim('one that is to be opened later is opened then, unless it is closed before', async (world) => {
    const [ear, closed] = [new WebEar(), new WebEar()]
    const connection = world.webSockets.open(world.url, ear, 30)
    world.webSockets.open(world.url, closed, 10).close()
    connection.send('too early')
    await world.until(ear.whenOpened, 'it opens')
    assert.equal([endOf(world).received, closed.heard, world.ends.length], [[], [], 1])
    connection.close()
    connection.close()
  })

  claim('where nobody listens, that is said', async (world) => {
    const ear = new WebEar()
    const connection = world.webSockets.open(world.nowhere, ear)
    connection.send('too early')
    assert.is((await world.until(ear.whenClosed, 'it fails')).code, 'REFUSED')
    assert.equal(ear.heard, ['closed REFUSED'])
  })
}
