/** What may follow what on one peer connection (BEP 3, 6, 10): a table of events, stepped by `evolve`. */
import { setup } from 'xstate'
import { lifecycleOf } from './step.js'

export type PeerTag =
  | 'dialing'
  | 'handshaking'
  | 'open'
  | 'closed'
  | 'amChoking'
  | 'amInterested'
  | 'peerChoking'
  | 'peerInterested'
  | 'webSeed'

const stay = {}

export const peerMachine = setup({}).createMachine({
  id: 'peer',
  initial: 'dialing',
  on: { 'peer-closed': '.closed' },
  states: {
    dialing: {
      tags: 'dialing',
      on: {
        'peer-connected': 'handshaking',
        'peer-accepted': 'handshaking',
        'dial-held': stay,
        'dial-released': stay,
        'dial-failed': 'closed',
        'web-seed-began': 'asked',
        'punch-began': stay,
      },
    },
    /** A web seed: it says nothing of itself, and serves whatever it is asked for. */
    asked: {
      tags: ['webSeed', 'amInterested', 'amChoking'],
      on: {
        'blocks-requested': stay,
        'block-received': stay,
        'block-wasted': stay,
        'requests-cancelled': stay,
        'requests-released': stay,
        'web-seed-lacks': stay,
        'web-seed-failed': 'closed',
      },
    },
    handshaking: {
      tags: 'handshaking',
      on: { 'handshake-received': 'open', 'transport-known': stay, 'peer-introduced': stay },
    },
    open: {
      tags: 'open',
      type: 'parallel',
      on: {
        'extensions-received': stay,
        'peer-agreed-on-v2': stay,
        'hashes-requested': stay,
        'hashes-received': stay,
        'hashes-refused': stay,
        'hashes-wrong': stay,
        'hash-request-received': stay,
        'hashes-served': stay,
        'hashes-denied': stay,
        'bitfield-received': stay,
        'have-all-received': stay,
        'have-none-received': stay,
        'have-received': stay,
        'allowed-fast-received': stay,
        'allowed-fast-sent': stay,
        'suggestion-received': stay,
        'suggestion-sent': stay,
        'dont-have-received': stay,
        'piece-revealed': stay,
        'dht-port-received': stay,
        'holepunch-offered': stay,
        'introductions-offered': stay,
        'rendezvous-asked': stay,
        'rendezvous-failed': stay,
        'rendezvous-relayed': stay,
        'rendezvous-refused': stay,
        'punch-refused': stay,
        'punch-ignored': stay,
        'pex-offered': stay,
        'pex-sent': stay,
        'pex-received': stay,
        'pex-ignored': stay,
        'keep-alive-sent': stay,
        'keep-alive-received': stay,
        'block-received': stay,
        'block-wasted': stay,
        'block-progressed': stay,
        'block-refused': stay,
        'requests-cancelled': stay,
        'requests-released': stay,
        'request-refused': stay,
        'cancel-received': stay,
        // Of a choked peer too: what the network had taken already still goes out.
        'block-served': stay,
        'peer-snubbed': stay,
        'metadata-offered': stay,
        'metadata-requested': stay,
        'metadata-received': stay,
        'metadata-wasted': stay,
        'metadata-refused': stay,
        'metadata-served': stay,
        'metadata-denied': stay,
        'early-bitfield-received': stay,
        'early-have-received': stay,
      },
      states: {
        ours: {
          initial: 'choking',
          states: {
            choking: { tags: 'amChoking', on: { 'unchoke-sent': 'serving', 'optimistic-chosen': stay } },
            serving: { on: { 'choke-sent': 'choking', 'optimistic-chosen': stay } },
          },
        },
        ourInterest: {
          initial: 'no',
          states: {
            no: { on: { 'interested-sent': 'yes' } },
            yes: { tags: 'amInterested', on: { 'not-interested-sent': 'no', 'blocks-requested': stay } },
          },
        },
        theirs: {
          initial: 'choking',
          states: {
            choking: { tags: 'peerChoking', on: { 'unchoke-received': 'serving', 'choke-received': stay } },
            serving: { on: { 'choke-received': 'choking', 'unchoke-received': stay } },
          },
        },
        theirInterest: {
          initial: 'no',
          states: {
            no: { on: { 'interested-received': 'yes', 'not-interested-received': stay, 'request-received': stay } },
            yes: {
              tags: 'peerInterested',
              on: { 'not-interested-received': 'no', 'interested-received': stay, 'request-received': stay },
            },
          },
        },
      },
    },
    closed: { tags: 'closed', type: 'final' },
  },
})

export const peerLifecycle = lifecycleOf<PeerTag>(peerMachine)
