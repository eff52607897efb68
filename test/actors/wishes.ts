/** Wishes: what the user of a random conversation wants otherwise: files, pieces that are due, their order. */
import type { Input } from '../../src/actors/vocabulary.js'
import { banName } from '../../src/events/banning.js'
import type { TransferState } from '../../src/events/state.js'
import type { Instant, PieceIndex } from '../../src/values.js'
import { Bitfield } from '../../src/wire/bitfield.js'
import { toTransfer } from './given.js'
import type { World } from './world.js'

const [SKIP, LOW, NORMAL, HIGH] = [0, 1, 2, 3]

const files = (state: Readonly<TransferState>, world: World): Input => {
  const { chance } = world
  const priorities = Uint8Array.from(world.files, () => chance.below(4))
  const { pieceCount } = state.geometry
  const [wanted, low, high] = [new Bitfield(pieceCount), new Bitfield(pieceCount), new Bitfield(pieceCount)]
  for (let piece = 0; piece < pieceCount; piece++) {
    const priority = Math.max(
      ...world.filesOf(piece as PieceIndex).map((file) => priorities[world.files.indexOf(file)] ?? NORMAL),
    )
    if (priority > SKIP) wanted.set(piece)
    if (priority === LOW) low.set(piece)
    if (priority === HIGH) high.set(piece)
  }
  const numbers = [...priorities.keys()]
  return toTransfer({
    type: 'files-prioritized',
    priorities,
    wanted: wanted.bytes,
    low: low.bytes,
    high: high.bytes,
    apart: numbers.filter((file) => priorities[file] === SKIP && world.files[file]?.stamp === undefined),
    place: numbers.filter((file) => priorities[file] !== SKIP && state.apart.has(file)),
  })
}

const deadlines = (state: Readonly<TransferState>, { chance }: World, now: Instant): Input => {
  const due = new Map<PieceIndex, Instant>()
  for (let count = chance.below(4); count > 0; count--)
    due.set(chance.below(state.geometry.pieceCount) as PieceIndex, (now + chance.below(20_000)) as Instant)
  const cleared = [...state.deadlines.keys()].filter((piece) => !due.has(piece) && chance.percent(50))
  const place = [...state.apart]
  return toTransfer({
    type: 'deadlines-asked',
    deadlines: [...due].map(([piece, at]) => ({ piece, at })),
    cleared,
    place,
  })
}

/** Limits, bounds, goals, and whom not to talk to; now and then all of it is taken back. */
const allowance = (state: Readonly<TransferState>, { chance, unwelcome }: World): Input => {
  const [address] = state.banned
  if (state.queued !== undefined && chance.percent(70)) return toTransfer({ type: 'turn-given' })
  switch (chance.below(7)) {
    case 6:
      return toTransfer({ type: 'queue-asked', of: 'downloads', most: 1 + chance.below(2) })
    case 0:
      return toTransfer({ type: 'limits-asked', own: chance.percent(70), download: chance.below(1_000), upload: 0 })
    case 1:
      return toTransfer({ type: 'bounds-asked', peersMax: chance.below(2) * 6, uploadSlots: chance.below(3) })
    case 2:
      return toTransfer({ type: 'goals-asked', ratioPermille: chance.below(3), seedingMs: chance.below(2) * 5_000 })
    case 3: {
      const [peer] = [...state.peers.values()].reverse()
      const host = peer === undefined ? '10.9.9.9' : banName(peer.address)
      const barred = chance.percent(50)
      if (barred) unwelcome.add(host)
      return toTransfer({ type: 'drop-asked', address: host, barred: barred ? true : undefined })
    }
    default:
      return toTransfer({ type: 'drop-asked', address: address ?? '10.9.9.9', barred: false })
  }
}

export const anyWish = (state: Readonly<TransferState>, world: World, now: Instant): Input => {
  switch (world.chance.below(6)) {
    case 0:
      return files(state, world)
    case 1:
      return toTransfer({ type: 'order-asked', sequential: world.chance.percent(50) })
    case 2:
      return allowance(state, world)
    default:
      return deadlines(state, world, now)
  }
}
