/**
 * Suspects: who spoiled a piece.
 *
 * A piece that fails its hash names everybody who gave a block of it. If that is one peer, it is the culprit. If not, a
 * fingerprint of each block is kept and the piece is fetched again from one peer alone (parole); once it is right,
 * every block whose fingerprint differs from the right one convicts its giver. So no honest peer is ever banned.
 */
import { giversOf } from '../events/ledger.js'
import type { PieceState, Rejection } from '../events/state.js'

/** What to ban at once, because nobody else can have done it. */
export const soleGiver = (ledger: Readonly<PieceState>): string | undefined => {
  const names = new Set(giversOf(ledger).map((giver) => ledger.giversBanNames.get(giver) ?? ''))
  const [name] = names
  return names.size === 1 && name !== '' ? name : undefined
}

/** What to ban now that the right fingerprints are known. */
export const convicted = (rejections: readonly Rejection[], right: readonly number[]): readonly string[] => {
  const names = new Set<string>()
  for (const { givers, fingerprints } of rejections)
    givers.forEach((name, block) => {
      if (name !== '' && fingerprints[block] !== right[block]) names.add(name)
    })
  return [...names]
}
