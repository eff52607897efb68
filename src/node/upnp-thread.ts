/**
 * The thread that speaks UPnP with a router, by `nat-upnp`: one question, and then it ends.
 *
 * Strategy: a thread of its own, because the package waits without bound for a router that is silent, reads without bound
 * from one that talks, and cannot be told to stop; the thread can, and what it throws late is its own. Anybody on the
 * local network may say that he is a router, so what he names must be at an address of that network, and no other.
 */
import { createRequire } from 'node:module'
import { networkInterfaces } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { Client, Device } from 'nat-upnp'
import { LIMITS } from '../limits.js'
import type { Answer, Mapping, MappingWish } from '../ports.js'
import { hostToBytes, isPort } from '../wire/compact.js'
import { failed, failureOf } from './failure.js'

export type UpnpQuestion = { readonly host: string | undefined } & (
  | { readonly type: 'map'; readonly wish: MappingWish }
  | { readonly type: 'unmap'; readonly externalPort: number }
)

/** The package's own way of fetching, which has no bounds by itself. */
interface Fetching {
  readonly defaults: { timeout: number; maxRedirects: number; maxContentLength: number }
}
const require = createRequire(createRequire(import.meta.url).resolve('nat-upnp'))
const fetching: Fetching = require('axios')
fetching.defaults.timeout = LIMITS.upnpTimeoutMs
fetching.defaults.maxRedirects = 0
fetching.defaults.maxContentLength = LIMITS.upnpAnswerBytesMax

const DESCRIPTION = 'Torrewind'
const ROUTER = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1'

const sameNetwork = (one: Uint8Array, other: Uint8Array, mask: Uint8Array): boolean =>
  mask.every((bits, at) => ((one[at] ?? 0) & bits) === ((other[at] ?? 0) & bits))

/** Whether the URL is at an address of a network that this machine is in, and not at one of its own. */
const isNear = (url: string): boolean => {
  const { hostname, protocol } = new URL(url)
  const host = hostToBytes(hostname)
  if (host?.length !== 4 || protocol !== 'http:') return false
  const own = Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
  return own.some(({ address, netmask }) => {
    const [ours, mask] = [hostToBytes(address), hostToBytes(netmask)]
    return ours !== undefined && mask !== undefined && address !== hostname && sameNetwork(host, ours, mask)
  })
}

const asNear = (url: string): string => {
  if (!isNear(url)) throw new Error('what says that it is the router names an address that is not of this network')
  return url
}

class NearDevice extends Device {
  override async getService(types: string[]): ReturnType<Device['getService']> {
    const service = await super.getService(types)
    asNear(service.controlURL)
    return service
  }
}

/** The router is looked for once, and asked several things. */
class NearClient extends Client {
  #found: ReturnType<Client['getGateway']> | undefined

  override getGateway(): ReturnType<Client['getGateway']> {
    this.#found ??= this.#find()
    return this.#found
  }

  async #find(): ReturnType<Client['getGateway']> {
    // The package asks once, and a datagram may be lost. Who answers one of these answers all of them.
    const again = setInterval(() => this.ssdp.search(ROUTER), LIMITS.upnpSearchAgainMs)
    try {
      const { gateway, address } = await super.getGateway()
      return { gateway: new NearDevice(asNear(gateway.description)), address }
    } finally {
      clearInterval(again)
    }
  }
}

/** What routers say in place of "yes": codes of the protocol. */
const ONLY_PERMANENT = 725
const CONFLICT = 718

const codeOf = (error: unknown): number | undefined => {
  const data = (error as { readonly response?: { readonly data?: unknown } } | undefined)?.response?.data
  const code = typeof data === 'string' ? /<errorCode>\s*(\d{1,4})\s*<\/errorCode>/.exec(data)?.[1] : undefined
  return code === undefined ? undefined : Number(code)
}

const refused = (error: unknown): Answer<never> => {
  const code = codeOf(error)
  const { code: system, message } = failureOf(error)
  return code === undefined ? failed(system, message) : failed('REFUSED', `the router refuses, with its code ${code}`)
}

const anyPort = (): number => 49_152 + Math.floor(Math.random() * 16_384)

const mapOnce = async (client: NearClient, host: string | undefined, wish: MappingWish): Promise<Mapping> => {
  const { port, externalPort, lifetimeMs } = wish
  await client.createMapping({
    public: { port: externalPort },
    private: host === undefined ? { port } : { port, host },
    protocol: 'tcp',
    ttl: Math.ceil(lifetimeMs / 1_000),
    description: DESCRIPTION,
  })
  // A router that does not know where it is seen has let others in all the same.
  const externalHost = await client.getPublicIp().catch(() => '')
  return { externalPort, externalHost: hostToBytes(externalHost) === undefined ? undefined : externalHost, lifetimeMs }
}

const map = async (client: NearClient, host: string | undefined, wish: MappingWish): Promise<Mapping> => {
  try {
    return await mapOnce(client, host, wish)
  } catch (error) {
    const code = codeOf(error)
    // It will be taken away on close, and asked for again as any other.
    if (code === ONLY_PERMANENT)
      return { ...(await mapOnce(client, host, { ...wish, lifetimeMs: 0 })), ...leaseOf(wish) }
    if (code === CONFLICT) return mapOnce(client, host, { ...wish, externalPort: anyPort() })
    throw error
  }
}

const leaseOf = ({ lifetimeMs }: MappingWish): Pick<Mapping, 'lifetimeMs'> => ({ lifetimeMs })

const answerTo = async (question: UpnpQuestion): Promise<Answer<Mapping | undefined>> => {
  const client = new NearClient({ timeout: LIMITS.upnpSearchMs })
  try {
    await client.getGateway()
    parentPort?.postMessage('found')
    if (question.type === 'map') {
      const value = await map(client, question.host, question.wish)
      return isPort(value.externalPort) ? { type: 'done', value } : failed('GARBAGE', 'that is no port')
    }
    await client.removeMapping({ public: { port: question.externalPort }, protocol: 'tcp' })
    return { type: 'done', value: undefined }
  } catch (error) {
    return refused(error)
  }
}

parentPort?.postMessage(await answerTo(workerData as UpnpQuestion)) // given by `upnp.ts`
