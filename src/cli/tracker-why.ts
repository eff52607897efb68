/** `torrewind tracker why`: reads off a tracker's log of events why a peer did not get another. */
import { isIP } from 'node:net'
import { Command, InvalidArgumentError } from 'commander'
import { type EventRecord, type SoughtPeer, whyNot } from '../../tracker/index.js'
import { fromHex, type InfoHash, infoHash, readAddress, showAddress, toHex } from '../values.js'
import { bytesToHost, COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES } from '../wire/compact.js'
import { readCid } from '../wire/identity.js'
import type { CommandContext } from './context.js'
import { showCount } from './format.js'

interface WhyFlags {
  readonly events: string
  readonly infoHash: InfoHash
  readonly peer: SoughtPeer
  readonly other: SoughtPeer
}

const torrent = (text: string): InfoHash => {
  const hash = /^[0-9a-f]{40}$/i.test(text) ? infoHash(fromHex(text)) : readCid(text)?.infoHash
  if (hash !== undefined) return hash
  throw new InvalidArgumentError('It is an info-hash of 40 hexadecimal digits, or a CID.')
}

const sought = (text: string): SoughtPeer => {
  const bare = text.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) !== 0) return { host: bare }
  const address = readAddress(text)
  if (address !== undefined && isIP(address.host) !== 0) return address
  throw new InvalidArgumentError('It is an IP address, with or without a port: 192.0.2.1:6881, [2001:db8::1]:6881.')
}

const addressOf = ({ host, port }: { readonly host: Uint8Array; readonly port: number }): string =>
  showAddress({ host: bytesToHost(host), port })

const saidOf = (record: EventRecord): string => {
  switch (record.type) {
    case 'opened':
      return record.begins ? 'the tracker was started' : 'the log went on in a new file'
    case 'dismissed':
      return `a request of ${bytesToHost(record.host)} over ${record.counter} was not looked at: ${record.code}`
    case 'refused':
      return `${addressOf(record)} announced over ${record.front}, and was refused: ${record.code}`
    case 'answered': {
      const { front, event, seed, peers, complete, incomplete } = record
      const offered = peers.ipv4.length / COMPACT_IPV4_BYTES + peers.ipv6.length / COMPACT_IPV6_BYTES
      const told = event === undefined ? '' : ` (${event})`
      const counts = `${showCount(complete, 'seed')} and ${incomplete === 1 ? '1 leech' : `${incomplete} leeches`}`
      const as = seed ? 'a seed' : 'a leech'
      return `${addressOf(record)} announced over ${front} as ${as}${told}; given ${showCount(offered, 'peer')} of ${counts}`
    }
  }
}

const lineOf = (record: EventRecord) => ({
  seq: record.seq,
  at: new Date(record.atMs).toISOString(),
  type: record.type,
  text: saidOf(record),
})

const explain = async (context: CommandContext, { events, infoHash, peer, other }: WhyFlags): Promise<void> => {
  const why = await whyNot(events, { infoHash, peer, other })
  const records = why.records.map(lineOf)
  context.tell(why.verdict)
  for (const remedy of why.remedies) context.tell(`what would change it: ${remedy}`)
  if (why.causes.length > 0) context.tell('\nover all of the log:')
  for (const { code, text, count } of why.causes) context.tell(`  ${code}, ${showCount(count, 'time')}; last: ${text}`)
  if (records.length > 0) context.tell('\nrecords:')
  for (const { seq, at, text } of records) context.tell(`  ${seq}  ${at}  ${text}`)
  if (!why.isWhole) context.warn('part of this log is missing: records were lost on their way to it, or it was changed')
  context.say({
    type: 'explanation',
    subject: { torrent: toHex(infoHash), peer, other },
    verdict: why.verdict,
    causes: why.causes,
    remedies: why.remedies,
    records,
    firstSeq: why.firstSeq ?? null,
    lastSeq: why.lastSeq ?? null,
    whole: why.isWhole,
  })
}

export const trackerWhyCommand = (context: CommandContext): Command =>
  new Command('why')
    .description('Tells from a log of events why a peer did not get another, also while the tracker runs.')
    .requiredOption('--events <dir>', 'what --log-events of the tracker named')
    .requiredOption('--info-hash <hash>', 'the torrent: its info-hash in hex, or its CID', torrent)
    .requiredOption('--peer <address>', 'who asked: HOST:PORT as it announced, or HOST', sought)
    .requiredOption('--other <address>', 'whom it did not get: HOST:PORT, or HOST', sought)
    .action((flags: WhyFlags) => explain(context, flags))
