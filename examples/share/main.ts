/**
 * The main job, to be watched: a tracker, a seed and three downloaders in processes of their own share a folder over
 * loopback; one downloader is killed half way and started again; every byte is compared at the end.
 *
 *   npm start -- [PATH] [--json]
 */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Screen } from './screen.js'
import { share } from './share.js'
import { Swarm } from './swarm.js'

const STOPPED = 130

const readArguments = (): { readonly json: boolean; readonly content: string | undefined } => {
  try {
    const { values, positionals } = parseArgs({
      // `npm start -- PATH -- --json` hands the second `--` on.
      args: process.argv.slice(2).filter((word) => word !== '--'),
      options: { json: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    if (positionals.length > 1) throw new Error('there is one PATH at most')
    const [content] = positionals
    return { json: values.json === true, content: content === undefined ? undefined : path.resolve(content) }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\nusage: npm start -- [PATH] [--json]\n`)
    process.exit(2)
  }
}

const { json, content } = readArguments()
const screen = new Screen(json)
const swarm = new Swarm(await mkdtemp(path.join(tmpdir(), 'torrewind-start-')))

let stopping = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stopping) process.exit(STOPPED)
    stopping = true
    screen.endProgress()
    screen.tell('Stopping.')
    void swarm.stop().then(() => process.exit(STOPPED))
  })
}

try {
  await share(screen, swarm, content)
} catch (error) {
  screen.endProgress()
  const message = error instanceof Error ? error.message : String(error)
  if (!stopping) {
    screen.complain(`\nIt failed: ${message}\nWhat there is so far is in ${swarm.folder}.`)
    screen.say({ type: 'error', code: 'START_FAILED', message })
    process.exitCode = 1
  }
} finally {
  await swarm.stop()
}
