/** WebTorrent in a page of a browser, served by this process. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'
import { type BrowserPage, startBrowser } from './chromium.js'
import { NPM_PEERS } from './npm-peers.js'
import { LOOPBACK } from './place.js'
import type { Rig } from './rig.js'

/** Serves one page with WebTorrent as browsers have it; resolves with its URL. */
export const serveWebTorrent = async (): Promise<{ readonly url: string; close(): void }> => {
  const script = await readFile(path.join(NPM_PEERS, 'node_modules/webtorrent/dist/webtorrent.min.js'))
  const page = `<!doctype html><title>WebTorrent</title><script type="module">
    import WebTorrent from '/webtorrent.min.js'
    window.WebTorrent = WebTorrent
  </script>`
  const server = createServer(({ url }, response) => {
    const isScript = url === '/webtorrent.min.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : url === '/' ? page : '')
  })
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK.host, resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://${LOOPBACK.host}:${port}/`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Browsers hide their addresses behind names that only a network could resolve, and leave loopback out. */
const WEBRTC_ON_LOOPBACK = ['--disable-features=WebRtcHideLocalIpsWithMdns', '--allow-loopback-in-peer-connection']

/** What both pages do first: a client that asks no server of the internet. */
const CLIENT = `(() => {
  window.warnings = []
  const client = new WebTorrent({ dht: false, lsd: false, utPex: false, tracker: { rtcConfig: { iceServers: [] } } })
  client.on('error', (error) => warnings.push(String(error)))
  window.client = client
  return true
})()`

export const openPage = async (rig: Rig, url: string): Promise<BrowserPage> => {
  const browser = await startBrowser(rig, ...WEBRTC_ON_LOOPBACK)
  await browser.open(url)
  await browser.evaluate(CLIENT)
  return browser
}

/** Of a blob, as its bytes in decimal. */
export const SHA256 = `async (blob) => [...new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()))].join()`
