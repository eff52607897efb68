/** The numbers of the transfer at this moment. */
import type { JSX } from 'preact'
import type { State } from './api.js'
import { showBytes, showNumber, showRate } from './format.js'
import { standingWord } from './peers.js'

export const Overview = ({ state, shown }: { state: State; shown: boolean }): JSX.Element => {
  const { counts, geometry, limits, waste } = state
  const wasted = Object.values(waste).reduce((sum, bytes) => sum + bytes, 0)
  const kinds = Object.entries(waste).filter(([, bytes]) => bytes > 0)
  const numbers: readonly (readonly [name: string, value: string, more: string])[] = [
    ['state', standingWord(state.standing), `session ${state.session}`],
    [
      'stored',
      geometry.pieceCount === 0 ? '–' : `${((100 * counts.stored) / geometry.pieceCount).toFixed(1)} %`,
      `${showNumber(counts.missing)} missing`,
    ],
    ['down', showRate(state.downRate), showBytes(state.downloaded)],
    ['up', showRate(state.upRate), showBytes(state.uploaded)],
    ['wasted', showBytes(wasted), kinds.map(([kind, bytes]) => `${kind} ${showBytes(bytes)}`).join(', ')],
    ['peers', showNumber(counts.peers), `${showNumber(counts.candidates)} known, ${showNumber(counts.banned)} banned`],
    [
      'limits',
      limits.download + limits.upload === 0 ? 'none' : `↓ ${showRate(limits.download)}`,
      limits.upload > 0 ? `↑ ${showRate(limits.upload)}` : '',
    ],
  ]
  return (
    <section class={`overview ${shown ? '' : 'behind'}`} aria-label="The transfer at this moment">
      {numbers.map(([name, value, more]) => (
        <div key={name}>
          <span class="quiet">{name}</span>
          <b>{value}</b>
          <span class="quiet small clip" title={more}>
            {more}
          </span>
        </div>
      ))}
      {state.failure !== null && <p class="wrong">{`${state.failure.code}: ${state.failure.message}`}</p>}
    </section>
  )
}
