/** Proxies: peers and trackers through one that the test has made, and nothing around it. */
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { EngineOptions } from '../../src/index.js'
import { compareContent, makeContent } from './content.js'
import { guard } from './guard.js'
import { at, codeOf, eventWhen, type Rig, rigged, within } from './rig.js'

const test = guard(suite('engine: proxies'))
const content = makeContent({ files: { a: 400_001 } })

interface Relay {
  readonly port: number
  /** `HOST:PORT` of each way that it was asked for. */
  readonly asked: string[]
}

const listen = async (rig: Rig, server: Server): Promise<number> => {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  rig.later(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  await within(new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)), 'a port')
  const bound = server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : 0
}

const relay = (from: Socket, host: string, port: number, open: () => void): void => {
  const to = connect({ host, port })
  to.on('connect', () => {
    open()
    from.pipe(to)
    to.pipe(from)
  })
  for (const [one, other] of [
    [from, to],
    [to, from],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
}

/** SOCKS5 that wants a user, as far as these tests need it; each message of ours comes in one piece over loopback. */
const socks = async (rig: Rig, password: string): Promise<Relay> => {
  const asked: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write(Uint8Array.of(5, 2))
      socket.once('data', (login) => {
        if (login.subarray(-password.length).toString() !== password) {
          socket.end(Uint8Array.of(1, 1))
          return
        }
        socket.write(Uint8Array.of(1, 0))
        socket.once('data', (wish) => {
          const isName = wish[3] === 3
          const host = isName ? wish.subarray(5, -2).toString() : wish.subarray(4, 8).join('.')
          const port = wish.readUInt16BE(wish.length - 2)
          asked.push(`${host}:${port}`)
          const there = host === 'tracker.invalid' ? '127.0.0.1' : host
          relay(socket, there, port, () => socket.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)))
        })
      })
    })
  })
  return { port: await listen(rig, server), asked }
}

const httpProxy = async (rig: Rig): Promise<Relay> => {
  const asked: string[] = []
  const server = createHttpServer()
  server.on('connect', (request, socket: Socket) => {
    const [host = '', port = ''] = (request.url ?? '').split(':')
    asked.push(request.url ?? '')
    relay(socket, host, Number(port), () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
  })
  return { port: await listen(rig, server), asked }
}

const leeching = async (
  rig: Rig,
  options: Omit<EngineOptions, 'dataDir'>,
  port: number,
  trackers: readonly string[] = [],
) => {
  const folder = await rig.folder()
  const engine = await rig.engine(join(folder, 'data'), options)
  const transfer = await engine.add(content.torrent, { path: folder, peers: [at(port)], trackers })
  return { folder, engine, transfer }
}

for (const encryption of ['off', 'require'] as const)
  test(
    `proxy: a download goes through SOCKS5, with encryption ${encryption}`,
    rigged(async (rig) => {
      const seed = await rig.seed(content, { encryption })
      const { port, asked } = await socks(rig, 'secret')
      const proxy = `socks5://me:secret@127.0.0.1:${port}`
      const { folder, transfer, engine } = await leeching(rig, { proxy, encryption, utp: true }, seed.engine.port)
      await within(transfer.done, 'the download')
      await compareContent(content, folder)
      assert.equal(asked, [`127.0.0.1:${seed.engine.port}`])
      const direct = connect({ host: '127.0.0.1', port: engine.port })
      const code = await within(
        new Promise((resolve) => direct.on('error', (error) => resolve('code' in error && error.code))),
        'no',
      )
      assert.is(code, 'ECONNREFUSED', 'nobody is let in around it')
    }),
  )

test(
  'proxy: a download goes through a proxy of HTTP',
  rigged(async (rig) => {
    const seed = await rig.seed(content)
    const { port, asked } = await httpProxy(rig)
    const { folder, transfer } = await leeching(rig, { proxy: `http://127.0.0.1:${port}` }, seed.engine.port)
    await within(transfer.done, 'the download')
    await compareContent(content, folder)
    assert.equal(asked, [`127.0.0.1:${seed.engine.port}`])
  }),
)

test(
  'proxy: trackers of HTTP are asked through it by their names, and others not at all',
  rigged(async (rig) => {
    const requests: string[] = []
    const tracker = createHttpServer((request, response) => {
      requests.push(request.url ?? '')
      response.end('d8:intervali1800e5:peers0:e')
    })
    const trackerPort = await listen(rig, tracker)
    const { port, asked } = await socks(rig, 'secret')
    const url = `http://tracker.invalid:${trackerPort}/announce`
    const options = { proxy: `socks5://me:secret@127.0.0.1:${port}` }
    const { transfer } = await leeching(rig, options, 1, [url, 'udp://127.0.0.1:9/announce'])
    await eventWhen(transfer, 'announce-answered')
    assert.is(requests.length, 1)
    assert.ok(asked.includes(`tracker.invalid:${trackerPort}`))
  }),
)

test(
  'proxy: one that refuses, or is not there, is said to',
  rigged(async (rig) => {
    const { port } = await socks(rig, 'secret')
    const refused = await leeching(rig, { proxy: `socks5://me:wrong@127.0.0.1:${port}` }, 9)
    assert.is((await eventWhen(refused.transfer, 'dial-failed')).event.reason, 'PROXY_REFUSED')
    assert.ok((await refused.transfer.explain()).causes.some(({ code }) => code === 'proxy-failed'))
  }),
)

test(
  'proxy: what is no URL of one is refused',
  rigged(async (rig) => {
    const folder = await rig.folder()
    for (const proxy of ['proxy', 'ftp://a', 'socks5://'])
      assert.is(await codeOf(() => rig.engine(join(folder, 'data'), { proxy })), 'OPTION_INVALID')
  }),
)

test.run()
