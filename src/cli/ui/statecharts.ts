/** Statecharts: the states and steps of a machine, as its own definition has them, to be drawn. */
import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { peerMachine } from '../../actors/peer.machine.js'
import { pieceMachine } from '../../actors/piece.machine.js'
import { transferMachine } from '../../actors/transfer.machine.js'
import type { Chart, ChartState, ChartStep } from './page-types.js'

const nameOf = (node: AnyStateNode): string => node.path.join('.')

const stateOf = (node: AnyStateNode): ChartState => ({
  id: nameOf(node),
  name: node.key,
  type: node.type,
  initial: node.parent?.type === 'compound' && node.parent.initial.target.includes(node),
  stays: [...node.transitions]
    .filter(([, steps]) => steps.every(({ target }) => target === undefined))
    .map(([event]) => event),
  states: Object.values(node.states).map(stateOf),
})

const stepsOf = (node: AnyStateNode): readonly ChartStep[] => {
  const events = new Map<string, string[]>()
  for (const [event, steps] of node.transitions)
    for (const target of steps.flatMap((step) => step.target ?? [])) {
      const to = nameOf(target)
      events.set(to, [...(events.get(to) ?? []), event])
    }
  const own = [...events].map(([to, names]) => ({ from: nameOf(node), to, events: names }))
  return [...own, ...Object.values(node.states).flatMap(stepsOf)]
}

const chartOf = (machine: AnyStateMachine): Chart => ({
  id: machine.id,
  states: Object.values(machine.root.states).map(stateOf),
  steps: stepsOf(machine.root),
  definition: machine.config,
})

export const CHARTS: readonly Chart[] = [transferMachine, peerMachine, pieceMachine].map(chartOf)
