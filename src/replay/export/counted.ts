/** What events count as: the counters of a history, and how much each event adds to them. */
import type { TransferState } from '../../events/state.js'
import type { TransferEvent } from '../../events/vocabulary.js'
import type { PeerKey } from '../../values.js'
import { type Metric, metric } from './metric.js'

/** The counters, and the values of their labels, so that each is there from the first sample on. */
export const COUNTED = {
  blocks: {
    metric: metric('blocks', 'counter', 'Blocks received and kept, served, wasted and refused.', { label: 'what' }),
    parts: ['received', 'served', 'wasted', 'refused'],
  },
  pieces: {
    metric: metric('pieces', 'counter', 'Pieces stored, and pieces whose hash was wrong.', { label: 'what' }),
    parts: ['stored', 'rejected'],
  },
  connections: {
    metric: metric('connections', 'counter', 'Connections dialed, accepted, that failed, and that ended.', {
      label: 'what',
    }),
    parts: ['dialed', 'accepted', 'failed', 'ended'],
  },
  announces: {
    metric: metric('announces', 'counter', 'Announces to trackers that were answered and that failed.', {
      label: 'what',
    }),
    parts: ['answered', 'failed'],
  },
  sessions: { metric: metric('sessions', 'counter', 'Sessions begun.'), parts: [''] },
  receivedOver: {
    metric: metric('received_bytes', 'counter', 'Blocks received and kept, by what carried them.', {
      unit: 'bytes',
      label: 'carrier',
    }),
    parts: ['tcp', 'utp', 'webrtc', 'web-seed'],
  },
  sentOver: {
    metric: metric('sent_bytes', 'counter', 'Blocks served, by what carried them.', {
      unit: 'bytes',
      label: 'carrier',
    }),
    parts: ['tcp', 'utp', 'webrtc'],
  },
  addresses: {
    metric: metric('addresses_found', 'counter', 'Addresses of peers, each time that one was named, by who did.', {
      label: 'source',
    }),
    parts: ['tracker', 'user', 'incoming', 'lsd', 'dht', 'pex'],
  },
  dhtLookUps: {
    metric: metric('dht_lookups', 'counter', 'Questions for peers that the DHT answered, and those that failed.', {
      label: 'what',
    }),
    parts: ['answered', 'failed'],
  },
  dhtNodes: {
    metric: metric(
      'dht_nodes_asked',
      'counter',
      'Nodes of the DHT that were asked, that answered, and that took our announce.',
      {
        label: 'what',
      },
    ),
    parts: ['asked', 'answered', 'announced'],
  },
  pexMessages: {
    metric: metric('pex_messages', 'counter', 'Messages of peer exchange sent and received.', { label: 'direction' }),
    parts: ['sent', 'received'],
  },
  pexPeers: {
    metric: metric('pex_peers', 'counter', 'Peers that came, as those messages named them.', { label: 'direction' }),
    parts: ['sent', 'received'],
  },
  webSeeds: {
    metric: metric('web_seed_requests', 'counter', 'Web seeds asked anew, that failed, and that lacked a file.', {
      label: 'what',
    }),
    parts: ['began', 'failed', 'lacked'],
  },
  holePunches: {
    metric: metric(
      'hole_punches',
      'counter',
      'Hole punches asked for, begun, refused by who was asked, and relayed for others.',
      {
        label: 'what',
      },
    ),
    parts: ['asked', 'began', 'failed', 'relayed'],
  },
  introductions: {
    metric: metric(
      'introductions',
      'counter',
      'Offers of connections (WebRTC): ours, those of others, and what came of them.',
      {
        label: 'what',
      },
    ),
    parts: ['offered', 'answered', 'received', 'opened', 'failed'],
  },
} as const satisfies Readonly<Record<string, { readonly metric: Metric; readonly parts: readonly string[] }>>

export type Counted = keyof typeof COUNTED

type Carrier = (typeof COUNTED)['receivedOver']['parts'][number]

const carrierOf = ({ peers }: Readonly<TransferState>, key: PeerKey): Carrier => {
  const peer = peers.get(key)
  return peer?.webSeed === undefined ? (peer?.transport ?? 'tcp') : 'web-seed'
}

type Add = (counted: Counted, part: string, by?: number) => void

/** `state` is that before the event. */
export const countEvent = (event: TransferEvent, state: Readonly<TransferState>, add: Add): void => {
  switch (event.type) {
    case 'block-received':
      add('blocks', 'received')
      add('receivedOver', carrierOf(state, event.peer), event.length)
      break
    case 'block-served':
      add('blocks', 'served')
      add('sentOver', carrierOf(state, event.peer), event.length)
      break
    case 'block-wasted':
      add('blocks', 'wasted')
      break
    case 'block-refused':
      add('blocks', 'refused')
      break
    case 'piece-stored':
      add('pieces', 'stored')
      break
    case 'piece-rejected':
      add('pieces', 'rejected')
      break
    case 'dial-began':
      add('connections', 'dialed')
      break
    case 'peer-accepted':
      add('connections', 'accepted')
      break
    case 'dial-failed':
      add('connections', 'failed')
      break
    case 'peer-closed':
      add('connections', 'ended')
      break
    case 'announce-answered':
      add('announces', 'answered')
      break
    case 'announce-failed':
      add('announces', 'failed')
      break
    case 'session-began':
      add('sessions', '')
      break
    case 'candidates-found':
      add('addresses', event.source, event.addresses.length)
      break
    case 'dht-lookup-ended':
      add('dhtLookUps', 'answered')
      for (const part of COUNTED.dhtNodes.parts) add('dhtNodes', part, event[part])
      break
    case 'dht-lookup-failed':
      add('dhtLookUps', 'failed')
      break
    case 'pex-sent':
    case 'pex-received': {
      const direction = event.type === 'pex-sent' ? 'sent' : 'received'
      add('pexMessages', direction)
      add('pexPeers', direction, event.added)
      break
    }
    case 'web-seed-began':
      add('webSeeds', 'began')
      break
    case 'web-seed-failed':
      add('webSeeds', 'failed')
      break
    case 'web-seed-lacks':
      add('webSeeds', 'lacked')
      break
    case 'rendezvous-asked':
      add('holePunches', 'asked')
      break
    case 'rendezvous-failed':
      add('holePunches', 'failed')
      break
    case 'rendezvous-relayed':
      add('holePunches', 'relayed')
      break
    case 'punch-began':
      add('holePunches', 'began')
      break
    case 'offers-made':
      add('introductions', 'offered', event.introductions.length)
      break
    case 'offer-answered':
      add('introductions', 'answered')
      break
    case 'offer-received':
      add('introductions', 'received')
      break
    case 'introduction-opened':
      add('introductions', 'opened')
      break
    case 'introduction-failed':
      add('introductions', 'failed')
      break
    default:
  }
}
