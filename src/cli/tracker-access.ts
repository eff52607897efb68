/** The flags of `torrewind tracker` by which it is said who may do what, and how that is told. */
import { type Command, InvalidArgumentError } from 'commander'
import type { Tracker, TrackerOptions } from '../../tracker/index.js'
import { TorrewindError } from '../errors.js'
import { LIMITS } from '../limits.js'
import type { CommandContext } from './context.js'
import { readOptionFile } from './read-bounded.js'

export interface AccessFlags {
  readonly open?: true
  readonly jwks?: string
  readonly audience?: string
  readonly issuer?: string
  readonly cors?: string
}

const origin = (text: string): string => {
  if (text === '*' || (URL.canParse(text) && new URL(text).origin === text)) return text
  throw new InvalidArgumentError('It is an origin, as https://example.org, or *.')
}

export const addAccessFlags = (command: Command): Command =>
  command
    .option('--open', 'let anybody publish in the catalogue; by default only on loopback')
    .option('--jwks <file|url>', 'private: announces and publishing take a token (JWT) signed with one of these keys')
    .option('--audience <name>', "what a token's aud has to name (with --jwks)")
    .option('--issuer <url>', "what a token's iss has to be (with --jwks)")
    .option('--cors <origin>', 'whose web pages may use the catalogue; * for all (default: its own page)', origin)

type AccessOptions = Pick<TrackerOptions, 'open' | 'tokens' | 'corsOrigin'>

/** Throws OPTION_INVALID. */
export const readAccess = async ({ open, jwks, audience, issuer, cors }: AccessFlags): Promise<AccessOptions> => {
  if (jwks === undefined && (audience ?? issuer) !== undefined) {
    throw new TorrewindError('OPTION_INVALID', '--audience and --issuer say something of tokens, so --jwks is needed')
  }
  if (jwks !== undefined && open === true) {
    throw new TorrewindError('OPTION_INVALID', '--open and --jwks exclude each other: anybody, or whoever has a token')
  }
  if (jwks === undefined) return { open, corsOrigin: cors }
  const keys = isKeysUrl(jwks) ? new URL(jwks) : await readKeys(jwks)
  return { tokens: { keys, audience, issuer }, corsOrigin: cors }
}

export const isKeysUrl = (jwks: string): boolean => /^https?:\/\//i.test(jwks) && URL.canParse(jwks)

export const readKeys = (file: string): Promise<string> =>
  readOptionFile('--jwks', file, LIMITS.trackerKeysBytesMax, (text) => text)

const saidOf = ({ publishing }: Tracker): string => {
  switch (publishing.type) {
    case 'open':
      return 'anybody who reaches it may publish there'
    case 'tokens':
      return 'announces and publishing take a token: scope announce, scope publish'
    case 'closed':
      return (
        'publishing is off, as others reach this tracker: --open lets anybody publish, --jwks whoever has a token, ' +
        'and --host 127.0.0.1 keeps it to this machine'
      )
  }
}

export const tellAccess = (context: Pick<CommandContext, 'tell'>, tracker: Tracker, url: string): void => {
  context.tell(`the catalogue, for browsers and commands: ${url}/`)
  context.tell(`  ${saidOf(tracker)}`)
}
