/** The gateway to the internet: asked of the system, which says it in another way on each platform. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs'
import type { Answer } from '../ports.js'
import { gatewayOfNetstat, gatewayOfProc } from '../wire/gateway.js'
import { failed } from './failure.js'

const TABLE_BYTES_MAX = 1_048_576
const TIMEOUT_MS = 3_000

export const findGateway = (done: (answer: Answer<string>) => void): void => {
  const tell = (error: Error | null, gateway: string | undefined): void => {
    if (gateway !== undefined) done({ type: 'done', value: gateway })
    else done(failed('ENOTFOUND', error?.message ?? 'this machine has no gateway of IPv4'))
  }
  if (process.platform === 'linux')
    readFile('/proc/net/route', 'latin1', (error, table) => tell(error, error ? undefined : gatewayOfProc(table)))
  else
    execFile(
      'netstat',
      ['-rn'],
      { encoding: 'latin1', maxBuffer: TABLE_BYTES_MAX, timeout: TIMEOUT_MS, windowsHide: true },
      (error, table) => tell(error, error ? undefined : gatewayOfNetstat(table)),
    )
}
