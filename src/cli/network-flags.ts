/** How peers are found and reached: the flags that `get`, `seed` and `serve` share. */
import { Option } from 'commander'
import type { PeerAddress } from '../index.js'
import { asIs, dhtNode, each } from './arguments.js'
import type { SessionOptions } from './session.js'

export interface NetworkFlags {
  readonly dht: boolean
  readonly dhtNode?: readonly PeerAddress[]
  readonly pex: boolean
  readonly lsd: boolean
  readonly upnp: boolean
  readonly encryption: 'off' | 'prefer' | 'require'
  readonly tcp: boolean
  readonly utp: boolean
  readonly webrtc?: boolean
  readonly stun?: readonly string[]
  readonly proxy?: string
  readonly blocklist?: readonly string[]
}

export const networkOptions = (): readonly Option[] => [
  new Option('--no-dht', 'be no node of the DHT: neither look for peers there nor announce there'),
  dhtNode(),
  new Option('--no-pex', 'neither tell peers of other peers nor hear of them'),
  new Option('--no-lsd', 'neither look for peers on the local network nor announce there'),
  new Option('--no-upnp', 'do not ask the router for a port, by UPnP or NAT-PMP'),
  new Option('--encryption <mode>', 'of connections: prefer does without where a peer does not have it')
    .choices(['off', 'prefer', 'require'])
    .default('prefer'),
  new Option('--no-tcp', 'neither reach peers by TCP nor let them in by it'),
  new Option('--no-utp', 'neither reach peers by uTP nor let them in by it'),
  new Option('--webrtc', 'meet peers in browsers by trackers of WebSocket; needs the package werift'),
  new Option(
    '--stun <server>',
    'asked where this machine is, for --webrtc: stun:HOST:PORT; may be given many times',
  ).argParser(each(asIs)),
  new Option('--proxy <url>', 'dial peers and ask trackers of HTTP through it: socks5://HOST:PORT or http://HOST:PORT'),
  new Option(
    '--blocklist <file>',
    'addresses to have nothing to do with: a list as PeerGuardian or eMule write it, or of networks; may be given many times',
  ).argParser(each(asIs)),
]

export const networkOf = (flags: NetworkFlags) =>
  ({
    dht: flags.dht,
    dhtBootstrap: flags.dhtNode,
    pex: flags.pex,
    lsd: flags.lsd,
    portMapping: flags.upnp,
    encryption: flags.encryption,
    tcp: flags.tcp,
    utp: flags.utp,
    webrtc: flags.webrtc,
    stunServers: flags.stun,
    proxy: flags.proxy,
    blocklistFiles: flags.blocklist,
  }) satisfies SessionOptions
