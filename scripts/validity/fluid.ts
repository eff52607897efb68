/** What the fluid model of Qiu and Srikant takes settings of a run to be. */
import type { Flow, RunSettings } from '../../simulations/index.js'

type FlowSettings = Pick<
  RunSettings,
  'contentBytes' | 'uploadRate' | 'downloadRate' | 'seedUploadRate' | 'arrivalsPerSecond' | 'seedStay'
>

/** Of many pieces and many neighbours, and nobody gives up. */
export const flowOf = (settings: FlowSettings): Flow => {
  const { contentBytes, seedStay } = settings
  if (seedStay.type !== 'exponential') throw new Error('seeds of the model stay for an exponential time')
  return {
    arrivalsPerSecond: settings.arrivalsPerSecond,
    uploads: settings.uploadRate / contentBytes,
    downloads: settings.downloadRate / contentBytes,
    seedsLeave: 1 / seedStay.mean,
    leechersGiveUp: 0,
    effectiveness: 1,
    alwaysSeeded: settings.seedUploadRate / contentBytes,
  }
}
