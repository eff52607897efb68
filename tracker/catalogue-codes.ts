/** Why the catalogue refuses: codes that never change, with the status of HTTP that each goes with. */

export const CATALOGUE_CODES = {
  QUERY_INVALID: 400,
  CURSOR_INVALID: 400,
  TAG_INVALID: 400,
  BODY_MISSING: 400,
  TOKEN_MISSING: 401,
  TOKEN_INVALID: 401,
  SCOPE_MISSING: 403,
  NOT_ALLOWED: 403,
  PUBLISHING_CLOSED: 403,
  NOT_PUBLISHER: 403,
  NOT_FOUND: 404,
  METHOD_INVALID: 405,
  PUBLISHED_ALREADY: 409,
  BODY_TOO_LARGE: 413,
  BODY_TYPE_INVALID: 415,
  INFO_HASH_DIFFERS: 422,
  BENCODE_INVALID: 422,
  TORRENT_INVALID: 422,
  TORRENT_UNSUPPORTED: 422,
  PATH_UNSAFE: 422,
  TOO_OFTEN: 429,
  BUSY: 503,
  KEYS_UNREACHABLE: 503,
  STORE_FAILED: 503,
  CATALOGUE_FULL: 507,
} as const

export type CatalogueCode = keyof typeof CATALOGUE_CODES

export class CatalogueRefusal extends Error {
  override name = 'CatalogueRefusal'
  constructor(
    readonly code: CatalogueCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options)
  }
}

export const isCatalogueCode = (code: string): code is CatalogueCode => Object.hasOwn(CATALOGUE_CODES, code)
