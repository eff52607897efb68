/**
 * A club whose members meet somewhat as in the theory of Hajek and Zhu: each uploads to one peer at a time, the one that
 * came first of all that want something.
 *
 * There a contact passes a whole piece on, at once. Here a piece takes a while, and a seed that leaves has sent part of
 * one: if everybody chose anew, and by chance, it would take very long until as many such parts are completed as are
 * begun. For how large a club is it makes no difference who of it is served, as all of them miss the same.
 */
import { type ChokerView, defineScenario } from 'torrewind/simulations'

/** Of a club whose piece has come all become interested within a moment, in any order: whoever was first of all among them. */
const HEARD_LEAST = 10

const firstComer = ({ isSeeding, isRound, peers }: ChokerView): number[] =>
  isSeeding && !isRound && peers.length < HEARD_LEAST
    ? []
    : peers
        .sort((left, right) => left.node - right.node)
        .slice(0, 1)
        .map(({ key }) => key)

export default defineScenario({ name: 'contacts', basis: 'one-club', choker: firstComer })
