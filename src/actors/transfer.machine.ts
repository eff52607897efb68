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
      },
    },
    seeking: {
      tags: ['active', 'seeking'],
      on: { 'metadata-completed': 'stopped', ...ends, ...fails, ...halts },
    },
    checking: {
      tags: 'checking',
      on: { 'piece-checked': stay, 'check-ended': 'stopped', 'check-began': stay, ...ends, ...fails, ...halts },
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
      },
    },
    seeding: {
      tags: ['active', 'seeding'],
      on: { 'download-began': 'downloading', 'check-began': 'checking', ...ends, ...fails, ...halts },
    },
    ending: {
      tags: 'ending',
      on: { 'session-ended': 'stopped', 'session-began': 'stopped', 'transfer-failed': stay, ...knows },
    },
    // A check that begins here is one that waits to be resumed.
    paused: { tags: 'paused', on: { resumed: 'stopped', 'check-began': stay, ...knows, ...ends, ...fails } },
    failed: {
      tags: 'failed',
      on: { resumed: 'stopped', 'check-began': stay, 'transfer-failed': stay, ...knows, ...ends },
    },
  },
})

export const transferLifecycle = lifecycleOf<TransferTag>(transferMachine)
