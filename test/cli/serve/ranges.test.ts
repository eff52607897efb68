/** Which bytes a request asks for (RFC 9110). */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { contentTypeOf } from '../../../src/cli/serve/content-type.js'
import { readRanges } from '../../../src/cli/serve/ranges.js'
import { isMeantForUs } from '../../../src/cli/serve/server.js'

const read = (header: string | undefined, length = 1_000): unknown => {
  const ranges = readRanges(header, length)
  return Array.isArray(ranges) ? ranges.map(({ start, end }) => `${start}-${end}`).join() : ranges
}

test('ranges: from a byte on, up to one, and the last ones', () => {
  assert.is(read('bytes=0-'), '0-999')
  assert.is(read('bytes=10-19'), '10-19')
  assert.is(read('Bytes=990-5000'), '990-999')
  assert.is(read('bytes=-5'), '995-999')
  assert.is(read('bytes=-5000'), '0-999')
  assert.is(read('bytes=0-0, 5-6 ,-1'), '0-0,5-6,999-999')
})

test('ranges: those beyond the end are left out, and none at all is unsatisfiable', () => {
  assert.is(read('bytes=1000-'), 'unsatisfiable')
  assert.is(read('bytes=-0'), 'unsatisfiable')
  assert.is(read('bytes=0-', 0), 'unsatisfiable')
  assert.is(read('bytes=5-6,2000-'), '5-6')
})

test('ranges: what is no header of ranges is passed over', () => {
  for (const header of [
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=a-b',
    'bytes=-',
    'bytes=5-4',
    'lines=1-2',
    'bytes=1-2,x',
  ])
    assert.is(read(header), undefined)
  assert.is(read(`bytes=${Array.from({ length: 17 }, () => '0-0').join()}`), undefined)
  assert.is(read(`bytes=${'0-0,'.repeat(5_000)}`), undefined)
  assert.is(read('bytes=0-99999999999999999999'), undefined)
})

test('content types: nothing that a browser would run', () => {
  assert.is(contentTypeOf('a/b.MKV'), 'video/x-matroska')
  assert.is(contentTypeOf('page.html'), 'application/octet-stream')
  assert.is(contentTypeOf('icon.svg'), 'application/octet-stream')
  assert.is(contentTypeOf('constructor'), 'application/octet-stream')
})

test('hosts: addresses, localhost and the name that was chosen are ours, and no other name', () => {
  for (const host of ['127.0.0.1:80', 'localhost', 'LOCALHOST:8080', '[::1]:80', '192.168.1.2', 'box.local:1'])
    assert.ok(isMeantForUs(host, 'box.local'), host)
  for (const host of [undefined, '', 'evil.example', 'evil.example:80', '127.0.0.1.evil.example', 'localhost.evil:80'])
    assert.not(isMeantForUs(host, '127.0.0.1'), host ?? 'none')
})

test.run()
