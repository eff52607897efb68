/** The simulator's public names: real engines in a simulated world, every run repeatable from its seed. */

export { findScenario, SCENARIOS } from './catalogue.js'
export type { Choker, ChokerPeer, ChokerView } from './choker.js'
export type { BandwidthClass } from './churn/classes.js'
export type { Duration, Stay } from './churn/durations.js'
export { WEIBULL_FITS } from './churn/presets.js'
export { parseTrace, type Trace, type TracedPeer } from './churn/trace.js'
export { ProcessDatagrams } from './datagrams.js'
export { defineScenario, isScenario, readScenario, type ScenarioDefinition } from './define.js'
export { type Divergence, runChecked, runTwice } from './determinism.js'
export { drawFaults } from './draw-faults.js'
export { FAULT_KINDS, type Fault } from './faults.js'
export type { GroupResult } from './groups.js'
export { NAT_KINDS, type NatKind } from './nat.js'
export { SimulatedNode } from './node.js'
export { NODE_DEFAULTS, type NodeSettings } from './node-settings.js'
export type { Picker, PickerView } from './picker.js'
export { playFaults } from './play-faults.js'
export { type Population, populate } from './population.js'
export { type Played, runSwarm } from './run.js'
export { SAMPLES_MAX, SAMPLES_MIN, type Samples } from './sampler.js'
export type { RunOptions, RunResult, Scenario } from './scenario.js'
export { filesNamed, type RunSettings, readSettings, SETTINGS, type SettingValues } from './settings.js'
export { type Candidate, SHRINK_RUNS_MAX, type ShrinkOptions, type Shrunk, shrink } from './shrink.js'
export { type SimulateOptions, simulate } from './simulate.js'
export type { Strategies } from './strategies.js'
export { Swarm, type SwarmSettings, type Violation } from './swarm.js'
export {
  type Club,
  type Crowd,
  clubDrift,
  clubThreshold,
  type Flow,
  leastSeconds,
  type SteadyState,
  steadyState,
} from './validity/predictions.js'
