/** Newer versions of Node than the least that is needed: npm has their programs as packages, for each system and processor. */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import type { Peer } from './client.js'
import { npmFolder } from './npm-folder.js'

const VERSIONS = [22, 24] as const

export interface NodeVersion extends Peer {
  readonly program: string
}

const dependencies = Object.fromEntries(
  VERSIONS.map((version) => [`node-${version}`, `npm:node-${process.platform}-${process.arch}@${version}`]),
)
const { folder, unavailable } = npmFolder({
  name: 'interop-node',
  packages: `Node ${VERSIONS.join(' and ')}`,
  manifest: JSON.stringify({ private: true, dependencies }),
})

export const nodeVersions: readonly NodeVersion[] = VERSIONS.map((version) => {
  const program = path.join(folder, 'node_modules', `node-${version}`, 'bin', 'node')
  const answers = (): string | undefined => {
    const said = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout?.trim()
    return said?.startsWith(`v${version}.`) ? undefined : `${program} answers ${said ?? 'nothing'}`
  }
  return { name: `Node ${version}`, program, available: () => unavailable() ?? answers() }
})
