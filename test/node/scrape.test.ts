/** Scrapes over HTTP (BEP 48): the counts of one torrent, how often they may be asked for, and what is no scrape. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { nodeClock } from '../../src/node/clock.js'
import { nodeDatagrams } from '../../src/node/datagrams.js'
import { nodeDiscovery } from '../../src/node/discovery.js'
import type { Answer } from '../../src/ports.js'
import { encodeFailure, encodeScrapeAnswer, readScrapeQuery, type TrackerCounts } from '../../src/wire/tracker.js'
import { signal } from '../contracts/waiting.js'
import { HTML, REQUEST, until, withTracker } from './tracker-rig.js'

const { infoHash } = REQUEST
const COUNTS = { complete: 5, incomplete: 6, downloaded: 7 }

const scrape = (url: string): Promise<Answer<TrackerCounts>> => {
  const answered = signal<Answer<TrackerCounts>>()
  let calls = 0
  nodeDiscovery(nodeClock(), nodeDatagrams()).scrape(url, infoHash, (answer) => {
    calls++
    assert.is(calls, 1, 'done is called once')
    answered.send(answer)
  })
  assert.is(calls, 0, 'done is not called from within the call')
  return until(answered.promise, 'the scrape is answered')
}

const outcomeOf = async (url: string): Promise<string> => {
  const answer = await scrape(url)
  return answer.type === 'done' ? 'done' : answer.failure.code
}

test('scrape: the tracker is asked for this torrent, where BEP 48 says, and its counts arrive', async () => {
  const urls: string[] = []
  await withTracker(
    (request, response) => {
      urls.push(request.url ?? '')
      response.end(encodeScrapeAnswer([{ infoHash, ...COUNTS }], 900))
    },
    async ({ url }) => {
      const answer = await scrape(`${url}?passkey=abc`)
      assert.equal(answer, { type: 'done', value: { ...COUNTS, minIntervalSeconds: 900 } })
      assert.ok(urls[0]?.startsWith('/scrape?passkey=abc&info_hash='), urls[0])
      const read = readScrapeQuery(urls[0]?.slice('/scrape'.length) ?? '')
      assert.equal(read, { type: 'scrape', infoHashes: [infoHash] })
    },
  )
})

test('scrape: what is no answer to it is called what it is', async () => {
  const answers: readonly (readonly [number, Uint8Array | string, string])[] = [
    [200, encodeScrapeAnswer([]), 'FAILURE'],
    [200, encodeFailure('not for you'), 'FAILURE'],
    [404, 'nothing here', 'STATUS'],
    [200, HTML, 'GARBAGE'],
    [200, 'd5:filesi1ee', 'GARBAGE'],
    [200, '', 'GARBAGE'],
  ]
  for (const [status, body, code] of answers)
    await withTracker(
      (_, response) => {
        response.statusCode = status
        response.end(body)
      },
      async ({ url }) => assert.is(await outcomeOf(url), code, String(body)),
    )
})

test('scrape: a tracker whose address has no place for it is not asked', async () => {
  for (const url of [
    'http://127.0.0.1:1/tracker.php',
    'http://127.0.0.1:1/x/announce/y',
    'ftp://127.0.0.1:1/announce',
    'x',
  ])
    assert.is(await outcomeOf(url), 'UNSUPPORTED', url)
})

test('scrape: one that is given up calls nobody back', async () => {
  await withTracker(
    () => undefined,
    async ({ url, whenAllClosed }) => {
      const cancel = nodeDiscovery(nodeClock(), nodeDatagrams()).scrape(url, infoHash, () => {
        throw new Error('it was given up')
      })
      cancel()
      await until(whenAllClosed(), 'the connection is closed')
    },
  )
})

test.run()
