/** The parts of a report's page that lie in files: the plotting library, and the page's own style and script. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { PageParts } from './page.js'

const { resolve } = createRequire(import.meta.url)
const own = (name: string): URL => new URL(`../../../../ui/${name}`, import.meta.url)
const read = (file: string | URL): Promise<string> => readFile(file, 'utf8')

export const readParts = async (): Promise<PageParts> => {
  const [libraryStyle, library, style, script] = await Promise.all([
    read(resolve('uplot/dist/uPlot.min.css')),
    read(resolve('uplot/dist/uPlot.iife.min.js')),
    read(own('report.css')),
    read(own('report.js')),
  ])
  return { libraryStyle, library, style, script }
}
