/** The gateway to the internet, as tables of routes name it: that of Linux, and what `netstat -rn` prints elsewhere. */
import { hostToBytes } from './compact.js'

const UP_AND_GATEWAY = 0x3

/** /proc/net/route: hexadecimal, each address in the byte order of the machine, which is little-endian wherever Node runs. */
export const gatewayOfProc = (table: string): string | undefined => {
  const routes = table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, destination, , flags = '', , , , mask]) => {
      const leadsAway = (Number.parseInt(flags, 16) & UP_AND_GATEWAY) === UP_AND_GATEWAY
      return destination === '00000000' && mask === '00000000' && leadsAway
    })
    .sort((one, other) => Number(one[6]) - Number(other[6]))
  const gateway = routes[0]?.[2]
  if (gateway === undefined || !/^[0-9A-F]{8}$/i.test(gateway)) return undefined
  return [6, 4, 2, 0].map((at) => Number.parseInt(gateway.slice(at, at + 2), 16)).join('.')
}

/** `default 192.168.1.1 ...` of BSD and macOS, or `0.0.0.0 0.0.0.0 192.168.1.1 ...` of Windows. */
export const gatewayOfNetstat = (table: string): string | undefined => {
  for (const line of table.split(/\r?\n/)) {
    const [, gateway = ''] = /^\s*(?:default|0\.0\.0\.0\s+0\.0\.0\.0)\s+(\S+)/.exec(line) ?? []
    if (hostToBytes(gateway)?.length === 4 && gateway !== '0.0.0.0') return gateway
  }
  return undefined
}
