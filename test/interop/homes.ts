/**
 * Homes behind routers that let nobody in, and one host that all of them reach: network namespaces around a bridge.
 *
 * A router keeps the port of whoever sends through it, as most do, and takes for an answer only what comes from where
 * something was sent. All is made anew for each test, as routers remember for minutes who spoke to whom.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Place } from './place.js'
import { until } from './rig.js'
import { ip, run } from './router.js'

export interface HomeBehind {
  readonly host: Place
  /** Where its router is seen by the others. */
  readonly externalHost: string
}

export interface Homes {
  /** Everybody can send to it. */
  readonly outside: Place
  readonly homes: readonly HomeBehind[]
  close(): void
}

const OUTSIDE = '8.8.4.8'
const LINK_BOUND_MS = 10_000

const RULES = `table inet filter {
  chain input { type filter hook input priority 0; policy drop; ct state established,related accept; iifname "home" accept; }
  chain forward { type filter hook forward priority 0; policy drop; ct state established,related accept; iifname "home" accept; }
  chain postrouting { type nat hook postrouting priority 100; oifname "out" masquerade; }
}
`

let made = 0

export const createHomes = async (folder: string, count: number): Promise<Homes> => {
  const stem = `twn${process.pid}${String.fromCharCode(97 + made++)}`
  const bridge = `${stem}i`
  const namespaces: string[] = []
  const close = (): void => {
    for (const name of namespaces.splice(0)) spawnSync('ip', ['netns', 'del', name], { timeout: 10_000 })
    process.off('exit', close)
  }
  const add = (name: string): string => {
    ip('netns', 'add', name)
    namespaces.push(name)
    ip('-n', name, 'link', 'set', 'lo', 'up')
    return name
  }
  /** A leg of the namespace, whose other end is in another. */
  const join = (name: string, device: string, address: string, other: string, otherDevice: string): void => {
    ip('link', 'add', device, 'netns', name, 'type', 'veth', 'peer', 'name', otherDevice, 'netns', other)
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', device)
    for (const [end, link] of [
      [name, device],
      [other, otherDevice],
    ] as const)
      ip('-n', end, 'link', 'set', link, 'up')
  }
  const plug = (name: string, device: string, address: string, port: string): void => {
    join(name, device, address, bridge, port)
    ip('-n', bridge, 'link', 'set', port, 'master', 'br0')
  }
  const within = (name: string): Place['prefix'] => ['ip', 'netns', 'exec', name]
  process.on('exit', close)
  try {
    add(bridge)
    ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge')
    ip('-n', bridge, 'link', 'set', 'br0', 'up')
    const outside = add(`${stem}o`)
    plug(outside, 'eth0', OUTSIDE, 'o')
    const rules = path.join(folder, 'homes.nft')
    writeFileSync(rules, RULES)
    const homes = Array.from({ length: count }, (_, at): HomeBehind => {
      const [router, host] = [add(`${stem}r${at}`), add(`${stem}h${at}`)]
      const externalHost = `8.8.4.${10 + at}`
      plug(router, 'out', externalHost, `r${at}`)
      join(host, 'eth0', `192.0.2.${2 + at}`, router, 'home')
      ip('-n', router, 'addr', 'add', '192.0.2.1/24', 'dev', 'home')
      ip('-n', host, 'route', 'add', 'default', 'via', '192.0.2.1')
      run('ip', 'netns', 'exec', router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
      run('ip', 'netns', 'exec', router, 'nft', '-f', rules)
      return { host: { host: `192.0.2.${2 + at}`, prefix: within(host) }, externalHost }
    })
    // A link takes up to a second until the system calls it running, and programs that list networks leave it out before.
    for (const name of namespaces.filter((each) => each !== bridge))
      await until(
        `the links of ${name} being up`,
        async () => !/eth0.*state DOWN|out.*state DOWN/.test(ip('-n', name, 'link', 'show')) || undefined,
        LINK_BOUND_MS,
      )
    return { outside: { host: OUTSIDE, prefix: within(outside) }, homes, close }
  } catch (error) {
    close()
    throw error
  }
}
