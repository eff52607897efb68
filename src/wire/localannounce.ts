/** An announce on the local network (BEP 14): which torrents somebody has there, and at which port, in both directions. */
import { LIMITS } from '../limits.js'
import { fromHex, type InfoHash, infoHash, type PeerAddress, showAddress, toHex } from '../values.js'
import { latin1Bytes, latin1Text } from './bencode.js'
import { isPort } from './compact.js'

export interface LocalAnnounce {
  readonly port: number
  readonly infoHashes: readonly InfoHash[]
  /** By which whoever announces knows its own announces again. */
  readonly cookie: string | undefined
}

export interface LocalAnnounceFault {
  readonly type: 'fault'
  readonly reason: string
}
export interface ReadLocalAnnounce extends LocalAnnounce {
  readonly type: 'announce'
}

/** Where those of each family are sent. */
export const LOCAL_GROUPS: readonly PeerAddress[] = [
  { host: '239.192.152.143', port: 6_771 },
  { host: 'ff15::efc0:988f', port: 6_771 },
]

const FIRST_LINE = 'BT-SEARCH * HTTP/1.1'

export const encodeLocalAnnounce = (group: PeerAddress, { port, infoHashes, cookie }: LocalAnnounce): Uint8Array =>
  latin1Bytes(
    [
      FIRST_LINE,
      `Host: ${showAddress(group)}`,
      `Port: ${port}`,
      ...infoHashes.map((hash) => `Infohash: ${toHex(hash)}`),
      ...(cookie === undefined ? [] : [`cookie: ${cookie}`]),
      '',
      '',
      '',
    ].join('\r\n'),
  )

const fault = (reason: string): LocalAnnounceFault => ({ type: 'fault', reason })

/** What is not known is passed over, as in any request of HTTP; so are hashes that are none, and those beyond the bound. */
export const readLocalAnnounce = (bytes: Uint8Array): ReadLocalAnnounce | LocalAnnounceFault => {
  if (bytes.length > LIMITS.localAnnounceBytesMax) return fault('it is too long')
  const lines = latin1Text(bytes).split('\r\n')
  const end = lines.indexOf('')
  if (end < 0 || end === lines.length - 1) return fault('it has no end')
  if (lines[0] !== FIRST_LINE) return fault('it is no BT-SEARCH')
  let port: number | undefined
  let cookie: string | undefined
  const hashes = new Set<string>()
  for (const line of lines.slice(1, end)) {
    const [, name = '', value = ''] = /^([\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    switch (name.toLowerCase()) {
      case 'port':
        if (port !== undefined || !/^\d{1,5}$/.test(value) || !isPort(Number(value))) return fault('its port is none')
        port = Number(value)
        break
      case 'infohash':
        if (/^[0-9a-f]{40}$/i.test(value)) hashes.add(value.toLowerCase())
        break
      case 'cookie':
        cookie = value.slice(0, LIMITS.localAnnounceCookieCharactersMax)
        break
    }
  }
  if (port === undefined) return fault('it has no port')
  if (hashes.size === 0) return fault('it has no info-hash')
  return { type: 'announce', port, cookie, infoHashes: [...hashes].map((hash) => infoHash(fromHex(hash))) }
}
