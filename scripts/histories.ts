/**
 * `npm run histories [-- NAME...]`: makes the recorded histories of test/histories anew, from simulated runs. They replay in
 * `npm test` against every build; to be made anew only where a changed decision is meant.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findScenario, playFaults, populate, readSettings, runSwarm, type SimulatedNode } from '../simulations/index.js'
import { draftCapsule } from '../src/replay/capsule-writer.js'
import { HISTORIES, HISTORY_BYTES_MAX, type HistoryCase, SMALL } from '../test/histories/histories.js'

const record = async ({ name, about, seed, settings, faults, of, has }: HistoryCase): Promise<Uint8Array> => {
  const { defaults } = findScenario('flash-crowd')
  const given = readSettings(defaults, { ...SMALL, ...settings })
  let node: SimulatedNode | undefined
  let torrent: Uint8Array | undefined
  const { violations } = await runSwarm({ seed, settings: given }, async (swarm) => {
    const population = populate(swarm, given)
    playFaults(swarm, faults)
    node = 'leecher' in of ? population.leechers[of.leecher] : population.seeds[of.seed]
    torrent = swarm.content.torrent
    await swarm.run({ seconds: given.limitSeconds, when: () => population.presence.over() })
    return { population, endSeconds: swarm.seconds }
  })
  const log = await node?.reader()
  if (violations[0] !== undefined) throw new Error(`${name}: ${violations[0].text}`)
  if (log === undefined || torrent === undefined) throw new Error(`${name}: there is no such node`)
  const types = new Set<string>()
  for await (const batch of log.read(0)) for (const { event } of batch) types.add(event.type)
  const missing = has.filter((type) => !types.has(type))
  if (missing.length > 0) throw new Error(`${name} has no ${missing.join(', ')}`)
  const { events, chunks } = await draftCapsule({ torrent, log, about: { about, seed } })
  const parts: Uint8Array[] = []
  for await (const chunk of chunks()) parts.push(chunk)
  const bytes = Buffer.concat(parts)
  if (bytes.length > HISTORY_BYTES_MAX) throw new Error(`${name} has ${bytes.length} bytes`)
  console.log(`${name}: ${events} events, ${bytes.length} bytes`)
  return bytes
}

const names = process.argv.slice(2)
for (const each of HISTORIES) {
  if (names.length > 0 && !names.includes(each.name)) continue
  writeFileSync(fileURLToPath(new URL(`../test/histories/${each.name}.car`, import.meta.url)), await record(each))
}
