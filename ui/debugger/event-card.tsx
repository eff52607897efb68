/** The event that one stands at: all of its fields, and what it is about, to be chosen. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Subject } from './api.js'
import { showMoment, showNumber, showValue } from './format.js'
import type { History } from './history.js'

const VALUE_CHARACTERS_MAX = 400

const cut = (text: string): string =>
  text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text

interface Props {
  readonly history: History
  readonly select: (subject: Subject) => void
}

export const EventCard = ({ history, select }: Props): JSX.Element => {
  const { questions, seq, state, unreadable } = history
  const [fields, setFields] = useState<Readonly<Record<string, unknown>>>({})
  useEffect(() => {
    let gone = false
    const timer = setTimeout(() => {
      // Where it cannot be read, the state says so.
      questions.event(seq).then(
        (found) => {
          if (!gone) setFields(found)
        },
        () => {},
      )
    }, 60)
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [questions, seq])
  const row = unreadable === undefined ? state?.event : undefined
  const { piece, peer } = row ?? {}
  const shown = fields.seq === row?.seq ? fields : {}
  return (
    <section class="panel card" aria-label="The event">
      <h2>
        {row?.type ?? (unreadable === undefined ? '…' : 'unreadable')} <span class="quiet">{showNumber(seq)}</span>
      </h2>
      <div class="scroll pad">
        {row !== undefined && <p class="quiet small">{showMoment(row.at)}</p>}
        <dl class="facts">
          {Object.entries(shown)
            .filter(([name]) => !['seq', 'at', 'type'].includes(name))
            .map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{cut(showValue(value))}</dd>
              </div>
            ))}
        </dl>
        <p class="buttons">
          {piece !== undefined && (
            <button type="button" onClick={() => select({ type: 'piece', piece })}>
              {`why is piece ${piece} so?`}
            </button>
          )}
          {peer !== undefined && (
            <button type="button" onClick={() => select({ type: 'peer', key: peer })}>
              {`why is ${row?.address ?? `peer ${peer}`} so?`}
            </button>
          )}
        </p>
      </div>
    </section>
  )
}
