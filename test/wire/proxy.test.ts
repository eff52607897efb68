/** What proxies are told and answer: SOCKS5 (RFC 1928, 1929) and CONNECT. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { present } from '../../src/assert.js'
import { ProxyDialogue, type ProxyProgress, readProxy } from '../../src/wire/proxy.js'

const text = (words: string): Uint8Array => new TextEncoder().encode(words)
const proxyOf = (url: string) => present(readProxy(url), 'a proxy')

/** What comes of a dialogue whose answers are cut at one byte: all that was said, and how it ended. */
const converse = (url: string, host: string, answers: readonly Uint8Array[], cut: number) => {
  const dialogue = new ProxyDialogue(proxyOf(url), { host, port: 6_881 })
  const said = [dialogue.start()]
  let last: ProxyProgress = { type: 'more', send: new Uint8Array(0) }
  for (const answer of answers)
    for (const part of [answer.subarray(0, cut), answer.subarray(cut)]) {
      if (part.length === 0 || last.type !== 'more') continue
      last = dialogue.push(part)
      if (last.type === 'more' && last.send.length > 0) said.push(last.send)
    }
  return { said: said.map((bytes) => [...bytes]), last }
}

test('proxy: URLs are read, with the ports that are usual', () => {
  assert.equal(readProxy('socks5://10.0.0.1'), {
    protocol: 'socks5',
    host: '10.0.0.1',
    port: 1_080,
    user: '',
    password: '',
  })
  assert.equal(readProxy('http://me:p%40ss@[::1]:3128/'), {
    protocol: 'http',
    host: '::1',
    port: 3_128,
    user: 'me',
    password: 'p@ss',
  })
  assert.is(readProxy('http://proxy')?.port, 8_080)
  for (const wrong of [
    '',
    'proxy:1080',
    'https://a',
    'socks4://a',
    'socks5://',
    'socks5://a/path',
    `socks5://${'u'.repeat(256)}@a`,
  ])
    assert.is(readProxy(wrong), undefined, wrong)
})

test('proxy: SOCKS5 without a user, to an address of IPv4, cut at any byte', () => {
  for (let cut = 0; cut < 12; cut++) {
    const answers = [Uint8Array.of(5, 0), Uint8Array.of(5, 0, 0, 1, 1, 2, 3, 4, 0, 80, 42)]
    const { said, last } = converse('socks5://p', '10.1.2.3', answers, cut)
    assert.equal(said, [
      [5, 1, 0],
      [5, 1, 0, 1, 10, 1, 2, 3, 26, 225],
    ])
    assert.is(last.type, 'open', `cut at ${cut}`)
  }
})

test('proxy: SOCKS5 with a user, to a name that the proxy looks up', () => {
  const answers = [Uint8Array.of(5, 2), Uint8Array.of(1, 0), Uint8Array.of(5, 0, 0, 3, 1, 97, 0, 80, 9, 9)]
  const { said, last } = converse('socks5://me:pw@p', 'a.b', answers, 1)
  assert.equal(said.slice(0, 3), [
    [5, 2, 0, 2],
    [1, 2, 109, 101, 2, 112, 119],
    [5, 1, 0, 3, 3, 97, 46, 98, 26, 225],
  ])
  assert.is(last.type, 'open')
})

test('proxy: refusals of SOCKS5 say why', () => {
  const reasonOf = (...answers: readonly (readonly number[])[]): string => {
    const { last } = converse(
      'socks5://me:pw@p',
      '::1',
      answers.map((each) => Uint8Array.from(each)),
      0,
    )
    return last.type === 'refused' ? last.reason : last.type
  }
  assert.match(reasonOf([5, 255]), 'user')
  assert.match(reasonOf([5, 2], [1, 1]), 'password is wrong')
  assert.match(reasonOf([5, 0], [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]), 'nobody listens')
  assert.match(reasonOf([72, 84]), 'no proxy of SOCKS5')
})

test('proxy: CONNECT names where to, who asks, and is open at the empty line, cut at any byte', () => {
  const answer = text('HTTP/1.1 200 Connection established\r\nVia: 1.1 p\r\n\r\nrest')
  for (let cut = 0; cut < answer.length; cut++) {
    const { said, last } = converse('http://me:pw@p', 'tracker.test', [answer], cut)
    assert.is(
      String.fromCharCode(...(said[0] ?? [])),
      'CONNECT tracker.test:6881 HTTP/1.1\r\nHost: tracker.test:6881\r\nProxy-Authorization: Basic bWU6cHc=\r\n\r\n',
    )
    assert.is(last.type, 'open')
    if (last.type === 'open' && cut === 0) assert.equal([...last.rest], [...text('rest')])
  }
})

test('proxy: refusals of CONNECT say why, and an answer without end is one', () => {
  const endOf = (answer: string) => converse('http://p', '::1', [text(answer)], 0).last
  const refused = endOf('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
  assert.match(refused.type === 'refused' ? refused.reason : '', '407 Proxy Authentication Required')
  assert.is(endOf('SSH-2.0\r\n\r\n').type, 'refused')
  assert.is(endOf('HTTP/1.1 200 OK\r\n'.padEnd(20_000, 'x')).type, 'refused')
})

test.run()
