/**
 * A home behind a router, in network namespaces: a host, the router, and somebody outside who does not see the host.
 *
 * The router masks addresses as those at home do, by nftables, and miniupnpd speaks UPnP and NAT-PMP on it. Its outside
 * has a public-looking address, because miniupnpd lets nobody in who has none.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Child } from './child.js'
import { missing, type Peer } from './client.js'
import type { Place } from './place.js'
import { type Rig, until } from './rig.js'

export interface Home {
  readonly host: Place
  readonly outside: Place
  readonly router: Place
  /** Where the router is seen from outside. */
  readonly externalHost: string
  /** The router leads this TCP port of its own to the host. */
  leads(port: number): boolean
  /** Nothing that is sent to the router itself arrives any more. */
  silence(): void
  close(): void
}

export const run = (command: string, ...args: string[]): string => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
  return stdout
}
export const ip = (...args: string[]): string => run('ip', ...args)

const HOST = '192.0.2.2'
const ROUTER = '192.0.2.1'
const EXTERNAL = '8.8.4.7'
const OUTSIDE = '8.8.4.8'
const LINK_BOUND_MS = 10_000

/** With the chains that miniupnpd fills; who is outside gets in by those alone. */
const RULES = `table inet filter {
  chain input { type filter hook input priority 0; policy accept; }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "home" accept
    jump miniupnpd
  }
  chain miniupnpd { }
  chain prerouting { type nat hook prerouting priority -100; jump prerouting_miniupnpd; }
  chain prerouting_miniupnpd { }
  chain postrouting { type nat hook postrouting priority 100; jump postrouting_miniupnpd; oifname "out" masquerade; }
  chain postrouting_miniupnpd { }
}
`

let homesMade = 0

export const createHome = async (folder: string): Promise<Home> => {
  const stem = `twh${process.pid}${String.fromCharCode(97 + homesMade++)}`
  const [router, host, outside] = ['r', 'h', 'o'].map((end) => `${stem}${end}`) as [string, string, string]
  const made: string[] = []
  const close = (): void => {
    for (const name of made.splice(0)) spawnSync('ip', ['netns', 'del', name], { timeout: 10_000 })
    process.off('exit', close)
  }
  process.on('exit', close)
  try {
    for (const name of [router, host, outside]) {
      ip('netns', 'add', name)
      made.push(name)
      ip('-n', name, 'link', 'set', 'lo', 'up')
    }
    const join = (name: string, device: string, other: string, address: string, otherAddress: string): void => {
      ip('link', 'add', device, 'netns', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', other)
      ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', device)
      ip('-n', other, 'addr', 'add', `${otherAddress}/24`, 'dev', 'eth0')
      ip('-n', name, 'link', 'set', device, 'up')
      ip('-n', other, 'link', 'set', 'eth0', 'up')
    }
    join(router, 'home', host, ROUTER, HOST)
    join(router, 'out', outside, EXTERNAL, OUTSIDE)
    ip('-n', host, 'route', 'add', 'default', 'via', ROUTER)
    const within = (name: string): Place['prefix'] => ['ip', 'netns', 'exec', name]
    run('ip', 'netns', 'exec', router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
    // A link takes up to a second until the system calls it running, and programs that list networks leave it out before.
    for (const [name, device] of [
      [host, 'eth0'],
      [outside, 'eth0'],
      [router, 'home'],
    ] as const)
      await until(
        `${device} of ${name} being up`,
        async () => ip('-n', name, 'link', 'show', device).includes('state UP') || undefined,
        LINK_BOUND_MS,
      )
    const rules = path.join(folder, 'router.nft')
    writeFileSync(rules, RULES)
    run('ip', 'netns', 'exec', router, 'nft', '-f', rules)
    return {
      host: { host: HOST, prefix: within(host) },
      outside: { host: OUTSIDE, prefix: within(outside) },
      router: { host: ROUTER, prefix: within(router) },
      externalHost: EXTERNAL,
      leads: (port) =>
        new RegExp(`dport ${port}\\b.*dnat ip to ${HOST}:`).test(
          run('ip', 'netns', 'exec', router, 'nft', 'list', 'chain', 'inet', 'filter', 'prerouting_miniupnpd'),
        ),
      silence: () => void run('ip', 'netns', 'exec', router, 'nft', 'add', 'rule', 'inet', 'filter', 'input', 'drop'),
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

/** The router lets others in by these protocols. */
export const startMiniupnpd = async (
  rig: Rig,
  { router }: Home,
  { upnp, natPmp }: { readonly upnp: boolean; readonly natPmp: boolean },
): Promise<Child> => {
  const folder = await rig.folder('miniupnpd')
  const settings = path.join(folder, 'miniupnpd.conf')
  const yes = (on: boolean): string => (on ? 'yes' : 'no')
  writeFileSync(
    settings,
    [
      ...['ext_ifname=out', 'listening_ip=home', `enable_upnp=${yes(upnp)}`, `enable_natpmp=${yes(natPmp)}`],
      ...['secure_mode=yes', 'min_lifetime=5', 'uuid=00000000-0000-4000-8000-000000000001'],
      ...['allow 1024-65535 192.0.2.0/24 1024-65535', 'deny 0-65535 0.0.0.0/0 0-65535', ''],
    ].join('\n'),
  )
  const args = ['-d', '-f', settings, '-P', path.join(folder, 'pid')]
  const child = rig.start({ name: 'miniupnpd', command: 'miniupnpd', args, place: router })
  await child.waitFor('listened', ({ text }) => /listening (on|for)/i.test(text) || undefined, 10_000)
  return child
}

let reason: string | null | undefined

/** Why there can be no such home here; undefined where there can. */
const homeUnavailable = (): string | undefined => {
  if (reason !== undefined) return reason ?? undefined
  reason = missing('nft', 'Debian: apt-get install nftables') ?? null
  if (reason !== null) return reason
  try {
    const probe = `twp${process.pid}`
    ip('netns', 'add', probe)
    try {
      run('ip', 'netns', 'exec', probe, 'nft', 'add', 'table', 'inet', 'probe')
    } finally {
      ip('netns', 'del', probe)
    }
  } catch (error) {
    reason = `network namespaces with rules of their own cannot be made: ${error instanceof Error ? error.message : error}`
  }
  return reason ?? undefined
}

export const namespaces: Peer = { name: 'network namespaces', available: homeUnavailable }

export const miniupnpd: Peer = {
  name: 'miniupnpd',
  available: () => missing('miniupnpd', 'Debian: apt-get install miniupnpd-nftables'),
}
