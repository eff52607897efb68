/** What one test has running: children, folders and networks, all bounded in time and all gone afterwards. */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { Child, type Command } from './child.js'
import { createNetwork, type Network } from './network.js'

export interface Rig {
  start(command: Command): Child
  /** A new empty folder of this test. */
  folder(name: string): Promise<string>
  network(): Network
}

export const RUN_BOUND_MS = 60_000
const OTHERS_LINES_SHOWN = 6

// A run that is told to stop ends by way of `exit`, where what a test has made is removed; its children end with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** Runs `work`, and whatever comes of it ends every child and removes every folder and network. */
export const withRig = async <T>(work: (rig: Rig) => Promise<T>, boundMs = RUN_BOUND_MS): Promise<T> => {
  const children: Child[] = []
  const folders: string[] = []
  const networks: Network[] = []
  let over = false
  const removeFolders = (): void => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  }
  process.on('exit', removeFolders)
  const rig: Rig = {
    start: (command) => {
      if (over) throw new Error(`the test was over before ${command.name} was started`)
      const child = new Child(command)
      children.push(child)
      return child
    },
    folder: async (name) => {
      const folder = await mkdtemp(path.join(os.tmpdir(), `torrewind-interop-${name}-`))
      folders.push(folder)
      return folder
    },
    network: () => {
      const network = createNetwork()
      networks.push(network)
      return network
    },
  }
  let bound: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    bound = setTimeout(() => reject(new Error(`the test was not over after ${boundMs} ms`)), boundMs)
  })
  try {
    return await Promise.race([work(rig), late])
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const others = children.map(
      (child) => `    ${child.name} (process ${child.pid}):\n${child.tail(OTHERS_LINES_SHOWN)}`,
    )
    const shown = new Error([error.message, ...others].join('\n'), { cause: error })
    // The runner prints all of the stack but its first line, and would show the message a second time.
    shown.stack = `Error\n${(error.stack ?? '')
      .split('\n')
      .filter((line) => /^ {4}at /.test(line))
      .join('\n')}`
    throw shown
  } finally {
    clearTimeout(bound)
    over = true
    await Promise.all(children.map((child) => child.stop()))
    for (const network of networks) network.close()
    removeFolders()
    process.off('exit', removeFolders)
  }
}

/** Asks again every few milliseconds until there is an answer: for clients that tell nothing by themselves. */
export const until = async <T>(
  what: string,
  ask: () => Promise<T | undefined>,
  boundMs: number,
  everyMs = 50,
): Promise<T> => {
  const end = Date.now() + boundMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > end) throw new Error(`${what} did not happen within ${boundMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

const connects = (host: string, port: number): Promise<true | undefined> =>
  new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: 500 })
    const settle = (answer: true | undefined) => (): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', settle(true)).on('error', settle(undefined)).on('timeout', settle(undefined))
  })

/** Waits until something takes connections there. */
export const listening = (what: string, host: string, port: number, boundMs = 10_000): Promise<true> =>
  until(`${what} listening on ${host}:${port}`, () => connects(host, port), boundMs)
