/** Reads a source as the checks need it: without what comments and texts say, and with what it imports. */

export interface Import {
  readonly specifier: string
  /** Names as the other module exports them; `*` for all of it, `default` for its default. */
  readonly names: readonly string[]
}

/** What may stand before a `/` that begins a regular expression and does not divide. */
const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield))\s*$/

/** Everything but line ends becomes blanks, so that places stay the same. */
const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

const endOfRegex = (text: string, from: number): number => {
  let inClass = false
  for (let at = from + 1; at < text.length; at++) {
    const char = text[at]
    if (char === '\\') at++
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if (char === '/' && !inClass) return at + 1
    else if (char === '\n') break
  }
  return from + 1
}

const endOfText = (text: string, from: number): number => {
  const quote = text[from]
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === quote || text[at] === '\n') return at + 1
  }
  return text.length
}

/** The end of the part of a template that is text: at its end, or where `${` begins code. */
const endOfTemplatePart = (text: string, from: number): { end: number; opensCode: boolean } => {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '`') return { end: at + 1, opensCode: false }
    else if (text.startsWith('${', at)) return { end: at + 2, opensCode: true }
  }
  return { end: text.length, opensCode: false }
}

/** Blanks comments, texts, templates (but not the code within them) and regular expressions. */
export const stripped = (text: string): string => {
  let code = ''
  // For each template that is open: how many braces are open in the code within it.
  const templates: number[] = []
  let at = 0
  const skipTo = (end: number): void => {
    code += blank(text.slice(at, end))
    at = end
  }
  const skipTemplatePart = (from: number): void => {
    const { end, opensCode } = endOfTemplatePart(text, from)
    skipTo(end)
    if (opensCode) templates.push(0)
  }
  const lineEnd = (): number => (text.indexOf('\n', at) === -1 ? text.length : text.indexOf('\n', at))
  while (at < text.length) {
    const char = text[at] ?? ''
    const open = templates.at(-1)
    if (text.startsWith('//', at) || (at === 0 && text.startsWith('#!'))) skipTo(lineEnd())
    else if (text.startsWith('/*', at)) skipTo(text.indexOf('*/', at) === -1 ? text.length : text.indexOf('*/', at) + 2)
    else if (char === '/' && BEFORE_REGEX.test(code.slice(-40))) skipTo(endOfRegex(text, at))
    else if (char === "'" || char === '"') skipTo(endOfText(text, at))
    else if (char === '`') skipTemplatePart(at + 1)
    else if (char === '}' && open === 0) {
      templates.pop()
      skipTemplatePart(at + 1)
    } else {
      if (open !== undefined && (char === '{' || char === '}'))
        templates[templates.length - 1] = open + (char === '{' ? 1 : -1)
      code += char
      at++
    }
  }
  return code
}

// In the stripped code the specifier is a run of blanks; it is read from the source at the same place.
const CLAUSE =
  /\b(?:import(?:\s+type)?(?<imported>[\w$*{},\s]+?)|export(?:\s+type)?\s*(?<exported>\*(?:\s*as\s+[\w$]+)?|\{[^}]*\}))\s*\bfrom(?<gap>\s+)/dg
const BARE = /\bimport(?<gap>\s+)(?=\n|$|;)/dg
const CALLED = /\bimport\s*\((?<gap>\s+)\)/dg
const URLED = /\bnew\s+URL\s*\((?<gap>\s+),\s*import\.meta\.url\s*\)/dg

const namesOf = (clause: string): string[] => {
  const names: string[] = []
  const braces = /\{([^}]*)\}/.exec(clause)
  for (const part of (braces?.[1] ?? '').split(',')) {
    const name = part
      .trim()
      .replace(/^type\s+/, '')
      .split(/\s+as\s+/)[0]
    if (name !== undefined && name !== '') names.push(name)
  }
  const outside = clause.replace(/\{[^}]*\}/, '').trim()
  if (outside.includes('*')) names.push('*')
  if (/^[\w$]/.test(outside)) names.push('default')
  return names
}

/** Everything that a source imports, types too: what a file must know of is what it depends on. */
export const importsOf = (text: string): Import[] => {
  const code = stripped(text)
  const found: Import[] = []
  for (const [pattern, whole] of [
    [CLAUSE, false],
    [BARE, true],
    [CALLED, true],
    [URLED, true],
  ] as const) {
    for (const match of code.matchAll(pattern)) {
      const [from, to] = match.indices?.groups?.gap ?? [0, 0]
      const specifier = /^\s*(['"])(.*?)\1/.exec(text.slice(from, to))?.[2]
      if (specifier === undefined) continue
      const clause = match.groups?.imported ?? match.groups?.exported ?? ''
      found.push({ specifier, names: whole ? ['*'] : namesOf(clause) })
    }
  }
  return found
}

/** Bare uses of a global name: not a member of something, and not the key of a property. */
export const usesOf = (code: string, name: string): boolean =>
  new RegExp(`(?<![.\\w$#]|\\.\\s)${name.replace('.', '\\s*\\.\\s*')}(?![\\w$])(?!\\s*\\??:)`).test(code)
