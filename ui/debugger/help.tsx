/** Help: what the keys do. */
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

export const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['← →', 'one step back, forth'],
  ['Shift ← →', 'ten steps'],
  ['Home, End', 'the first event, the last'],
  ['Space', 'play, stop'],
  ['U', 'what a step is: event, stored piece, event of the selection, second, minute'],
  ['[ ]', 'slower, faster'],
  ['P, Shift P', 'the next stored piece, the one before'],
  ['L', 'follow what is being written'],
  ['G', 'go to an event by its number'],
  ['/', 'search in the events'],
  ['1 2 3 4', 'events, sequence, state, machines'],
  ['X', 'explain the transfer'],
  ['T', 'light or dark'],
  ['Esc', 'close this; clear the selection'],
  ['?', 'this help'],
]

export const Help = ({ close }: { close: () => void }): JSX.Element => {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} aria-label="Keys" onClose={close}>
      <h2>Keys</h2>
      <table>
        <tbody>
          {KEYS.map(([keys, does]) => (
            <tr key={keys}>
              <th scope="row">
                <kbd>{keys}</kbd>
              </th>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        Drag the timeline to go anywhere. Choose a piece of the map (arrow keys go from one to the next), a peer or a
        block, and the page says why it is as it is; the events that prove it lead to where they were. The address of
        the page keeps the position. Drop a capsule anywhere to open it.
      </p>
      <button type="button" onClick={() => dialog.current?.close()}>
        close
      </button>
    </dialog>
  )
}
