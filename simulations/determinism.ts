/** Determinism, checked and not assumed: a seed is run twice, and the first delivery that differs is shown. */
import type { RunOptions, RunResult, Scenario } from './scenario.js'
import { type Step, showLabel } from './world.js'

export interface Divergence {
  /** Number of the delivery. */
  readonly delivery: number
  readonly first: string
  readonly second: string
}

/** The steps of a run, in as little memory as they take. */
class Trail {
  #hashes = new Uint32Array(65_536)
  #labels = new Uint32Array(65_536)
  #times = new Float64Array(65_536)
  length = 0

  add({ hash, label, at }: Step): void {
    if (this.length === this.#hashes.length) this.#grow()
    this.#hashes[this.length] = hash
    this.#labels[this.length] = label
    this.#times[this.length++] = at
  }

  at(index: number): Step | undefined {
    if (index >= this.length) return undefined
    return { hash: this.#hashes[index] ?? 0, label: this.#labels[index] ?? 0, at: this.#times[index] ?? 0 }
  }

  #grow(): void {
    const [hashes, labels, times] = [this.#hashes, this.#labels, this.#times]
    this.#hashes = new Uint32Array(this.length * 2)
    this.#labels = new Uint32Array(this.length * 2)
    this.#times = new Float64Array(this.length * 2)
    this.#hashes.set(hashes)
    this.#labels.set(labels)
    this.#times.set(times)
  }
}

const show = (step: Step | undefined): string =>
  step === undefined ? 'nothing more' : `${showLabel(step.label)} at ${step.at} us, hash ${step.hash.toString(16)}`

/** Runs it twice; where the runs differ, that is a violation of the first. */
export const runChecked = async (scenario: Scenario, options: RunOptions): Promise<RunResult> => {
  const { result, divergence } = await runTwice(scenario, options)
  if (divergence === undefined) return result
  const text = `delivery ${divergence.delivery} was ${divergence.first}; the second time ${divergence.second}`
  const violation = { checker: 'sameSeedSameRun', kind: 'safety', node: undefined, atSeconds: 0, text } as const
  return { ...result, violations: [...result.violations, violation] }
}

/** Runs it twice; the second result says what the first did, or `divergence` where it did not. */
export const runTwice = async (
  scenario: Scenario,
  options: RunOptions,
): Promise<{ readonly result: RunResult; readonly divergence: Divergence | undefined }> => {
  const trail = new Trail()
  const first = await scenario.run({ ...options, onStep: (step) => trail.add(step) })
  let divergence: Divergence | undefined
  let delivery = 0
  const compare = (step: Step | undefined): void => {
    const expected = trail.at(delivery)
    if (divergence === undefined && expected?.hash !== step?.hash)
      divergence = { delivery, first: show(expected), second: show(step) }
    delivery++
  }
  const second = await scenario.run({ ...options, onStep: compare })
  compare(undefined)
  if (divergence === undefined && first.hash !== second.hash)
    divergence = { delivery, first: `hash ${first.hash}`, second: `hash ${second.hash}` }
  return { result: first, divergence }
}
