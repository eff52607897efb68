import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { addressOfUrl, readContentRange, readRetryAfterMs, urlOfFile, webSeedUrl } from '../../src/wire/web-seed.js'

test("web seeds: the BEP's own examples", () => {
  assert.is(
    urlOfFile('http://mirror.com/pub/', ['michael', 'Readme.txt'], true),
    'http://mirror.com/pub/michael/Readme.txt',
  )
  assert.is(urlOfFile('http://mirror.com/file.exe', ['file.exe'], false), 'http://mirror.com/file.exe')
  assert.is(urlOfFile('http://mirror.com/', ['file.exe'], false), 'http://mirror.com/file.exe')
})

test('web seeds: names are encoded, and a folder without a slash gets one', () => {
  assert.is(
    urlOfFile('http://m.example/a', ['ü & co', 'a #1?.bin', '100%'], true),
    'http://m.example/a/%C3%BC%20%26%20co/a%20%231%3F.bin/100%25',
  )
  assert.is(urlOfFile('http://m.example/', ['half \ud800'], false), 'http://m.example/half%20%EF%BF%BD')
})

test('web seeds: are of HTTP and HTTPS, and have an address', () => {
  for (const url of ['ftp://m.example/', 'file:///etc/passwd', 'javascript:1', 'm.example', ''])
    assert.is(webSeedUrl(url), undefined)
  assert.equal(addressOfUrl('https://m.example/x'), { host: 'm.example', port: 443 })
  assert.equal(addressOfUrl('http://[2001:db8::1]:8080/x'), { host: '2001:db8::1', port: 8_080 })
  // Odd spellings of an address are that address.
  assert.equal(addressOfUrl('http://0x7f.1/'), { host: '127.0.0.1', port: 80 })
  assert.equal(addressOfUrl('nonsense'), { host: 'nonsense', port: 0 })
})

test('content range: what servers send, and nothing else', () => {
  assert.equal(readContentRange('bytes 0-499/1234'), { first: 0, last: 499, total: 1_234 })
  assert.equal(readContentRange(' Bytes 5-5/* '), { first: 5, last: 5, total: undefined })
  for (const text of [
    '',
    'bytes 5-4/10',
    'bytes 0-10/10',
    'bytes */10',
    'items 0-1/2',
    'bytes 0-1',
    `bytes 0-${'9'.repeat(400)}/*`,
  ])
    assert.is(readContentRange(text), undefined, text)
})

test('retry after: seconds, and dates as all other programs read them', () => {
  assert.is(readRetryAfterMs('120', 0), 120_000)
  for (const text of ['', '-1', '1.5', 'soon', '1e9', 'Mon, 30 Feb', '9'.repeat(30)])
    assert.is(readRetryAfterMs(text, 0), undefined, text)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4_000_000_000 }), (seconds) => {
      const at = seconds * 1_000
      assert.is(readRetryAfterMs(new Date(at).toUTCString(), 0), at)
    }),
  )
  assert.is(readRetryAfterMs(new Date(1_000_000).toUTCString(), 2_000_000), undefined)
})

test.run()
