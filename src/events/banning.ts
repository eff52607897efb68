/** What a ban names: a host, for a peer that comes back from another port is the same peer. */
import { type PeerAddress, showAddress } from '../values.js'

/** On loopback every peer has the same host, so there a ban names the port too. */
export const banName = (address: PeerAddress): string =>
  address.host.startsWith('127.') || address.host === '::1' ? showAddress(address) : address.host

/** Of a connection: a web seed is banned by its URL, as a server may have other things that are right. */
export const banNameOfPeer = ({
  address,
  webSeed,
}: {
  readonly address: PeerAddress
  readonly webSeed: string | undefined
}): string => webSeed ?? banName(address)
