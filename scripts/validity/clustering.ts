/** Bandwidth classes until the first leecher finishes: how much of what leechers gave each other stayed in their class. */
import { defineScenario, populate } from 'torrewind/simulations'

export default defineScenario({
  name: 'clustering',
  basis: 'bandwidth-classes',
  play: async (swarm, settings) => {
    const population = populate(swarm, settings)
    await swarm.run({ seconds: settings.limitSeconds, when: () => population.finished() > 0 })
    const groupOf = new Map(population.leechers.map(({ address, group }) => [address.host, group]))
    /** Bytes, from class to class, and what each class gave and took. */
    let [within, all, expected] = [0, 0, 0]
    const gave = new Map<string, number>()
    const counts = new Map<string, number>()
    for (const { group } of population.leechers) counts.set(group, (counts.get(group) ?? 0) + 1)
    for (const { group, transfer } of population.leechers)
      for (const { address, uploaded } of transfer?.state.peers.values() ?? []) {
        const other = groupOf.get(address.host)
        if (other === undefined) continue
        all += uploaded.total
        if (other === group) within += uploaded.total
        gave.set(group, (gave.get(group) ?? 0) + uploaded.total)
      }
    // Whoever gives, and to anybody alike, gives so much to its own.
    for (const [group, bytes] of gave) expected += (bytes * ((counts.get(group) ?? 0) - 1)) / (settings.peers - 1)
    return { population, endSeconds: swarm.seconds, measured: { clustering: within / all / (expected / all) } }
  },
})
