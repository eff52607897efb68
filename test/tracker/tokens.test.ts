/** Tokens of private trackers: what admits to what, and every way in which one can be wrong. */
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { SignJWT } from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TorrewindError } from '../../src/errors.js'
import { LIMITS } from '../../src/limits.js'
import type { Scope } from '../../tracker/access.js'
import { readToken } from '../../tracker/access.js'
import { Tokens } from '../../tracker/tokens.js'
import { setOf, tokenMaker, unsigned } from './token-maker.js'

const test = suite('tracker tokens')
const HASH = 'ab'.repeat(20)
const NOW = 1_800_000_000_000
const maker = await tokenMaker('one')
const stranger = await tokenMaker('one')

interface Asked {
  readonly keys?: string | URL
  readonly now?: () => number
  readonly audience?: string
  readonly issuer?: string
}
const tokens = ({ keys = setOf(maker), now = () => NOW, ...more }: Asked = {}) => new Tokens({ keys, now, ...more })
const codeOf = async (token: string | undefined, asked: Asked = {}, scope: Scope = 'announce', hash = HASH) => {
  const answer = await tokens(asked).admit(token, scope, hash)
  return answer.type === 'denial' ? answer.code : 'admitted'
}

test('tokens: one with the scope is admitted, and says whose it is', async () => {
  const token = await maker.make({ scope: 'publish announce', sub: 'ada' })
  assert.equal(await tokens().admit(token, 'announce', HASH), { type: 'admission', subject: 'ada' })
  assert.equal(await tokens().admit(token, 'publish', HASH), { type: 'admission', subject: 'ada' })
  assert.is(await codeOf(await maker.make({ scope: ['announce'] })), 'admitted')
})

test('tokens: none, or one without the scope, is denied by a code of its own', async () => {
  assert.is(await codeOf(undefined), 'TOKEN_MISSING')
  assert.is(await codeOf(''), 'TOKEN_MISSING')
  for (const scope of [undefined, '', 'publish', 'announcement', 'ANNOUNCE', 7, ['publish'], ['announce', 1]]) {
    assert.is(await codeOf(await maker.make({ scope })), 'SCOPE_MISSING', String(scope))
  }
})

test('tokens: info_hashes narrows a token to its torrents, and a strange one admits to none', async () => {
  assert.is(await codeOf(await maker.make({ scope: 'announce', info_hashes: [HASH.toUpperCase()] })), 'admitted')
  assert.is(await codeOf(await maker.make({ scope: 'announce', info_hashes: ['cd'.repeat(20)] })), 'NOT_ALLOWED')
  assert.is(await codeOf(await maker.make({ scope: 'announce', info_hashes: [] })), 'NOT_ALLOWED')
  for (const hashes of [HASH, null, [7], ['ab'], { 0: HASH }]) {
    const token = await maker.make({ scope: 'announce', info_hashes: hashes })
    assert.is(await codeOf(token), 'TOKEN_INVALID', JSON.stringify(hashes))
  }
})

test('tokens: one counts from nbf until exp, also where it was seen before', async () => {
  const token = await maker.make({ scope: 'announce', nbf: NOW / 1_000, exp: NOW / 1_000 + 60 })
  let now = NOW - 1_000
  const guard = tokens({ now: () => now })
  const code = async () => {
    const answer = await guard.admit(token, 'announce', HASH)
    return answer.type === 'denial' ? answer.reason : 'admitted'
  }
  assert.is(await code(), 'the token is not valid yet')
  now = NOW
  assert.is(await code(), 'admitted')
  now = NOW + 59_999
  assert.is(await code(), 'admitted')
  now = NOW + 60_000
  assert.is(await code(), 'the token has expired')
  now = NOW - 1_000
  assert.is(await code(), 'the token is not valid yet')
})

test('tokens: one that was verified is admitted at once the next time', async () => {
  const guard = tokens()
  const token = await maker.make({ scope: 'announce' })
  assert.instance(guard.admit(token, 'announce', HASH), Promise)
  await guard.admit(token, 'announce', HASH)
  assert.equal(guard.admit(token, 'announce', HASH), { type: 'admission', subject: undefined })
})

