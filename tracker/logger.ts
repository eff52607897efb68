/** Where a tracker says what happens: an interface that pino has, and others are made to have in a few lines. */
import type { TorrewindError } from '../src/errors.js'
import { toHex } from '../src/values.js'
import { bytesToHost, COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES } from '../src/wire/compact.js'
import type { SwarmRequest } from './swarm.js'
import type { FrontName } from './tally.js'
import type { Witness } from './witness.js'

export type TrackerLogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What happened, as fields and in words. Info-hashes and addresses are told with `debug` only, and tokens never. */
type Log = (fields: Readonly<Record<string, unknown>>, message: string) => void

export interface TrackerLogger extends Readonly<Record<TrackerLogLevel, Log>> {
  /** Whether lines of this level are heard; where it is left out, all are. */
  readonly isLevelEnabled?: ((level: TrackerLogLevel) => boolean) | undefined
}

const silence = (): void => {}
export const SILENT: TrackerLogger = {
  debug: silence,
  info: silence,
  warn: silence,
  error: silence,
  isLevelEnabled: () => false,
}

const fieldsOf = (front: FrontName, { infoHash, host, port, event, leftBytes }: SwarmRequest) => ({
  front,
  infoHash: toHex(infoHash),
  host: bytesToHost(host),
  port,
  event: event ?? null,
  seed: leftBytes === 0,
})

/** Tells of every request; undefined where nobody would hear it. */
export const loggingWitness = (logger: TrackerLogger): Witness | undefined => {
  if (logger.isLevelEnabled?.('debug') === false) return undefined
  return {
    answered: (front, request, _nowMs, answer) => {
      const { complete, incomplete } = answer
      const [ipv4, ipv6] = [answer.compactBytes('ipv4'), answer.compactBytes('ipv6')]
      const offered = ipv4 / COMPACT_IPV4_BYTES + ipv6 / COMPACT_IPV6_BYTES
      logger.debug({ ...fieldsOf(front, request), complete, incomplete, offered }, 'announce answered')
    },
    refused: (front, request, _nowMs, { code }) =>
      logger.debug({ ...fieldsOf(front, request), code }, 'announce refused'),
    dismissed: (front, from, _nowMs, code) =>
      logger.debug({ front, host: bytesToHost(from), code }, 'request not looked at'),
  }
}

export const logStore = (logger: TrackerLogger, failure: TorrewindError | undefined): void => {
  if (failure === undefined) logger.info({}, 'store answers again')
  else logger.error({ code: failure.code, error: failure.message }, 'store failed')
}
