/** Reads pages of Markdown as the tests of the documents need it: code, links, anchors and tables. */

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm

/** What stands in fenced blocks of a language. */
export const codeBlocks = (page: string, language: string): readonly string[] =>
  [...page.matchAll(FENCE)].flatMap(([, word, block = '']) => (word === language ? [block] : []))

/** The page without its fenced blocks and code spans. */
const prose = (page: string): string => page.replace(FENCE, '').replace(/`[^`\n]*`/g, '`')

/** Where its links lead. */
export const linksOf = (page: string): readonly string[] =>
  [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)

/** The anchors of its headings, as the usual renderers make them. */
export const anchorsOf = (page: string): ReadonlySet<string> =>
  new Set(
    [...page.replace(FENCE, '').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  )

/** The part below the heading, up to the next one of its level or above. */
export const sectionOf = (page: string, title: string): string | undefined => {
  const lines = page.split('\n')
  const from = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === title)
  if (from < 0) return undefined
  const level = /^#+/.exec(lines[from] ?? '')?.[0].length ?? 0
  const rest = lines.slice(from + 1)
  const length = rest.findIndex((line) => (/^(#+) /.exec(line)?.[1]?.length ?? 7) <= level)
  return rest.slice(0, length < 0 ? undefined : length).join('\n')
}

/** The first cells of all rows of its tables that are code, without their backquotes. */
export const codeInFirstCells = (section: string): readonly string[] =>
  section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split(' | ')[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code))
