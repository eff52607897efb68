/** `npm run docs`: makes docs/EVENTS.md, and the tables in other pages that are made from the sources. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { PAGES } from './docs/pages.js'

for (const [name, make] of Object.entries(PAGES)) {
  const file = fileURLToPath(new URL(`../${name}`, import.meta.url))
  const before = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const after = make(before)
  if (after === before) continue
  writeFileSync(file, after)
  console.log(`${name} is new`)
}
