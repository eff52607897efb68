/** Two commands that know of each other by a tracker over HTTPS alone. */
import { once } from 'node:events'
import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createTracker } from '../../tracker/index.js'
import { makeCertificate } from '../node/certificate.js'
import { inPlace, writeFiles } from './place.js'
import { assertSame, makeSample, stop } from './rig.js'
import { Cli, cli } from './run-cli.js'

const test = suite('HTTPS tracker')

/** Our tracker behind a server that ends TLS, as people run it; `heard` waits for an announce. */
const withSecureTracker = async (
  certificate: { readonly key: string; readonly cert: string },
  work: (url: string, heard: Promise<unknown>) => Promise<void>,
): Promise<void> => {
  const tracker = await createTracker({ host: '127.0.0.1', httpPort: 0 })
  const server = createServer(certificate, ({ url = '' }, response) => {
    request({ host: '127.0.0.1', port: tracker.httpPort, path: url }, (answer) => {
      response.writeHead(answer.statusCode ?? 500)
      answer.pipe(response)
    }).end()
  })
  const heard = once(server, 'request').then(([, response]) => once(response, 'finish'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await work(`https://127.0.0.1:${(server.address() as AddressInfo).port}/announce`, heard)
  } finally {
    server.closeAllConnections()
    server.close()
    await tracker.close()
  }
}

test('HTTPS tracker: a download finds its seed there where the certificate is trusted, and is told why where it is not', () =>
  inPlace(async (folder) => {
    const certificate = makeCertificate()
    await writeFiles(folder, { 'trusted.pem': new TextEncoder().encode(certificate.cert) })
    const trusting = { NODE_EXTRA_CA_CERTS: path.join(folder, 'trusted.pem') }
    await withSecureTracker(certificate, async (url, heard) => {
      const sample = await makeSample(folder)
      const at = (name: string): string => path.join(folder, name)
      const seed = new Cli(
        ['seed', sample.torrent, '--path', sample.dir, '--data', at('seeding'), '--tracker', url, '--json'],
        trusting,
      )
      await heard
      const get = (name: string, env?: Readonly<Record<string, string>>): Cli =>
        new Cli(['get', sample.torrent, '-d', at(name), '--data', at(`${name}-data`), '--tracker', url, '--json'], env)
      const { code, stderr } = await get('out', trusting).ended
      assert.is(code, 0, stderr)
      await assertSame(sample, at('out'))
      const wary = get('wary')
      await wary.until((_stdout, stderr) => (/self.signed/i.test(stderr) ? true : undefined))
      await Promise.all([stop(wary), stop(seed)])
      const { stdout } = await cli('log', 'show', '--data', at('wary-data'))
      assert.match(stdout.join('\n'), /self.signed/i)
    })
  }))

test.run()
