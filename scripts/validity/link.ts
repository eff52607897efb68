/**
 * A real link: network namespaces of this machine, with lines between them that are slow, far and lossy as they are said to
 * be. `link.py` plays them in every kernel that has TUN devices, as not every one has `tc netem`.
 */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { messageOf } from '../../src/errors.js'

/** One end, and its line to the middle of the network. */
export interface End {
  /** Half of what a round trip takes of this end's way. */
  readonly latencyUs: number
  /** Bytes a second of streams, beside their headers; 0 for no limit. */
  readonly uploadRate: number
  readonly downloadRate: number
  /** Of packets that it sends. */
  readonly lossRate: number
}

export type Program = ChildProcessByStdio<null, Readable, null>

export interface Link {
  readonly hosts: readonly string[]
  /** What stands before a command that is to run at an end. */
  prefix(end: number): readonly string[]
  /** Runs a program at an end. */
  run(end: number, command: string, args: readonly string[]): Program
  close(): Promise<void>
}

/** Of packets, over what they have of a stream. */
const WITH_HEADERS = 1_500 / 1_448
const PYTHON = '/usr/bin/python3'
const SCRIPT = fileURLToPath(new URL('link.py', import.meta.url))

const ip = (...args: readonly string[]): string => execFileSync('ip', args, { encoding: 'utf8', stdio: 'pipe' })

let links = 0

/** This user may not make one, or the machine has not what it takes. */
export class NoLink extends Error {}

/** All connections of an end share its line, or each has its own. Throws `NoLink`. */
export const openLink = async (ends: readonly End[], lines: 'shared' | 'own' = 'shared'): Promise<Link> => {
  const name = `tw${process.pid}-${links++}`
  const namespaces = ends.map((_, at) => `${name}-${at}`)
  const hosts = ends.map((_, at) => `10.231.77.${at + 1}`)
  const removeNamespaces = (): void => {
    for (const namespace of namespaces) {
      try {
        ip('netns', 'del', namespace)
      } catch {
        // It was never made.
      }
    }
  }
  let script: ChildProcessByStdio<Writable, Readable, null>
  try {
    for (const namespace of namespaces) {
      ip('netns', 'add', namespace)
      ip('-n', namespace, 'link', 'set', 'lo', 'up')
      // Or the next connection would begin with what the kernel has learned of the way from the last one.
      ip('netns', 'exec', namespace, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/tcp_no_metrics_save')
    }
    const words = ends.map(({ latencyUs, uploadRate, downloadRate, lossRate }, at) =>
      [
        namespaces[at],
        namespaces[at],
        hosts[at],
        latencyUs,
        WITH_HEADERS * uploadRate,
        WITH_HEADERS * downloadRate,
        lossRate,
        lines,
      ].join(':'),
    )
    script = spawn(PYTHON, [SCRIPT, ...words], { stdio: ['pipe', 'pipe', 'inherit'] })
    const ended = once(script, 'exit').then(([code]) => Promise.reject(new Error(`link.py ended with ${code}`)))
    await Promise.race([once(script.stdout, 'data'), ended])
  } catch (error) {
    removeNamespaces()
    throw new NoLink(messageOf(error), { cause: error })
  }
  const prefix = (end: number): readonly string[] => ['ip', 'netns', 'exec', namespaces[end] ?? '']
  return {
    hosts,
    prefix,
    run: (end, command, args) => {
      const [first = command, ...rest] = [...prefix(end), command, ...args]
      return spawn(first, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
    },
    close: async () => {
      const ended = once(script, 'exit')
      script.stdin.end()
      await ended
      removeNamespaces()
    },
  }
}
