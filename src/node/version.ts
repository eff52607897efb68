/** The version of this package, from the package.json that it was installed with. */
import { readFileSync } from 'node:fs'

const read = (): string => {
  // The sources are two folders below it, what is built from them three.
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'))
      if (typeof manifest !== 'object' || manifest === null) continue
      if (!('name' in manifest) || !('version' in manifest)) continue
      if (manifest.name === 'torrewind' && typeof manifest.version === 'string') return manifest.version
    } catch {
      // It is the other one.
    }
  }
  return '0.0.0'
}

let known: string | undefined

export const packageVersion = (): string => {
  known ??= read()
  return known
}
