/** The ways between hosts: how long they take, which are cut, and what waits for them to be mended. */
import { HOST_DEFAULTS, Host, type HostSettings, SEGMENT_BYTES_MAX } from './host.js'
import { labelOf, type World } from './world.js'

/** Has segments that a partition holds back. */
interface Parked {
  readonly host: Host
  readonly receiver: Host
  /** They go on. */
  unpark(): void
}

export class Ways {
  /** Where segments are put together; good for the time of one delivery. */
  readonly scratch = new Uint8Array(SEGMENT_BYTES_MAX)
  readonly parked = new Set<Parked>()
  /** By their addresses; many machines behind one, each with ports of its own. */
  readonly #hosts = new Map<string, Host[]>()
  /** Each true where nothing comes through from one host to the other. */
  readonly #cuts = new Set<(from: Host, to: Host) => boolean>()

  constructor(readonly world: World) {}

  /** Adds a machine. */
  attach(node: number, settings: Pick<HostSettings, 'host'> & Partial<HostSettings>): Host {
    const host = new Host(this.world, node, this.world.chance('network', node), { ...HOST_DEFAULTS, ...settings })
    const behind = this.#hosts.get(settings.host)
    if (behind === undefined) this.#hosts.set(settings.host, [host])
    else behind.push(host)
    return host
  }

  /** Where a port is given, whoever of them listens there. */
  find(host: string, port?: number): Host | undefined {
    const behind = this.#hosts.get(host) ?? []
    const listening =
      port === undefined || behind.length < 2 ? undefined : behind.find((each) => each.listeners.has(port))
    return listening ?? behind[0]
  }

  /** All machines that have this address. */
  behind(host: string): readonly Host[] {
    return this.#hosts.get(host) ?? []
  }

  /** One way. */
  latencyUs(from: Host, to: Host): number {
    return from.settings.latencyUs + to.settings.latencyUs
  }

  isCut(from: Host, to: Host): boolean {
    if (!to.up && to !== from) return true
    if (this.#cuts.size > 0) for (const cut of this.#cuts) if (cut(from, to)) return true
    return false
  }

  /** Cuts ways, until what this returns is called; what is on its way meanwhile waits, as TCP sends it again. */
  cut(isCut: (from: Host, to: Host) => boolean): () => void {
    this.#cuts.add(isCut)
    return () => {
      this.#cuts.delete(isCut)
      this.retry()
    }
  }

  /** What was held back tries again. */
  retry(): void {
    for (const each of this.parked) {
      if (this.isCut(each.host, each.receiver)) continue
      this.parked.delete(each)
      each.unpark()
    }
  }

  /** Not from within the call. */
  later(node: number, act: () => void, us = 0): void {
    this.world.schedule(this.world.now + us, labelOf('connection', node), act)
  }

  /** When a word from one host has reached the other; never, where it does not come through. */
  after(from: Host, to: Host, act: () => void): void {
    this.world.schedule(this.world.now + this.latencyUs(from, to), labelOf('connection', to.node), () => {
      if (!this.isCut(from, to)) act()
    })
  }
}
