/** Markdown that is made: tables, and regions of a page that a script fills. */

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

const regionOf = (name: string): RegExp =>
  new RegExp(`(<!-- made by npm run docs: ${name} -->\\n)[\\s\\S]*?(<!-- end of ${name} -->)`, 'g')

/** The page with what is made in place of what its regions hold. Throws where a region is not there once. */
export const fillRegions = (page: string, contents: Readonly<Record<string, string>>): string => {
  let filled = page
  for (const [name, content] of Object.entries(contents)) {
    const found = page.match(regionOf(name))?.length ?? 0
    if (found !== 1) throw new Error(`the region ${name} is there ${found} times`)
    filled = filled.replace(regionOf(name), (_, begin: string, end: string) => `${begin}\n${content}\n\n${end}`)
  }
  return filled
}