test('tokens: a wrong key, no signature, a changed payload and a shared secret are denied', async () => {
  const claims = { scope: 'announce' }
  assert.is(await codeOf(await stranger.make(claims)), 'TOKEN_INVALID')
  assert.is(await codeOf(await (await tokenMaker('two')).make(claims)), 'TOKEN_INVALID')
  for (const alg of ['none', 'None', 'NONE', 'ES256', 'HS256']) {
    assert.is(await codeOf(unsigned(claims, alg)), 'TOKEN_INVALID', alg)
  }
  const [head, , signature] = (await maker.make({ scope: 'nothing' })).split('.')
  const changed = Buffer.from(JSON.stringify(claims)).toString('base64url')
  assert.is(await codeOf(`${head}.${changed}.${signature}`), 'TOKEN_INVALID')
  // The public key, which anybody has, taken for a shared secret.
  const secret = new TextEncoder().encode(setOf(maker))
  const shared = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(secret)
  assert.is(await codeOf(shared), 'TOKEN_INVALID')
  const parts = unsigned(claims, 'HS256').slice(0, -1)
  const mac = createHmac('sha256', JSON.stringify(maker.jwk)).update(parts).digest('base64url')
  assert.is(await codeOf(`${parts}.${mac}`), 'TOKEN_INVALID')
})

test('tokens: what is no JWT is denied before anything is done with it', () => {
  const guard = tokens()
  for (const text of [
    'x',
    'a.b',
    'a.b.c.d',
    'ä.b.c',
    'a b.c.d',
    '..',
    `${'a'.repeat(LIMITS.trackerTokenBytesMax)}.b.c`,
  ]) {
    const answer = guard.admit(text, 'announce', HASH)
    assert.not.instance(answer, Promise)
    assert.equal(answer, { type: 'denial', code: 'TOKEN_INVALID', reason: 'the token is no JWT' }, text.slice(0, 20))
  }
})

test('tokens: what looks like one, and is none, is denied', async () => {
  for (const text of ['a.b.c', 'e30.e30.', 'e30.e30.AAAA', `${unsigned({}).split('.')[0]}..`]) {
    assert.is(await codeOf(text), 'TOKEN_INVALID', text)
  }
})

test('tokens: audience and issuer are held to where they are asked for', async () => {
  const token = await maker.make({ scope: 'announce', aud: 'tracker', iss: 'https://id.example' })
  assert.is(await codeOf(token, { audience: 'tracker', issuer: 'https://id.example' }), 'admitted')
  assert.is(await codeOf(token, { audience: 'shop' }), 'TOKEN_INVALID')
  assert.is(await codeOf(token, { issuer: 'https://other.example' }), 'TOKEN_INVALID')
})

test('tokens: each of several keys is tried where a token does not say which', async () => {
  const [first, second] = [await tokenMaker(), await tokenMaker()]
  const keys = setOf(first, second)
  for (const one of [first, second])
    assert.is(await codeOf(await one.make({ scope: 'announce' }), { keys }), 'admitted')
  assert.is(await codeOf(await (await tokenMaker()).make({ scope: 'announce' }), { keys }), 'TOKEN_INVALID')
})

test('tokens: keys that are no JWKS, are none, or are private are a wrong option', () => {
  const wrong = ['', '{', '[]', '{}', '{"keys":7}', '{"keys":[]}', JSON.stringify({ keys: [maker.privateJwk] })]
  for (const keys of [...wrong, '{"keys":[{"kty":"oct","k":"AAAA"}]}']) {
    assert.throws(
      () => tokens({ keys }),
      (error: unknown) => error instanceof TorrewindError && error.code === 'OPTION_INVALID',
      keys,
    )
  }
})

test('tokens: keys at a URL are fetched, and the last ones hold while it cannot be reached', async () => {
  let answer: string | undefined
  const server = createServer((_, response) => {
    response.statusCode = answer === undefined ? 500 : 200
    response.end(answer ?? 'no')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const keys = new URL(`http://127.0.0.1:${port}/keys`)
  try {
    const guard = tokens({ keys })
    const token = await maker.make({ scope: 'announce' })
    const code = async (text: string) => {
      const said = await guard.admit(text, 'announce', HASH)
      return said.type === 'denial' ? said.code : 'admitted'
    }
    assert.is(await code(token), 'KEYS_UNREACHABLE')
    answer = 'not json'
    assert.is(await code(token), 'KEYS_UNREACHABLE')
    answer = setOf(maker)
    assert.is(await code(token), 'admitted')
    answer = undefined
    assert.is(await code(await maker.make({ scope: 'announce', sub: 'other' })), 'admitted')
    assert.is(await code(await stranger.make({ scope: 'announce' })), 'TOKEN_INVALID')
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('tokens: one stands in the query of a target, or in its path', () => {
  assert.is(readToken('/announce?info_hash=x&token=a.b.c&port=1'), 'a.b.c')
  assert.is(readToken('/a.b.c/announce?info_hash=x'), 'a.b.c')
  assert.is(readToken('/announce?info_hash=x&mytoken=a.b.c'), undefined)
  assert.is(readToken('/announce'), undefined)
  assert.is(readToken('/'), undefined)
})

test.run()
