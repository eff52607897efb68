/**
 * The server that is asked: whether its address may be asked what a stranger has us ask, looked at where it cannot be
 * changed any more, in the look-up that the connection is made by.
 */
import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { type Asking, kindOfHost, type LocalRequests, mayAsk, type NetworkKind } from '../wire/networks.js'

/** What this machine's user lets strangers do. */
export interface AskingRules {
  readonly local: LocalRequests
  /** No connection may be made with this address. */
  isBlocked(host: string): boolean
}

export const NO_RULES: AskingRules = { local: 'limited', isBlocked: () => false }

export class Refused extends Error {
  constructor(
    readonly code: 'LOCAL_ADDRESS' | 'BLOCKED',
    message: string,
  ) {
    super(message)
  }
}

/** Why the address may not be asked for the URL; undefined where it may. */
export const refusalOf = (host: string, url: URL, asking: Asking, rules: AskingRules): Refused | undefined => {
  const kind: NetworkKind = kindOfHost(host) ?? 'reserved'
  if (rules.isBlocked(host)) return new Refused('BLOCKED', `${host} is on the blocklist`)
  if (mayAsk(kind, url, asking, rules.local)) return undefined
  const why = asking.redirectedFromGlobal ? 'a redirect from elsewhere' : 'the word of a stranger'
  return new Refused('LOCAL_ADDRESS', `${host} is ${kind}, and is not asked for this on ${why}`)
}

/** Of a host that is written as an address, which nobody looks up. */
export const refusalOfUrl = (url: URL, asking: Asking, rules: AskingRules): Refused | undefined => {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return isIP(host) === 0 ? undefined : refusalOf(host, url, asking, rules)
}

/** As `dns.lookup`, without addresses that may not be asked. */
export const lookupOf =
  (url: URL, asking: Asking, rules: AskingRules): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, [])
        return
      }
      let refused: Refused | undefined
      const allowed = addresses.filter(({ address }) => {
        const refusal = refusalOf(address, url, asking, rules)
        refused ??= refusal
        return refusal === undefined
      })
      const [first] = allowed
      if (first === undefined) {
        callback(refused ?? new Refused('LOCAL_ADDRESS', `${hostname} has no address`), [])
        return
      }
      if (options.all === true) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
