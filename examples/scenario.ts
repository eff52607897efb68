/**
 * A scenario file: who is served depends on what it gave since it came, and one leecher of three takes the rarest piece
 * first where the others leave that to the engine.
 *
 *   torrewind sim examples/scenario.ts --seeds 1..20
 */
import { type ChokerPeer, type ChokerView, defineScenario, type PickerView } from 'torrewind/simulations'

const rarestFirst = ({ node, pieces, availability }: PickerView) =>
  node % 3 === 0 ? pieces.sort((left, right) => availability(left) - availability(right)) : 'default'

/** Seeds serve as ever; a leecher serves the four that gave it most, and a fifth by chance. */
const byDebt = ({ isSeeding, peers, random }: ChokerView) => {
  if (isSeeding || peers.length === 0) return 'default'
  const debt = ({ downloadedBytes, uploadedBytes }: ChokerPeer) => downloadedBytes - uploadedBytes
  const creditors = peers.sort((left, right) => debt(right) - debt(left)).map(({ key }) => key)
  const others = creditors.splice(4)
  return others.length === 0 ? creditors : [...creditors, ...others.splice(random(others.length), 1)]
}

export default defineScenario({
  name: 'by-debt',
  summary: 'leechers serve those that they owe most',
  settings: { peers: 12, contentBytes: 4_000_000, uploadRate: 250_000, seedUploadRate: 500_000 },
  picker: rarestFirst,
  choker: byDebt,
})
