/**
 * Tokens of a private tracker: JWTs, verified against the public keys of a JWKS that lies in a file or at a URL.
 *
 * Strategy: `jose` verifies, with signatures of public keys only: a tracker that could verify by a shared secret could
 * also make tokens. What was verified is remembered until it expires, since a client announces with the same token for
 * weeks. Keys at a URL are fetched when they are first needed, and again when a token names one that is not there.
 */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JWTVerifyGetKey,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose'
import { messageOf, TorrewindError } from '../src/errors.js'
import { LIMITS } from '../src/limits.js'
import {
  type Access,
  type Admission,
  type Claims,
  type Denial,
  denial,
  isTokenText,
  judgeClaims,
  readClaims,
  type Scope,
} from './access.js'
import type { Soon } from './store.js'

/** What a JWKS may sign with: neither `none` nor anything with a shared secret. */
const ALGORITHMS = [
  ...['EdDSA', 'Ed25519', 'ES256', 'ES384', 'ES512'],
  ...['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'],
]

export interface TokenSettings {
  /** The text of a JWKS, or the URL of one. */
  readonly keys: string | URL
  /** What `aud` has to name, where it is given. */
  readonly audience?: string | undefined
  /** What `iss` has to be, where it is given. */
  readonly issuer?: string | undefined
  /** Milliseconds since the epoch, by the clock on the wall, which `exp` and `nbf` go by. */
  now(): number
}

interface Verified {
  readonly claims: Claims
  /** Milliseconds since the epoch. */
  readonly validFrom: number
  readonly validUntil: number
}

const invalid = (why: string, cause?: unknown): TorrewindError =>
  new TorrewindError('OPTION_INVALID', `the keys of tokens: ${why}`, { cause })

const keysIn = (text: string): JWTVerifyGetKey => {
  let keys: readonly object[]
  let find: JWTVerifyGetKey
  try {
    const set = JSON.parse(text) as Parameters<typeof createLocalJWKSet>[0] // which the library makes sure of
    find = createLocalJWKSet(set)
    keys = set.keys
  } catch (error) {
    throw invalid(`no JWKS: ${messageOf(error)}`, error)
  }
  if (keys.length === 0) throw invalid('there is none')
  if (keys.some((key) => 'd' in key || 'k' in key)) throw invalid('one is private or shared: give public keys only')
  return find
}

/** Keys at a URL. Where it cannot be reached, those hold that were fetched last. */
const keysAt = (url: URL): JWTVerifyGetKey => {
  const remote = createRemoteJWKSet(url)
  return async (header, token) => {
    try {
      return await remote(header, token)
    } catch (error) {
      const last = remote.jwks()
      if (last === undefined || !isUnreachable(error)) throw error
      return createLocalJWKSet(last)(header, token)
    }
  }
}

const milliseconds = (claim: number | undefined, otherwise: number): number =>
  claim === undefined ? otherwise : claim * 1_000

/** The library has no class of its own for a server of keys that answers with anything but keys. */
const isUnreachable = (error: unknown): boolean =>
  !(error instanceof errors.JOSEError) ||
  ['ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID', 'ERR_JWKS_TIMEOUT'].includes(error.code)

/** Reasons are ours: those of the library may quote what a stranger wrote. */
const denialOf = (error: unknown): Denial => {
  if (error instanceof errors.JWTExpired) return denial('TOKEN_INVALID', 'the token has expired')
  if (error instanceof errors.JWTClaimValidationFailed) {
    const early = error.claim === 'nbf' && error.reason === 'check_failed'
    return denial(
      'TOKEN_INVALID',
      early ? 'the token is not valid yet' : 'the token is for somebody else, or malformed',
    )
  }
  if (isUnreachable(error)) {
    return denial('KEYS_UNREACHABLE', 'the keys that tokens are verified with cannot be reached now')
  }
  return denial('TOKEN_INVALID', 'the token is none that this tracker can verify')
}

const keysOf = (keys: TokenSettings['keys']): JWTVerifyGetKey =>
  typeof keys === 'string' ? keysIn(keys) : keysAt(keys)

export class Tokens implements Access {
  readonly #settings: TokenSettings
  #keys: JWTVerifyGetKey
  /** By token; the one that was used last stands last. */
  readonly #verified = new Map<string, Verified>()

  /** Throws OPTION_INVALID. */
  constructor(settings: TokenSettings) {
    this.#settings = settings
    this.#keys = keysOf(settings.keys)
  }

  /** Verifies with these from now on, also what was verified before. Throws OPTION_INVALID, and leaves those that hold. */
  exchangeKeys(keys: TokenSettings['keys']): void {
    this.#keys = keysOf(keys)
    this.#verified.clear()
  }

  admit(token: string | undefined, scope: Scope, infoHash?: string): Soon<Admission | Denial> {
    if (token === undefined || token === '')
      return denial('TOKEN_MISSING', 'this tracker is private: a token is missing')
    if (!isTokenText(token)) return denial('TOKEN_INVALID', 'the token is no JWT')
    const known = this.#known(token)
    if (known !== undefined) return judgeClaims(known.claims, scope, infoHash)
    return this.#verify(token).then((answer) =>
      answer.type === 'denial' ? answer : judgeClaims(answer.claims, scope, infoHash),
    )
  }

  #known(token: string): Verified | undefined {
    const known = this.#verified.get(token)
    if (known === undefined) return undefined
    this.#verified.delete(token)
    const now = this.#settings.now()
    if (now < known.validFrom || now >= known.validUntil) return undefined
    this.#verified.set(token, known)
    return known
  }

  async #verify(token: string): Promise<{ readonly type: 'claims'; readonly claims: Claims } | Denial> {
    const keys = this.#keys
    let payload: JWTVerifyResult['payload']
    try {
      payload = await this.#payloadOf(token, keys)
    } catch (error) {
      return denialOf(error)
    }
    const claims = readClaims(payload)
    if (claims === undefined) return denial('TOKEN_INVALID', 'info_hashes of the token is no list of info-hashes')
    const validFrom = milliseconds(payload.nbf, Number.NEGATIVE_INFINITY)
    const expires = milliseconds(payload.exp, Number.POSITIVE_INFINITY)
    const validUntil = Math.min(expires, this.#settings.now() + LIMITS.trackerTokenKeptMs)
    // What keys verified that are exchanged meanwhile holds this once.
    if (keys !== this.#keys) return { type: 'claims', claims }
    this.#verified.set(token, { claims, validFrom, validUntil })
    const [oldest] = this.#verified.keys()
    if (this.#verified.size > LIMITS.trackerTokensKept && oldest !== undefined) this.#verified.delete(oldest)
    return { type: 'claims', claims }
  }

  async #payloadOf(token: string, keys: JWTVerifyGetKey): Promise<JWTVerifyResult['payload']> {
    const { audience, issuer, now } = this.#settings
    const options = {
      algorithms: ALGORITHMS,
      currentDate: new Date(now()),
      ...(audience === undefined ? {} : { audience }),
      ...(issuer === undefined ? {} : { issuer }),
    }
    try {
      return (await jwtVerify(token, keys, options)).payload
    } catch (error) {
      // A token without `kid`, and several keys that it may be signed with: each is tried.
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
      for await (const key of error) {
        try {
          return (await jwtVerify(token, key, options)).payload
        } catch (wrong) {
          if (!(wrong instanceof errors.JWSSignatureVerificationFailed)) throw wrong
        }
      }
      throw error
    }
  }
}
