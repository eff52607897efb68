/** The web page of the catalogue: one document that loads nothing, with the rules that hold it to that. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { packageFile } from '../src/package-file.js'

const { resolve } = createRequire(import.meta.url)
const read = (file: string): Promise<string> => readFile(file, 'utf8')
const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** All of it is ours: whatever strangers have written comes later, as JSON, and is put in as text. */
export const readCataloguePage = async (): Promise<{ readonly body: Uint8Array; readonly policy: string }> => {
  const [frame, plotStyle, style, plots, script] = await Promise.all([
    read(packageFile('ui/catalogue.html')),
    read(resolve('uplot/dist/uPlot.min.css')),
    read(packageFile('ui/catalogue.css')),
    read(resolve('uplot/dist/uPlot.iife.min.js')),
    read(packageFile('ui/catalogue.js')),
  ])
  const styles = [plotStyle, style]
  const scripts = [plots, script]
  const html = frame
    .replace('<!-- styles -->', () => styles.map((text) => `<style>${text}</style>`).join('\n'))
    .replace('<!-- scripts -->', () => scripts.map((text) => `<script>${text}</script>`).join('\n'))
  const policy = [
    "default-src 'none'",
    "connect-src 'self'",
    'img-src data:',
    `style-src ${styles.map(digest).join(' ')}`,
    `script-src ${scripts.map(digest).join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return { body: new TextEncoder().encode(html), policy: policy.join('; ') }
}
