/** Who one is connected to, what was asked of whom, and the trackers: as they were at this moment. */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Peer, Standing, State, Subject } from './api.js'
import { showBytes, showNumber, showRate, showSpan } from './format.js'

const ROWS_MAX = 200

/** `open` or the name of another state; and the four sides of an open connection, as clients show them. */
export const standingWord = (standing: Standing): string =>
  typeof standing === 'string' ? standing : (Object.keys(standing)[0] ?? '')

const flagsOf = ({
  standing,
  snubbed,
  optimistic,
  overdue,
}: Peer): readonly (readonly [letter: string, meaning: string])[] => {
  const open = typeof standing === 'string' ? undefined : standing.open
  const side = (name: string): Standing | undefined => (typeof open === 'object' ? open[name] : undefined)
  const flags: [string, string][] = []
  if (side('ourInterest') === 'yes') flags.push(['i', 'we want pieces from it'])
  if (side('theirs') === 'serving') flags.push(['D', 'it serves us'])
  else if (side('theirs') === 'choking') flags.push(['c', 'it chokes us'])
  if (side('theirInterest') === 'yes') flags.push(['I', 'it wants pieces from us'])
  if (side('ours') === 'serving') flags.push(['U', 'we serve it'])
  if (optimistic) flags.push(['O', 'it has the optimistic slot'])
  if (snubbed) flags.push(['S', 'it snubs us: no block for a minute'])
  if (overdue) flags.push(['!', 'its requests were given up'])
  return flags
}

const isChosen = (subject: Subject, key: number): boolean => subject.type === 'peer' && subject.key === key

interface Props {
  readonly state: State
  readonly subject: Subject
  readonly select: (subject: Subject) => void
}

const Peers = ({ state, subject, select }: Props): JSX.Element => (
  <table>
    <thead>
      <tr>
        <th>peer</th>
        <th>state</th>
        <th class="number">rates</th>
        <th class="number">has</th>
        <th class="number" title="requests on their way, of as many as there should be">
          asked
        </th>
      </tr>
    </thead>
    <tbody>
      {state.peers.slice(0, ROWS_MAX).map((peer) => (
        <tr key={peer.key} class={isChosen(subject, peer.key) ? 'chosen' : ''}>
          <td>
            <button
              type="button"
              class="link"
              aria-pressed={isChosen(subject, peer.key)}
              onClick={() => select({ type: 'peer', key: peer.key })}
            >
              {peer.incoming ? '← ' : ''}
              {peer.address}
            </button>
            <div class="quiet small clip" title={peer.client}>
              {peer.client}
            </div>
          </td>
          <td>
            {standingWord(peer.standing) === 'open' ? '' : <span class="tag">{standingWord(peer.standing)}</span>}
            {flagsOf(peer).map(([letter, meaning]) => (
              <abbr key={letter} class={`flag flag-${letter === '!' ? 'late' : letter}`} title={meaning}>
                {letter}
              </abbr>
            ))}
          </td>
          <td class="number" title={`${showBytes(peer.downloaded)} down, ${showBytes(peer.uploaded)} up in all`}>
            <span class="rate-down">{`↓ ${showRate(peer.downRate)}`}</span>
            <div class="rate-up">{`↑ ${showRate(peer.upRate)}`}</div>
          </td>
          <td class="number">
            {state.geometry.pieceCount === 0 ? '–' : `${Math.floor((100 * peer.pieces) / state.geometry.pieceCount)} %`}
          </td>
          <td class="number">
            {peer.requested === 0 ? '–' : `${peer.requested}/${peer.target}`}
            {peer.delayMs > 0 && <div class="quiet small">{showSpan(peer.delayMs)}</div>}
          </td>
        </tr>
      ))}
    </tbody>
  </table>
)

const InFlight = ({ state, subject, select }: Props): JSX.Element => (
  <table>
    <thead>
      <tr>
        <th>piece</th>
        <th>state</th>
        <th>blocks</th>
        <th class="number">for</th>
      </tr>
    </thead>
    <tbody>
      {state.pieces.slice(0, ROWS_MAX).map(({ piece, standing, blocks, since, received }) => (
        <tr key={piece} class={subject.type === 'piece' && subject.piece === piece ? 'chosen' : ''}>
          <td>
            <button type="button" class="link" onClick={() => select({ type: 'piece', piece })}>
              {piece}
            </button>
          </td>
          <td>{standingWord(standing)}</td>
          <td>
            <BlockBar blocks={blocks} /> <span class="quiet small">{`${received}/${blocks.length}`}</span>
          </td>
          <td class="number">{showSpan(state.at - since)}</td>
        </tr>
      ))}
    </tbody>
  </table>
)

