/**
 * A network of namespaces: each client gets an address of its own, as on a real network.
 *
 * Transmission 3.00 knows peers by address without port: on loopback the tracker's list begins with itself, and every
 * other peer of 127.0.0.1 counts as the same one. So it never meets anybody there; with an address of its own it does.
 * The test's own process keeps one leg in the network, on the bridge, and runs the trackers there.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Place } from './place.js'

export interface Network {
  /** The test's own address; children that run here see and are seen by every namespace. */
  readonly hub: Place
  /** A new namespace with a new address. */
  place(): Place
  /** Takes the network away from a place of it, as who pulls the cable, or puts it back. */
  set(place: Place, state: 'down' | 'up'): void
  close(): void
}

const ip = (...args: string[]): void => {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8', timeout: 10_000 })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
}

// 198.18.0.0/15 is set aside for tests between networks (RFC 2544), so that nothing real is hidden.
const subnets = 256
let networksMade = 0
/**
 * A bridge that is given none takes the lowest address of those who join it, so another when the next one joins. The
 * others go on sending to the one before, until they hear of it: a datagram is lost then, and Transmission waits for
 * the answer to one for a minute.
 */
const BRIDGE_ADDRESS = '02:00:00:00:00:01'

const addHub = (bridge: string): string => {
  ip('link', 'add', bridge, 'address', BRIDGE_ADDRESS, 'type', 'bridge')
  const taken = spawnSync('ip', ['-4', 'addr', 'show'], { encoding: 'utf8', timeout: 10_000 }).stdout
  for (let tried = 0; tried < subnets; tried++) {
    const subnet = `198.18.${(process.pid + networksMade + tried) % subnets}`
    if (taken.includes(`${subnet}.`)) continue
    ip('addr', 'add', `${subnet}.1/24`, 'dev', bridge)
    ip('link', 'set', bridge, 'up')
    return subnet
  }
  throw new Error('every subnet of 198.18.0.0/16 is taken')
}

export const createNetwork = (): Network => {
  networksMade++
  const stem = `tw${process.pid}${String.fromCharCode(96 + networksMade)}`
  const bridge = `${stem}b`
  const namespaces: string[] = []
  const links: string[] = []
  const close = (): void => {
    // Sockets that are still closing keep a namespace alive for a while, but not its link.
    for (const link of links.splice(0)) spawnSync('ip', ['link', 'del', link], { timeout: 10_000 })
    for (const name of namespaces.splice(0)) spawnSync('ip', ['netns', 'del', name], { timeout: 10_000 })
    if (existsSync(`/sys/class/net/${bridge}`)) spawnSync('ip', ['link', 'del', bridge], { timeout: 10_000 })
    process.off('exit', close)
  }
  process.on('exit', close)
  try {
    const subnet = addHub(bridge)
    return {
      hub: { host: `${subnet}.1`, prefix: [] },
      place: () => {
        const number = namespaces.length + 2
        const name = `${stem}-${number}`
        ip('netns', 'add', name)
        namespaces.push(name)
        const link = `${stem}${number}`
        ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
        links.push(link)
        ip('link', 'set', link, 'master', bridge, 'up')
        const host = `${subnet}.${number}`
        ip('-n', name, 'addr', 'add', `${host}/24`, 'dev', 'eth0')
        ip('-n', name, 'link', 'set', 'eth0', 'up')
        ip('-n', name, 'link', 'set', 'lo', 'up')
        return { host, prefix: ['ip', 'netns', 'exec', name] }
      },
      set: ({ prefix }, state) => ip('-n', prefix.at(-1) ?? '', 'link', 'set', 'eth0', state),
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

let reason: string | undefined
let tried = false

/** Why there can be no network of namespaces here; undefined where there can. */
export const networkUnavailable = (): string | undefined => {
  if (tried) return reason
  tried = true
  try {
    const network = createNetwork()
    try {
      network.place()
    } finally {
      network.close()
    }
  } catch (error) {
    reason = `network namespaces cannot be made: ${error instanceof Error ? error.message : String(error)}`
  }
  return reason
}
