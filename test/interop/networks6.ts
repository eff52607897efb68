/** Two networks of IPv6 with a router between them, in network namespaces: nobody there has an address of IPv4. */
import { spawnSync } from 'node:child_process'
import type { Peer } from './client.js'
import type { Place } from './place.js'
import { until } from './rig.js'

export interface Networks6 {
  /** One machine in each network. */
  readonly left: Place
  readonly right: Place
  close(): void
}

const LINK_BOUND_MS = 10_000
/** Set aside for documentation (RFC 3849), so that nothing real is hidden; to us it is as public as any. */
const [LEFT, RIGHT] = ['2001:db8:a:', '2001:db8:b:']

const run = (command: string, ...args: string[]): string => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
  return stdout
}
const ip = (...args: string[]): string => run('ip', ...args)

let made = 0

const createNamespaces = (): { readonly names: readonly [string, string, string]; close(): void } => {
  const stem = `tws${process.pid}${String.fromCharCode(97 + made++)}`
  const names = [`${stem}l`, `${stem}r`, `${stem}m`] as const
  const there: string[] = []
  const close = (): void => {
    for (const name of there.splice(0)) spawnSync('ip', ['netns', 'del', name], { timeout: 10_000 })
    process.off('exit', close)
  }
  process.on('exit', close)
  try {
    for (const name of names) {
      ip('netns', 'add', name)
      there.push(name)
      ip('-n', name, 'link', 'set', 'lo', 'up')
    }
    const [left, right, middle] = names
    for (const [name, device, network] of [
      [left, 'left', LEFT],
      [right, 'right', RIGHT],
    ] as const) {
      ip('link', 'add', device, 'netns', middle, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
      // Nobody else could have the addresses, so that they need not be asked for.
      ip('-n', middle, 'addr', 'add', `${network}:1/64`, 'dev', device, 'nodad')
      ip('-n', name, 'addr', 'add', `${network}:2/64`, 'dev', 'eth0', 'nodad')
      ip('-n', middle, 'link', 'set', device, 'up')
      ip('-n', name, 'link', 'set', 'eth0', 'up')
      ip('-n', name, '-6', 'route', 'add', 'default', 'via', `${network}:1`)
    }
    run('ip', 'netns', 'exec', middle, 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1')
    return { names, close }
  } catch (error) {
    close()
    throw error
  }
}

export const createNetworks6 = async (): Promise<Networks6> => {
  const { names, close } = createNamespaces()
  const [left, right] = names
  const within = (name: string, host: string): Place => ({ host, prefix: ['ip', 'netns', 'exec', name] })
  try {
    // A link takes up to a second until the system calls it running.
    for (const name of [left, right])
      await until(
        `eth0 of ${name} being up`,
        async () => ip('-n', name, 'link', 'show', 'eth0').includes('state UP') || undefined,
        LINK_BOUND_MS,
      )
    return {
      left: within(left, `${LEFT}:2`),
      right: within(right, `${RIGHT}:2`),
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

let reason: string | null | undefined

const unavailable = (): string | undefined => {
  if (reason !== undefined) return reason ?? undefined
  try {
    createNamespaces().close()
    reason = null
  } catch (error) {
    reason = `two networks of IPv6 cannot be made: ${error instanceof Error ? error.message : String(error)}`
  }
  return reason ?? undefined
}

export const networks6: Peer = { name: 'two networks of IPv6', available: unavailable }
