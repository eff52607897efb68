/** The controls: steps, play, speed, what a step is, and where one is, to be typed. */
import type { JSX } from 'preact'
import { showMoment, showNumber, showSpan } from './format.js'
import type { History } from './history.js'
import { SPEEDS } from './playing.js'
import { UNIT_NAMES, UNITS, type Unit } from './steps.js'
import type { Axis } from './timeline.js'

interface Props {
  readonly history: History
  readonly unit: Unit
  readonly setUnit: (unit: Unit) => void
  readonly speed: number
  readonly setSpeed: (speed: number) => void
  readonly playing: boolean
  readonly play: (on: boolean) => void
  readonly axis: Axis
  readonly setAxis: (axis: Axis) => void
  readonly step: (units: number) => void
}

export const Controls = (props: Props): JSX.Element => {
  const { history, unit, setUnit, speed, setSpeed, playing, play, axis, setAxis, step } = props
  const { seq, events, summary, state, unreadable, seek, following, follow } = history
  return (
    <div class="controls" role="toolbar" aria-label="Steps and play">
      <span class="group">
        <button
          type="button"
          title="the first event (Home)"
          aria-label="first event"
          onClick={() => seek(summary.firstSeq)}
        >
          |◀
        </button>
        <button type="button" title="ten steps back (Shift ←)" aria-label="ten steps back" onClick={() => step(-10)}>
          ◀◀
        </button>
        <button type="button" id="back" title="one step back (←)" aria-label="one step back" onClick={() => step(-1)}>
          ◀
        </button>
        <button
          type="button"
          id="play"
          class="wide"
          title="play, stop (Space)"
          aria-pressed={playing}
          onClick={() => play(!playing)}
        >
          {playing ? '■ stop' : '▶ play'}
        </button>
        <button type="button" id="forth" title="one step forth (→)" aria-label="one step forth" onClick={() => step(1)}>
          ▶
        </button>
        <button type="button" title="ten steps forth (Shift →)" aria-label="ten steps forth" onClick={() => step(10)}>
          ▶▶
        </button>
        <button type="button" title="the last event (End)" aria-label="last event" onClick={() => seek(events - 1)}>
          ▶|
        </button>
      </span>
      <label>
        step by{' '}
        <select
          value={unit}
          onChange={(event) => setUnit(UNITS.find((each) => each === event.currentTarget.value) ?? 'event')}
        >
          {UNITS.map((each) => (
            <option key={each} value={each}>
              {UNIT_NAMES[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <select
          aria-label="Steps a second"
          value={speed}
          onChange={(event) => setSpeed(Number(event.currentTarget.value))}
        >
          {SPEEDS.map((each) => (
            <option key={each} value={each}>{`${showNumber(each)} a second`}</option>
          ))}
        </select>
      </label>
      <label class="goto">
        event{' '}
        <input
          id="goto"
          inputMode="numeric"
          aria-label="Number of the event"
          value={String(seq)}
          onChange={(event) => {
            const wanted = Number(event.currentTarget.value.replace(/\D/g, ''))
            seek(wanted)
            event.currentTarget.value = String(Math.min(wanted, events - 1))
          }}
        />
        <span class="quiet">{` of ${showNumber(events)}`}</span>
      </label>
      <span class="moment">
        {state === undefined || unreadable !== undefined ? '' : showMoment(state.at)}{' '}
        <span class="quiet">
          {state === undefined || unreadable !== undefined || summary.firstAt === null
            ? ''
            : `+${showSpan(state.at - summary.firstAt)}`}
        </span>
      </span>
      <span class="spring" />
      <label title="the timeline's axis">
        over{' '}
        <select value={axis} onChange={(event) => setAxis(event.currentTarget.value === 'time' ? 'time' : 'events')}>
          <option value="events">events</option>
          <option value="time">time</option>
        </select>
      </label>
      {summary.kind === 'log' && (
        <button
          type="button"
          id="follow"
          class={following ? 'on' : ''}
          aria-pressed={following}
          onClick={() => follow(!following)}
        >
          <span class="dot" /> live
        </button>
      )}
    </div>
  )
}
