/** Groups of nodes, and how each fared: how long its peers took, and what they gave for what they got. */
import type { SimulatedNode } from './node.js'
import { ascending, quantile } from './statistics.js'
import { US_PER_SECOND } from './world.js'

export interface GroupResult {
  readonly name: string
  /** Nodes that came. */
  readonly peers: number
  /** Those of them that began without the content and finished. */
  readonly completed: number
  /** Of blocks that were handed to others, and of blocks that were kept. */
  readonly uploadedBytes: number
  readonly downloadedBytes: number
  /** Quantiles at 0, 1, ... 100 % over those that finished, from arrival to finish; empty where nobody did. */
  readonly downloadSeconds: readonly number[]
  /** Quantiles of uploaded over downloaded, peer by peer; empty where nobody downloaded anything. */
  readonly shareRatios: readonly number[]
}

const PERCENTS = Array.from({ length: 101 }, (_, percent) => percent)
const DIGITS = 6

/** Short, so that many runs can be kept. */
const quantilesOf = (values: readonly number[]): readonly number[] => {
  if (values.length === 0) return []
  const sorted = ascending(values)
  return PERCENTS.map((percent) => Number(quantile(sorted, percent / 100).toPrecision(DIGITS)))
}

const servedBytes = (node: SimulatedNode): number => node.sum((watch) => watch.servedBytes)
const receivedBytes = (node: SimulatedNode): number => node.sum((watch) => watch.receivedBytes)

const resultOf = (name: string, nodes: readonly SimulatedNode[]): GroupResult => {
  const finished = nodes.filter(({ settings, completedAt }) => !settings.seed && completedAt !== undefined)
  const downloaders = nodes.filter((node) => receivedBytes(node) > 0)
  const sum = (bytesOf: (node: SimulatedNode) => number): number =>
    nodes.reduce((total, node) => total + bytesOf(node), 0)
  return {
    name,
    peers: nodes.length,
    completed: finished.length,
    uploadedBytes: sum(servedBytes),
    downloadedBytes: sum(receivedBytes),
    downloadSeconds: quantilesOf(
      finished.map(({ completedAt = 0, startedAt = 0 }) => (completedAt - startedAt) / US_PER_SECOND),
    ),
    shareRatios: quantilesOf(downloaders.map((node) => servedBytes(node) / receivedBytes(node))),
  }
}

/** In the order in which the groups were made. */
export const groupResults = (nodes: readonly SimulatedNode[]): GroupResult[] => {
  const groups = new Map<string, SimulatedNode[]>()
  for (const node of nodes) {
    if (node.startedAt === undefined) continue
    const group = groups.get(node.group)
    if (group === undefined) groups.set(node.group, [node])
    else group.push(node)
  }
  return [...groups].map(([name, members]) => resultOf(name, members))
}
