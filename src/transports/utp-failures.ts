/** How connections of uTP fail or end, in the words that other sockets have for it. */
import type { Failure } from '../ports.js'

export const REFUSED: Failure = { code: 'ECONNREFUSED', message: 'the other side has no use for the connection' }
export const RESET: Failure = { code: 'ECONNRESET', message: 'the other side does not know the connection' }
export const SILENT: Failure = { code: 'ETIMEDOUT', message: 'no answer in time' }
export const ENDED: Failure = { code: 'EOF', message: 'the other side ended the connection' }
export const CLOSED: Failure = { code: 'ECONNABORTED', message: 'the connection was closed' }
