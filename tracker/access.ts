/** Who may announce and publish: what a token admits to, and where in a tracker's URL it stands. */
import { LIMITS } from '../src/limits.js'
import type { Soon } from './store.js'

export type Scope = 'announce' | 'publish'

export interface Admission {
  readonly type: 'admission'
  /** Who the token was given to (`sub`), where it says so. */
  readonly subject: string | undefined
}

export type DenialCode = 'TOKEN_MISSING' | 'TOKEN_INVALID' | 'SCOPE_MISSING' | 'NOT_ALLOWED' | 'KEYS_UNREACHABLE'

export interface Denial {
  readonly type: 'denial'
  readonly code: DenialCode
  readonly reason: string
}

/** The guard of a private tracker. An open one has none. */
export interface Access {
  /** `infoHash` has 40 hexadecimal digits in lower case; where it is left out, only the scope counts. */
  admit(token: string | undefined, scope: Scope, infoHash?: string): Soon<Admission | Denial>
}

export const denial = (code: DenialCode, reason: string): Denial => ({ type: 'denial', code, reason })

/** What a token has come to, once its signature is known to be right. */
export interface Claims {
  readonly subject: string | undefined
  readonly scopes: ReadonlySet<string>
  /** In hexadecimal digits; undefined for every torrent. */
  readonly infoHashes: ReadonlySet<string> | undefined
}

const textsIn = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every((item): item is string => typeof item === 'string') ? value : undefined

/** Scopes as OAuth writes them (RFC 8693: one text, parted by spaces), or as a list of texts. */
const scopesIn = (scope: unknown): ReadonlySet<string> =>
  new Set(typeof scope === 'string' ? scope.split(' ') : (textsIn(scope) ?? []))

/** Undefined where `info_hashes` is there, and no list of info-hashes: it was meant to narrow, so nothing is guessed. */
export const readClaims = (payload: Readonly<Record<string, unknown>>): Claims | undefined => {
  const { sub, scope, info_hashes: hashes } = payload
  const listed = hashes === undefined ? undefined : textsIn(hashes)?.map((hash) => hash.toLowerCase())
  if (hashes !== undefined && !listed?.every((hash) => /^[0-9a-f]{40}$/.test(hash))) return undefined
  return {
    subject: typeof sub === 'string' && sub !== '' ? sub : undefined,
    scopes: scopesIn(scope),
    infoHashes: listed && new Set(listed),
  }
}

export const judgeClaims = (
  { subject, scopes, infoHashes }: Claims,
  scope: Scope,
  hash: string | undefined,
): Admission | Denial => {
  if (!scopes.has(scope)) return denial('SCOPE_MISSING', `the token is not for this: it lacks the scope "${scope}"`)
  if (hash !== undefined && infoHashes?.has(hash) === false)
    return denial('NOT_ALLOWED', 'the token is not for this torrent')
  return { type: 'admission', subject }
}

/** The characters of a JWT: three parts in base64url. */
const TOKEN = /^[\w-]+(?:\.[\w-]*){2}$/

export const isTokenText = (text: string): boolean => text.length <= LIMITS.trackerTokenBytesMax && TOKEN.test(text)

/**
 * The token in the target of an announce or scrape, over whichever protocol: `/announce?token=TOKEN`, or in the path,
 * where clients keep it when they make the URL of a scrape: `/TOKEN/announce`.
 */
export const readToken = (target: string): string | undefined => {
  const [path = '', query = ''] = target.split(/\?(.*)/s, 2)
  return /(?:^|&)token=([^&]*)/.exec(query)?.[1] ?? /^\/([^/]+)\/[^/]+$/.exec(path)?.[1]
}
