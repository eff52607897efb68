/** The parts of a report's page that lie in files: the plotting library, and the page's own style and script. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { packageFile } from '../../../package-file.js'
import type { PageParts } from './page.js'

const { resolve } = createRequire(import.meta.url)
const read = (file: string): Promise<string> => readFile(file, 'utf8')

export const readParts = async (): Promise<PageParts> => {
  const [libraryStyle, library, style, script] = await Promise.all([
    read(resolve('uplot/dist/uPlot.min.css')),
    read(resolve('uplot/dist/uPlot.iife.min.js')),
    read(packageFile('ui/report.css')),
    read(packageFile('ui/report.js')),
  ])
  return { libraryStyle, library, style, script }
}
