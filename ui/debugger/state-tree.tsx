/** The tree of the state, opened branch by branch, with what this step changed lit. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Difference, TreeKey, TreeNode } from './api.js'
import { showNumber, showValue } from './format.js'
import type { History } from './history.js'

interface Shared {
  readonly history: History
  readonly changes: ReadonlyMap<string, Difference>
  readonly failed: (error: unknown) => void
}

/** Whether the place, or something below it, is otherwise than before. */
const isTouched = (changes: ReadonlyMap<string, Difference>, path: string): boolean => {
  for (const changed of changes.keys())
    if (changed === path || (changed.startsWith(path) && /^[.[]/.test(changed.slice(path.length)))) return true
  return false
}

const Node = ({ node, keys, ...shared }: Shared & { node: TreeNode; keys: readonly TreeKey[] }): JSX.Element => {
  const [open, setOpen] = useState(false)
  const change = shared.changes.get(node.path)
  const touched = isTouched(shared.changes, node.path)
  const name = <span class="tree-key">{String(node.key)}</span>
  if (node.size === undefined)
    return (
      <li class={`leaf ${touched ? 'touched' : ''}`}>
        {name} <span class="tree-value">{showValue(node.value)}</span>
        {change !== undefined && <span class="was">{`was ${showValue(change.before)}`}</span>}
      </li>
    )
  return (
    <li>
      <button
        type="button"
        class={`branch ${touched ? 'touched' : ''}`}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {name} <span class="quiet small">{showNumber(node.size)}</span>
      </button>
      {open && <Branch {...shared} keys={[...keys, node.key]} />}
    </li>
  )
}

const Branch = ({ keys, ...shared }: Shared & { keys: readonly TreeKey[] }): JSX.Element => {
  const { history, failed } = shared
  const [found, setFound] = useState<{ nodes: readonly TreeNode[]; left: number }>()
  const { questions, state } = history
  const seq = state?.seq
  const path = JSON.stringify(keys)
  // The keys are those of the path.
  useEffect(() => {
    if (seq === undefined) return
    let gone = false
    questions
      .tree(seq, keys)
      .then((nodes) => {
        if (!gone) setFound(nodes)
      })
      // What was open may not be there at another moment.
      .catch((error: unknown) => (keys.length === 0 ? failed(error) : setFound({ nodes: [], left: 0 })))
    return () => {
      gone = true
    }
  }, [questions, seq, path, failed])
  if (found === undefined) return <p class="quiet small">…</p>
  return (
    <ul class="tree">
      {found.nodes.map((node) => (
        <Node key={node.path} {...shared} node={node} keys={keys} />
      ))}
      {found.left > 0 && <li class="quiet small">{`and ${showNumber(found.left)} more`}</li>}
      {found.nodes.length === 0 && <li class="quiet small">nothing here at this moment</li>}
    </ul>
  )
}

const LINES_MAX = 60

export const StateTree = ({ history, failed }: { history: History; failed: (error: unknown) => void }): JSX.Element => {
  const { questions, state, summary } = history
  const [changed, setChanged] = useState<{ seq: number; list: readonly Difference[]; left: number }>()
  const seq = state?.seq
  useEffect(() => {
    if (seq === undefined || seq <= summary.firstSeq) return setChanged(undefined)
    let gone = false
    const timer = setTimeout(() => {
      questions
        .diff(seq)
        .then(({ differences, left }) => {
          if (!gone) setChanged({ seq, list: differences, left })
        })
        .catch(failed)
    }, 120)
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [questions, seq, summary, failed])
  const list = changed?.seq === seq ? (changed?.list ?? []) : []
  const changes = new Map(list.map((difference) => [difference.path, difference]))
  return (
    <div class="state-tree scroll">
      <h3>{`What event ${seq ?? ''} changed`}</h3>
      {changed?.seq !== seq ? (
        <p class="quiet small">{seq === summary.firstSeq ? 'It is the first one.' : '…'}</p>
      ) : (
        <table class="changes">
          <tbody>
            {list.slice(0, LINES_MAX).map(({ path, before, after }) => (
              <tr key={path}>
                <th scope="row">{path}</th>
                <td class="old">{showValue(before)}</td>
                <td class="new">{showValue(after)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {list.length + (changed?.left ?? 0) > LINES_MAX && (
        <p class="quiet small">{`and ${showNumber(list.length + (changed?.left ?? 0) - LINES_MAX)} more`}</p>
      )}
      <h3>The state after it</h3>
      <Branch history={history} changes={changes} failed={failed} keys={[]} />
    </div>
  )
}