/** Blocks that are here, on order, and missing, as three parts of a bar. */
const BlockBar = ({ blocks }: { blocks: string }): JSX.Element => {
  const share = (kind: string): number =>
    [...blocks].filter((block) => block === kind).length / Math.max(1, blocks.length)
  return (
    <span class="bar" aria-hidden="true">
      <span class="bar-here" style={{ width: `${100 * share('2')}%` }} />
      <span class="bar-order" style={{ width: `${100 * share('1')}%` }} />
    </span>
  )
}

const Requests = ({ state, select }: Props): JSX.Element => {
  const addresses = new Map(state.peers.map(({ key, address }) => [key, address]))
  return (
    <table>
      <thead>
        <tr>
          <th>asked of</th>
          <th class="number">piece</th>
          <th class="number">block</th>
          <th class="number">for</th>
        </tr>
      </thead>
      <tbody>
        {state.requests.slice(0, ROWS_MAX).map(({ peer, piece, block, askedAt }) => (
          <tr key={`${peer} ${piece} ${block}`}>
            <td>
              <button type="button" class="link" onClick={() => select({ type: 'peer', key: peer })}>
                {addresses.get(peer) ?? peer}
              </button>
            </td>
            <td class="number">
              <button type="button" class="link" onClick={() => select({ type: 'piece', piece })}>
                {piece}
              </button>
            </td>
            <td class="number">
              <button type="button" class="link" onClick={() => select({ type: 'piece', piece, block })}>
                {block}
              </button>
            </td>
            <td class="number">{showSpan(state.at - askedAt)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const Trackers = ({ state }: Props): JSX.Element => (
  <table>
    <thead>
      <tr>
        <th>tracker</th>
        <th>last answer</th>
        <th class="number">seeds</th>
        <th class="number">others</th>
      </tr>
    </thead>
    <tbody>
      {state.trackers.map((tracker) => (
        <tr key={`${tracker.tier} ${tracker.url}`}>
          <td>
            <span class="quiet">{`${tracker.tier + 1}. `}</span>
            <span class="break">{tracker.url}</span>
            {tracker.lastError !== '' && <div class="wrong small">{tracker.lastError}</div>}
          </td>
          <td>
            {tracker.announcing && <span class="tag">{tracker.overdue ? 'overdue' : 'asked'}</span>}
            {tracker.lastAnswerAt > 0
              ? `${showSpan(state.at - tracker.lastAnswerAt)} ago`
              : tracker.failures > 0
                ? ''
                : 'none'}
            {tracker.failures > 0 && <div class="wrong small">{`failed ${tracker.failures} times`}</div>}
          </td>
          <td class="number">{tracker.seeds ?? '–'}</td>
          <td class="number">{tracker.leechers ?? '–'}</td>
        </tr>
      ))}
    </tbody>
  </table>
)

const LISTS = { peers: Peers, pieces: InFlight, requests: Requests, trackers: Trackers } as const
type List = keyof typeof LISTS

export const Lists = (props: Props): JSX.Element => {
  const [list, setList] = useState<List>('peers')
  const { state } = props
  const totals: Readonly<Record<List, number>> = {
    peers: state.counts.peers,
    pieces: state.counts.inFlight,
    requests: state.total,
    trackers: state.trackers.length,
  }
  const names: Readonly<Record<List, string>> = {
    peers: 'Peers',
    pieces: 'In flight',
    requests: 'Requests',
    trackers: 'Trackers',
  }
  const Chosen = LISTS[list]
  const shown = Math.min(ROWS_MAX, totals[list])
  return (
    <section class="panel lists" aria-label="Peers, pieces in flight, requests and trackers">
      <div class="tabs" role="tablist">
        {(Object.keys(LISTS) as List[]).map((name) => (
          <button key={name} type="button" role="tab" aria-selected={list === name} onClick={() => setList(name)}>
            {names[name]} <span class="quiet">{showNumber(totals[name])}</span>
          </button>
        ))}
      </div>
      <div class="scroll">
        {totals[list] === 0 ? <p class="empty">None at this moment.</p> : <Chosen {...props} />}
        {totals[list] > shown && <p class="quiet small pad">{`the first ${shown} of ${showNumber(totals[list])}`}</p>}
      </div>
    </section>
  )
}
