/** The flags of `torrewind tracker` that say who may do what. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Command } from 'commander'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type AccessFlags, addAccessFlags, readAccess } from '../../src/cli/tracker-access.js'
import { TorrewindError } from '../../src/errors.js'
import { setOf, tokenMaker } from '../tracker/token-maker.js'
import { inPlace } from './place.js'

const parse = (...args: readonly string[]): AccessFlags => {
  const command = addAccessFlags(new Command('tracker'))
    .exitOverride()
    .configureOutput({ outputError: () => {} })
  return command.parse(args, { from: 'user' }).opts()
}
const messageOf = (flags: AccessFlags): Promise<string> =>
  readAccess(flags).then(
    () => 'nothing',
    (error) => (error instanceof TorrewindError && error.code === 'OPTION_INVALID' ? error.message : String(error)),
  )

test('tracker access: without flags nothing is said, so that the default holds', async () => {
  assert.equal(await readAccess(parse()), { open: undefined, corsOrigin: undefined })
  assert.equal(await readAccess(parse('--open', '--cors', '*')), { open: true, corsOrigin: '*' })
})

test('tracker access: keys are those of a file, or lie at a URL', () =>
  inPlace(async (folder) => {
    const keys = setOf(await tokenMaker('one'))
    const file = path.join(folder, 'jwks.json')
    await writeFile(file, keys)
    const flags = ['--audience', 'a', '--issuer', 'https://id.example']
    const { tokens } = await readAccess(parse('--jwks', file, ...flags))
    assert.equal(tokens, { keys, audience: 'a', issuer: 'https://id.example' })
    const remote = await readAccess(parse('--jwks', 'https://id.example/keys'))
    assert.is(String(remote.tokens?.keys), 'https://id.example/keys')
    assert.match(await messageOf(parse('--jwks', `${file}2`)), /^--jwks .*jwks\.json2: .*ENOENT/)
    assert.match(await messageOf(parse('--jwks', '/dev/zero')), /longer than \d+ bytes/)
  }))

test('tracker access: flags that contradict each other, or say something of nothing, are wrong', async () => {
  assert.match(await messageOf(parse('--open', '--jwks', 'x')), /exclude each other/)
  assert.match(await messageOf(parse('--audience', 'x')), /--jwks is needed/)
  assert.match(await messageOf(parse('--issuer', 'x')), /--jwks is needed/)
  for (const origin of ['example.org', 'https://example.org/', 'https://example.org/x', '']) {
    assert.throws(() => parse('--cors', origin), /It is an origin/, origin)
  }
  assert.is(parse('--cors', 'https://example.org:8443').cors, 'https://example.org:8443')
})

test.run()
