/** The machines of the transfer, a peer and a piece, as they stand at this moment. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Chart, Standing, State, Subject } from './api.js'
import type { History } from './history.js'
import { Statechart } from './statechart.js'

/** What is selected; else what the event is about; else the first one. */
const standingsOf = (state: State, subject: Subject): Readonly<Record<string, Standing | undefined>> => {
  const { event, peers, pieces, standing } = state
  const key = subject.type === 'peer' ? subject.key : (event.peer ?? peers[0]?.key)
  const index = subject.type === 'piece' ? subject.piece : (event.piece ?? pieces[0]?.piece)
  return {
    transfer: standing,
    peer: peers.find((peer) => peer.key === key)?.standing,
    piece: pieces.find(({ piece }) => piece === index)?.standing,
  }
}

interface Props {
  readonly history: History
  readonly subject: Subject
  readonly failed: (error: unknown) => void
}

export const Machines = ({ history, subject, failed }: Props): JSX.Element => {
  const { questions, state } = history
  const [charts, setCharts] = useState<readonly Chart[]>([])
  useEffect(() => {
    questions.machines().then(setCharts).catch(failed)
  }, [questions, failed])
  const standings = state === undefined ? {} : standingsOf(state, subject)
  return (
    <div class="machines scroll">
      {charts.map((chart) => (
        <Statechart key={chart.id} chart={chart} standing={standings[chart.id]} event={state?.event.type} />
      ))}
    </div>
  )
}
