import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { VERSION } from '../../src/index.js'
import { cli, lastLine } from './run-cli.js'

const test = suite('command line')

test('command line: --help names every command, on stdout, and ends with 0', async () => {
  const { code, stdout } = await cli('--help')
  assert.is(code, 0)
  const help = stdout.join('\n')
  for (const name of ['create', 'seed', 'get', 'tracker', 'log', 'replay', '--data', '--json', '--log-level']) {
    assert.ok(help.includes(name), name)
  }
})

test('command line: the help of each command shows the flags that all commands share', async () => {
  const commands = [['create'], ['seed'], ['get'], ['tracker'], ['log', 'show'], ['replay']]
  const helps = await Promise.all(commands.map((words) => cli(...words, '--help')))
  for (const [at, { code, stdout }] of helps.entries()) {
    assert.is(code, 0)
    for (const flag of ['--data', '--json', '--log-level', '--help', '--version']) {
      assert.ok(stdout.join('\n').includes(flag), `${commands[at]?.join(' ')} ${flag}`)
    }
  }
})

test('command line: --version is that of the package, also as JSON and behind a command', async () => {
  const [plain, json, behind] = await Promise.all([
    cli('--version'),
    cli('--version', '--json'),
    cli('get', '--version'),
  ])
  assert.equal([plain.code, json.code, behind.code], [0, 0, 0])
  assert.equal(plain.stdout, [VERSION])
  assert.equal(behind.stdout, [VERSION])
  assert.equal(lastLine(json), { type: 'version', version: VERSION })
})

const WRONG: Readonly<Record<string, { readonly words: readonly string[]; readonly says: RegExp }>> = {
  'no command': { words: [], says: /a command is missing.*create, seed, get/ },
  'a command that is not there': { words: ['conjure'], says: /unknown command 'conjure'.*create, seed, get/ },
  'a part of a command that is not there': { words: ['log', 'conjure'], says: /unknown command 'conjure'.*ls, show/ },
  'an unknown flag': { words: ['get', 'x', '-d', '.', '--fast'], says: /unknown option '--fast'/ },
  'a missing argument': { words: ['create', '-o', 'x.torrent'], says: /missing required argument 'path'/ },
  'a missing flag': { words: ['get', 'x.torrent'], says: /required option '-d, --dir <dir>'/ },
  'one argument too many': { words: ['replay', 'this'], says: /too many arguments/ },
  'a port out of bounds': { words: ['seed', 'x', '--path', '.', '--port', '65536'], says: /from 0 to 65535/ },
  'an address without a port': { words: ['get', 'x', '-d', '.', '--peer', '127.0.0.1'], says: /HOST:PORT/ },
  'an age that has no unit': { words: ['get', 'x', '-d', '.', '--log-max-age', '14'], says: /90s, 30m, 12h or 14d/ },
  'a limit that is no number': { words: ['get', 'x', '-d', '.', '--upload-limit', 'fast'], says: /number of bytes/ },
  'a word that is not among the choices': { words: ['get', 'x', '-d', '.', '--encryption', 'yes'], says: /prefer/ },
  'an unknown log level': { words: ['replay', '--log-level', 'loud'], says: /error, warn, info, debug/ },
}

test('command line: wrong usage ends with 2, and says what is wrong on stderr and as a line of JSON', async () => {
  const left = Object.entries(WRONG)
  // A few at a time: each is a process.
  const worker = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [name, { words, says }] = next
      const ended = await cli(...words, '--json')
      assert.is(ended.code, 2, name)
      assert.is(ended.stdout.length, 1, name)
      const { type, code, message } = lastLine(ended)
      assert.equal([type, code], ['error', 'USAGE_INVALID'], name)
      assert.match(String(message), says)
      assert.match(ended.stderr, says)
    }
  }
  await Promise.all([worker(), worker(), worker()])
})

test('command line: without --json nothing of an error is on stdout', async () => {
  const { code, stdout, stderr } = await cli('conjure')
  assert.is(code, 2)
  assert.equal(stdout, [])
  assert.match(stderr, /unknown command 'conjure'/)
})

test.run()
