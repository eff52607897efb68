/** The tables of ARCHITECTURE.md that say what may follow what, read from the machines themselves. */
import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { peerMachine } from '../../src/actors/peer.machine.js'
import { pieceMachine } from '../../src/actors/piece.machine.js'
import { transferMachine } from '../../src/actors/transfer.machine.js'
import { table } from './markdown.js'

const code = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ')

const nameOf = (node: AnyStateNode): string => (node.path.length === 0 ? 'in any state' : `\`${node.path.join('.')}\``)

interface Transition {
  readonly event: string
  /** Undefined where it stays where it is. */
  readonly target: string | undefined
}

const transitionsOf = (node: AnyStateNode): readonly Transition[] =>
  [...node.transitions].flatMap(([event, definitions]) =>
    definitions.map(({ target }) => ({ event, target: target?.map(({ key }) => key).join(', ') })),
  )

const rowOf = (node: AnyStateNode): readonly string[] => {
  const transitions = transitionsOf(node)
  const moves = transitions.flatMap(({ event, target }) =>
    target === undefined ? [] : [`\`${event}\` to \`${target}\``],
  )
  const stays = transitions.flatMap(({ event, target }) => (target === undefined ? [event] : []))
  return [nameOf(node), code(node.tags), moves.join(', '), code(stays)]
}

const nodesOf = (node: AnyStateNode): readonly AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodesOf)]

const machineTable = (machine: AnyStateMachine): string => {
  const telling = nodesOf(machine.root).filter((node) => node.transitions.size > 0 || node.tags.length > 0)
  return table(['State', 'Tags', 'Leaves it by', 'Stays in it by'], telling.map(rowOf))
}

export const machineTables = (): Readonly<Record<string, string>> => ({
  'the piece machine': machineTable(pieceMachine),
  'the peer machine': machineTable(peerMachine),
  'the transfer machine': machineTable(transferMachine),
})
