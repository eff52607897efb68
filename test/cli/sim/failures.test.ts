/** Runs that go wrong: exit codes by what was found, capsules, and small scenarios that go wrong in the same way. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Reported } from '../../../src/cli/reported.js'
import { jobOf, type SimFlags } from '../../../src/cli/sim/options.js'
import { sweep } from '../../../src/cli/sim/sweep.js'
import { TorrewindError } from '../../../src/errors.js'
import type { TransferEvent } from '../../../src/events/vocabulary.js'
import { openCapsule } from '../../../src/replay/capsule.js'
import { replay } from '../../../src/replay/index.js'
import { inPlace } from '../place.js'
import { KeptContext } from './context.js'

const test = suite('failures of sweeps')

/** Whoever crashes is found to have done so, after the faults; seed 3 throws, and seed 4 goes wrong in another way. */
const TROUBLE = `
import { defineScenario, drawFaults, playFaults, populate } from 'torrewind/simulations'
export default defineScenario({
  name: 'trouble',
  settings: { peers: 6, contentBytes: 400000, faultSeconds: 20, faults: 'crash+slow+disk' },
  play: async (swarm, settings) => {
    const population = populate(swarm, settings)
    playFaults(swarm, drawFaults(swarm, population, settings.faultSeconds, settings.faults))
    await swarm.run({ seconds: settings.faultSeconds, when: () => false })
    if (swarm.world.seed === 3) throw new Error('an assertion')
    if (swarm.world.seed === 4) swarm.report('nobodyIsFour', swarm.nodes[0], 'this is four', 'safety')
    for (const node of swarm.nodes)
      if (node.crashes > 0) swarm.report('nobodyCrashes', node, 'it crashed', 'liveness')
    return { population, endSeconds: swarm.seconds }
  },
})
`

const inTrouble = (use: (folder: string) => Promise<void>): Promise<void> =>
  inPlace(async (folder) => {
    await writeFile(path.join(folder, 'trouble.ts'), TROUBLE)
    await mkdir(path.join(folder, 'kept'))
    await use(folder)
  })

const swept = async (scenario: string, flags: SimFlags): Promise<KeptContext & { readonly thrown: unknown }> => {
  const context = new KeptContext()
  const thrown = await sweep(context, jobOf(scenario, flags), flags).catch((error: unknown) => error)
  return Object.assign(context, { thrown })
}

const exitCodeOf = ({ thrown }: { readonly thrown: unknown }): number | undefined =>
  thrown instanceof Reported ? thrown.exitCode : undefined

test('failures: a capsule has the whole of what is needed, and the events of the node up to what was found', () =>
  inTrouble(async (folder) => {
    const [scenario, failures] = [path.join(folder, 'trouble.ts'), path.join(folder, 'kept')]
    const ended = await swept(scenario, { seed: 1, failures })
    assert.is(exitCodeOf(ended), 5)
    const [written] = ended.lines.filter(({ type }) => type === 'written')
    assert.equal(await readdir(failures), ['trouble-1.car'])
    const capsule = await openCapsule(await readFile(path.join(failures, 'trouble-1.car')))
    await capsule.verify()
    const { seed, again, violation, settings, faults } = JSON.parse(JSON.stringify(capsule.root.about))
    assert.equal([seed, violation.checker, capsule.root.firstSeq], [1, 'nobodyCrashes', 0])
    assert.match(again, /torrewind sim \S*trouble\.ts --seed 1$/)
    assert.is(settings.peers, 6)
    assert.ok(
      faults.some(({ kind, node }: { kind: string; node: number }) => kind === 'crash' && node === violation.node),
    )
    const events: TransferEvent[] = []
    for await (const batch of capsule.reader.read(0)) events.push(...batch.map(({ event }) => event))
    assert.is((await replay(capsule.reader)).matches, true)
    assert.equal([written?.kind, written?.events], ['capsule', events.length])
    assert.ok(events.filter((event) => event.type === 'session-began').length > 1, 'of all processes of the node')
    assert.not(
      events.some((event) => event.type === 'session-ending'),
      'and nothing of what came after',
    )
  }))

test('failures: a small scenario goes wrong in the same way, on its own', () =>
  inTrouble(async (folder) => {
    const failures = path.join(folder, 'kept')
    const ended = await swept(path.join(folder, 'trouble.ts'), { seed: 1, shrink: true, failures })
    assert.is(exitCodeOf(ended), 5)
    const file = path.join(failures, 'trouble-1.scenario.json')
    const { scenario, seed, summary, settings, faults } = JSON.parse(await readFile(file, 'utf8'))
    assert.equal([scenario, seed, summary], ['../trouble.ts', seed, 'nobodyCrashes: it crashed'])
    assert.equal([settings.peers, settings.contentBytes, faults.length, faults[0].kind], [1, 1, 1, 'crash'])
    const again = await swept(file, { failures })
    assert.is(exitCodeOf(again), 5)
    assert.match(again.warnings.join('\n'), /liveness: nobodyCrashes/)
  }))

test('failures: the worst kind of all runs is what the command exits with', () =>
  inTrouble(async (folder) => {
    const flags = { failures: path.join(folder, 'kept'), workers: 0 }
    const codeFor = async (from: number, to: number, faults: string): Promise<number | undefined> =>
      exitCodeOf(
        await swept(path.join(folder, 'trouble.ts'), { ...flags, seeds: [from, to], set: [['faults', faults]] }),
      )
    assert.is(await codeFor(1, 2, 'slow'), undefined)
    assert.is(await codeFor(1, 2, 'crash'), 5)
    assert.is(await codeFor(4, 5, 'crash'), 4)
    assert.is(await codeFor(1, 5, 'crash'), 3)
  }))

test('failures: a folder that is none is refused before anything is run', async () => {
  const { thrown, lines } = await swept('flash-crowd', { seed: 1, failures: '/nowhere/at/all' })
  assert.instance(thrown, TorrewindError)
  assert.is((thrown as TorrewindError).code, 'OPTION_INVALID')
  assert.is(lines.length, 0)
})

test('failures: what cannot be kept is told of, and the command ends as it would', () =>
  inTrouble(async (folder) => {
    const failures = path.join(folder, 'kept')
    await mkdir(path.join(failures, 'trouble-1.car'))
    const ended = await swept(path.join(folder, 'trouble.ts'), { seed: 1, failures })
    assert.is(exitCodeOf(ended), 5)
    assert.match(ended.warnings.join('\n'), /nothing more is kept of seed 1/)
    assert.is(ended.lines.at(-1)?.type, 'swept')
  }))

test.run()
