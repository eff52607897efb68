/** What the page says of a history that cannot be read to its end: where, what is readable, and how to go on. */
import type { JSX } from 'preact'
import { showNumber } from './format.js'
import type { History } from './history.js'

const span = (from: number, to: number): string =>
  from === to ? `event ${showNumber(from)}` : `events ${showNumber(from)} to ${showNumber(to)}`

export const DamageNote = ({ history }: { history: History }): JSX.Element | null => {
  const { damage, summary, events, seek } = history
  if (damage === undefined) return null
  const { code, reason, seq, nextSeq } = damage
  const { firstSeq, kind } = summary
  const isReadableBefore = seq !== undefined && seq > firstSeq
  const after = nextSeq !== undefined && seq !== undefined && nextSeq > seq && nextSeq < events ? nextSeq : undefined
  return (
    <div class="alert damage" role="alert">
      <span>
        <b>
          {seq === undefined
            ? 'This history cannot be read to its end'
            : `Events ${after === undefined ? `from ${showNumber(seq)} on` : `${showNumber(seq)} to ${showNumber(after - 1)}`} cannot be read`}
        </b>
        {`: ${reason} (${code}). `}
        {isReadableBefore && (
          <>
            {'All before can be gone through: '}
            <button type="button" class="link" onClick={() => seek(seq - 1)}>
              {span(firstSeq, seq - 1)}
            </button>
            {'. '}
          </>
        )}
        {seq !== undefined && !isReadableBefore && 'No event before can be read. '}
        {after !== undefined && (
          <>
            {'What comes later may be readable, from '}
            <button type="button" class="link" onClick={() => seek(after)}>
              {`event ${showNumber(after)}`}
            </button>
            {' on; what was true then, only after a checkpoint. '}
          </>
        )}
        {kind === 'capsule'
          ? 'Ask for the capsule again, if it was cut or changed on its way.'
          : 'Nothing was changed by looking; `torrewind log verify` checks the whole log.'}
      </span>
    </div>
  )
}
