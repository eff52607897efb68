/** Statecharts: the states and steps of a machine, as its own definition has them, to be drawn. */
import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { peerMachine } from '../../actors/peer.machine.js'
import { pieceMachine } from '../../actors/piece.machine.js'

export interface ChartState {
  /** Names from the machine down, joined by dots: `open.ours.choking`. */
  readonly id: string
  readonly name: string
  readonly type: string
  readonly initial: boolean
  /** Events that it takes and that change nothing in it. */
  readonly stays: readonly string[]
  readonly states: readonly ChartState[]
}

export interface ChartStep {
  /** Empty where it is taken from any state of the machine. */
  readonly from: string
  readonly to: string
  readonly events: readonly string[]
}

export interface Chart {
  readonly id: string
  readonly states: readonly ChartState[]
  readonly steps: readonly ChartStep[]
  /** The definition itself, which XState's own editor takes. */
  readonly definition: unknown
}

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

export const CHARTS: readonly Chart[] = [peerMachine, pieceMachine].map(chartOf)
