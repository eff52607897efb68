/** Where something is kept on a Redis server: `redis://[USER:PASSWORD@]HOST[:PORT][/NAME]`, or `rediss:` with TLS. */
import { TorrewindError } from './errors.js'

export interface RedisAddress {
  /** Without the password. */
  readonly shown: string
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly tls: boolean
  /** Of what is kept there. */
  readonly name: string
}

const PORT = 6_379

/** What was given, without what may be a password: errors are shown, and logged. */
export const withoutPassword = (text: string): string => text.replace(/\/\/.*@/s, '//...@')

/** Throws OPTION_INVALID, which names the option. */
export const redisAddress = (text: string, option: string, nameDefault: string): RedisAddress => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const name = url?.pathname.replace(/^\//, '') || nameDefault
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === '' || !/^[\w.-]{1,64}$/.test(name))
    throw new TorrewindError(
      'OPTION_INVALID',
      `${option} cannot be "${withoutPassword(text)}": it is redis://HOST:PORT[/NAME]`,
    )
  const tls = url.protocol === 'rediss:'
  const port = url.port === '' ? PORT : Number(url.port)
  return {
    shown: `${url.protocol}//${url.hostname}:${port}/${name}`,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    username: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    tls,
    name,
  }
}
