/**
 * The guard: who is let in. The page shows what was shared, with whom and where it lies, so that only the one who started
 * it may see it: whoever has the token, which no other page can guess, read, or make a browser send.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** 256 bits. */
const TOKEN_BYTES = 32

export const makeToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url')

/** Of the same length, whatever was sent. */
const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest()

/** Takes as long for a token that is nearly right as for one that is not at all. */
export const isToken = (token: string, sent: string): boolean => timingSafeEqual(digest(token), digest(sent))

/** Names that lead to this machine whatever a name server says: another one may be made to (DNS rebinding). */
const HOSTS: readonly string[] = ['127.0.0.1', 'localhost']

/** Whether the request was meant for us, and was sent by our own page, by a user, or by a program that is no browser. */
export const isOurs = ({ headers }: IncomingMessage, port: number): boolean => {
  const own = HOSTS.map((host) => `${host}:${port}`)
  if (!own.includes(headers.host ?? '')) return false
  if (headers.origin !== undefined && !own.some((host) => headers.origin === `http://${host}`)) return false
  const site = headers['sec-fetch-site']
  return site === undefined || site === 'same-origin' || site === 'none'
}

/** Nothing but our own files, nobody may put us into a frame, and the address, with its token, is told to nobody. */
export const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}
