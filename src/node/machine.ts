/** The machine: what a process may know of where it runs. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { join, resolve } from 'node:path'
import envPaths from 'env-paths'

export const entropy = (length: number): Uint8Array => new Uint8Array(randomBytes(length))

/** Linux's own word; a container sees its host's. Undefined elsewhere, or where it is hidden. */
const bootTimeOfLinux = (): number | undefined => {
  try {
    const seconds = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1]
    return seconds === undefined ? undefined : Number(seconds) * 1_000
  } catch {
    return undefined
  }
}

/**
 * When this machine started, in whole seconds but given in milliseconds since 1970, as the clock stands now: whoever
 * compares two of these must allow for 2 seconds of rounding, and for as much as the clock was set in between. Linux
 * says it itself, to a second; elsewhere it is the time of day less the time since the start, to two. 0 where the system
 * does not say.
 */
export const machineStartedAt = (): number => {
  const ofLinux = process.platform === 'linux' ? bootTimeOfLinux() : undefined
  if (ofLinux !== undefined) return ofLinux
  const upSeconds = uptime()
  return upSeconds > 0 ? Math.round(Date.now() / 1_000 - upSeconds) * 1_000 : 0
}

/** Where the event logs are: $TORREWIND_DATA, or what is the custom on this platform. */
export const defaultDataFolder = (): string => {
  const chosen = process.env.TORREWIND_DATA
  return chosen === undefined || chosen === '' ? envPaths('torrewind', { suffix: '' }).data : resolve(chosen)
}

/** Where in a data folder the nodes of the DHT are remembered. */
export const dhtFile = (dataFolder: string): string => join(dataFolder, 'dht-nodes')

/** Where in a data folder the event log lies. */
export const logFolder = (dataFolder: string): string => join(dataFolder, 'log')
