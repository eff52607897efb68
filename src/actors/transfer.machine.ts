/** What may follow what in the life of a transfer, over all of its sessions. */
import { setup } from 'xstate'
import { lifecycleOf } from './step.js'

export type TransferTag =
  | 'stopped'
  | 'seeking'
  | 'checking'
  | 'active'
  | 'downloading'
  | 'seeding'
  | 'paused'
  | 'failed'
  | 'ending'

const stay = {}
const ends = { 'session-ending': '#transfer.ending', 'session-began': '#transfer.stopped' } as const
const fails = { 'transfer-failed': '#transfer.failed' } as const
const halts = { paused: '#transfer.paused' } as const
const checks = { 'check-began': stay, 'piece-checked': stay, 'check-ended': stay } as const
// Who waits for a turn is stopped; whoever does not run anyway only hears of it.
const waits = { queued: '#transfer.stopped' } as const
const hears = { queued: stay, 'turn-came': stay } as const
// Metadata may turn out to be there when a session begins, or come while it is halted.
const knows = { 'metadata-completed': stay } as const

export const transferMachine = setup({}).createMachine({
  id: 'transfer',
  initial: 'stopped',
  states: {
    stopped: {
      tags: 'stopped',
      on: {
        'transfer-added': stay,
        'metadata-sought': 'seeking',
        ...knows,
        ...ends,
        'session-began': stay,
        'check-began': 'checking',
        'download-began': 'downloading',
        'seeding-began': 'seeding',
        ...halts,
        ...fails,
        ...hears,
      },
    },
    seeking: {
      tags: ['active', 'seeking'],
      on: { 'metadata-completed': 'stopped', ...ends, ...fails, ...halts, ...waits },
    },
    checking: {
      tags: 'checking',
      on: {
        'piece-checked': stay,
        'check-ended': 'stopped',
        'check-began': stay,
        ...ends,
        ...fails,
        ...halts,
        ...hears,
      },
    },
    downloading: {
      tags: ['active', 'downloading'],
      on: {
        'seeding-began': 'seeding',
        'download-began': stay,
        'check-began': 'checking',
        ...ends,
        ...fails,
        ...halts,
        ...waits,
      },
    },
    seeding: {
      tags: ['active', 'seeding'],
      on: { 'download-began': 'downloading', 'check-began': 'checking', ...ends, ...fails, ...halts, ...waits },
    },
    ending: {
      tags: 'ending',
      on: { 'session-ended': 'stopped', 'session-began': 'stopped', 'transfer-failed': stay, ...knows },
    },
    // A check that begins here goes on or waits to be resumed.
    paused: { tags: 'paused', on: { resumed: 'stopped', ...checks, ...knows, ...ends, ...fails, ...hears } },
    failed: {
      tags: 'failed',
      on: { resumed: 'stopped', 'check-began': stay, 'transfer-failed': stay, ...knows, ...ends, ...hears },
    },
  },
})

export const transferLifecycle = lifecycleOf<TransferTag>(transferMachine)
