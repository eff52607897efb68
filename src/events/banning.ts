/** What a ban names: a host, for a peer that comes back from another port is the same peer. */
import { type PeerAddress, showAddress } from '../values.js'

/** On loopback every peer has the same host, so there a ban names the port too. */
export const banName = (address: PeerAddress): string =>
  address.host.startsWith('127.') || address.host === '::1' ? showAddress(address) : address.host
