/** The peers that come from npm. */
import { cpSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { npmFolder } from './npm-folder.js'

const WANTED = fileURLToPath(new URL('./npm', import.meta.url))

export const { folder: NPM_PEERS, unavailable: npmPeersUnavailable } = npmFolder({
  name: 'interop-npm',
  packages: 'WebTorrent and bittorrent-tracker',
  manifest: readFileSync(path.join(WANTED, 'package.json'), 'utf8'),
  // TCP needs none of what is taken out.
  prepare: (folder) => cpSync(WANTED, folder, { recursive: true }),
})
