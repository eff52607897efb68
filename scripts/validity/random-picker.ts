/** A flash crowd whose leechers finish what they began, and begin anything at all, however rare it is. */
import { defineScenario, type PickerView } from 'torrewind/simulations'

const anyFirst = ({ pieces, isBegun, random }: PickerView): number[] => {
  const order = pieces.map((piece) => ({ piece, key: isBegun(piece) ? -1 : random(1_000_000) }))
  return order.sort((left, right) => left.key - right.key).map(({ piece }) => piece)
}

export default defineScenario({ name: 'random-picker', picker: anyFirst })
