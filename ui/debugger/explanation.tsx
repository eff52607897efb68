/** Why what is selected is as it is, with the events that prove it, each of which leads to where it was. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { EventRow, Explanation, InFlight, Peer, Subject } from './api.js'
import { showBytes, showNumber, showRate, showSpan } from './format.js'
import type { History } from './history.js'
import { standingWord } from './peers.js'

const CHIPS_MAX = 12

interface Props {
  readonly history: History
  readonly subject: Subject
  readonly select: (subject: Subject) => void
  /** Shows what is about it in the list of events. */
  readonly filterBy: (subject: Subject) => void
}

interface Found {
  readonly explanation: Explanation
  readonly last: EventRow | null
}

const useExplanation = (history: History, subject: Subject) => {
  const { questions, state } = history
  const [found, setFound] = useState<Found>()
  const [wrong, setWrong] = useState<string>()
  const seq = state?.seq
  useEffect(() => {
    if (seq === undefined) return
    let gone = false
    const load = async (): Promise<void> => {
      const explanation = await questions.explain(seq, subject)
      if (!gone)
        setFound((before) => ({
          explanation,
          last: before?.explanation.subject === explanation.subject ? before.last : null,
        }))
      const { event } = await questions.lastChange(seq, subject)
      if (gone) return
      setFound({ explanation, last: event })
      setWrong(undefined)
    }
    const timer = setTimeout(() => {
      load().catch((error: unknown) => {
        if (gone) return
        setFound(undefined)
        setWrong(error instanceof Error ? error.message : String(error))
      })
    }, 150)
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [questions, seq, subject])
  return { found, wrong }
}

const Facts = ({ facts }: { facts: readonly (readonly [name: string, value: string])[] }): JSX.Element => (
  <dl class="facts">
    {facts.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)

const Blocks = ({
  piece,
  chosen,
  select,
}: { piece: InFlight; chosen: number | undefined } & Pick<Props, 'select'>): JSX.Element => (
  <section class="blocks" aria-label="Blocks of the piece">
    {[...piece.blocks].slice(0, 1_024).map((kind, block) => (
      <button
        key={block}
        type="button"
        class={`block block-${kind} ${chosen === block ? 'chosen' : ''}`}
        aria-label={`block ${block}: ${['missing', 'on order', 'here'][Number(kind)] ?? ''}`}
        title={`block ${block}: ${['missing', 'on order', 'here'][Number(kind)] ?? ''}`}
        onClick={() => select({ type: 'piece', piece: piece.piece, block })}
      />
    ))}
  </section>
)

const factsOfPeer = (peer: Peer): readonly (readonly [string, string])[] => [
  [
    'connection',
    `no. ${peer.key}, ${peer.incoming ? 'it came to us' : 'we dialed it'}, ${standingWord(peer.standing)}`,
  ],
  ['client', peer.client === '' ? 'did not say' : peer.client],
  ['down', `${showRate(peer.downRate)}, ${showBytes(peer.downloaded)} in all, ${showBytes(peer.wasted)} wasted`],
  ['up', `${showRate(peer.upRate)}, ${showBytes(peer.uploaded)} in all`],
  [
    'requests',
    `${peer.requested} on their way of ${peer.target}${peer.delayMs > 0 ? `, ${showSpan(peer.delayMs)} each` : ''}; ${peer.asked} of its own wait`,
  ],
  ['pieces', `${showNumber(peer.pieces)}, of which we want ${showNumber(peer.interesting)}`],
]

export const ExplanationPanel = ({ history, subject, select, filterBy }: Props): JSX.Element => {
  const { state, seek, seq } = history
  const { found, wrong } = useExplanation(history, subject)
  const peer = subject.type === 'peer' ? state?.peers.find(({ key }) => key === subject.key) : undefined
  const piece = subject.type === 'piece' ? state?.pieces.find((each) => each.piece === subject.piece) : undefined
  const explanation = found?.explanation
  const event = (row: number): JSX.Element => (
    <button key={row} type="button" class={`chip ${row === seq ? 'current' : ''}`} onClick={() => seek(row)}>
      {row}
    </button>
  )
  return (
    <section class="panel why" aria-label="Explanation" aria-live="polite">
      <h2>
        Why?{' '}
        {subject.type !== 'transfer' && (
          <button type="button" class="link" onClick={() => select({ type: 'transfer' })}>
            the transfer
          </button>
        )}
        {subject.type !== 'transfer' && (
          <button type="button" class="link" onClick={() => filterBy(subject)}>
            its events
          </button>
        )}
      </h2>
      <div class="scroll pad">
        {wrong !== undefined && <p class="wrong">{wrong}</p>}
        {explanation !== undefined && (
          <>
            <p class="subject">
              <b>{explanation.subject}</b>{' '}
              <span class={`verdict verdict-${explanation.verdict}`}>{explanation.verdict}</span>
            </p>
            <ol class="causes">
              {explanation.causes.map(({ code, text, events, cited }) => (
                <li key={`${code} ${text}`}>
                  {text} <code class="quiet">{code}</code>
                  {cited.map((row) => (
                    <button
                      key={row.seq}
                      type="button"
                      class={`cited ${row.seq === seq ? 'current' : ''}`}
                      title={`${row.type} ${row.text}`}
                      onClick={() => seek(row.seq)}
                    >
                      <span class="row-seq">{row.seq}</span> {row.type}{' '}
                      <span class="quiet">{row.address ?? row.text}</span>
                    </button>
                  ))}
                  {events.length > cited.length && (
                    <div>{events.slice(0, -cited.length).slice(-CHIPS_MAX).map(event)}</div>
                  )}
                </li>
              ))}
            </ol>
            {explanation.remedies.length > 0 && (
              <>
                <h3>What would change it</h3>
                <ul>
                  {explanation.remedies.map((remedy) => (
                    <li key={remedy}>{remedy}</li>
                  ))}
                </ul>
              </>
            )}
          </>
        )}
        {found?.last !== undefined && found.last !== null && subject.type !== 'transfer' && (
          <p>
            Last changed by {event(found.last.seq)} <span class="quiet">{found.last.type}</span>
          </p>
        )}
        {piece !== undefined && (
          <Blocks piece={piece} chosen={subject.type === 'piece' ? subject.block : undefined} select={select} />
        )}
        {peer !== undefined && <Facts facts={factsOfPeer(peer)} />}
      </div>
    </section>
  )
}
