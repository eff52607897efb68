/** Makes tokens for tests, as an identity provider does: a pair of keys, and what is signed with them. */
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

export interface TokenMaker {
  /** The public key, as a JWKS holds it. */
  readonly jwk: JWK
  readonly privateJwk: JWK
  make(claims: JWTPayload): Promise<string>
}

export const tokenMaker = async (kid?: string, alg = 'ES256'): Promise<TokenMaker> => {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const named = kid === undefined ? {} : { kid }
  return {
    jwk: { ...(await exportJWK(publicKey)), ...named },
    privateJwk: { ...(await exportJWK(privateKey)), ...named },
    make: (claims) => new SignJWT(claims).setProtectedHeader({ alg, ...named }).sign(privateKey),
  }
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token without a signature, which names an algorithm all the same. */
export const unsigned = (claims: JWTPayload, alg = 'none'): string => `${part({ alg, typ: 'JWT' })}.${part(claims)}.`

export const setOf = (...makers: readonly TokenMaker[]): string =>
  JSON.stringify({ keys: makers.map(({ jwk }) => jwk) })
