/** The index page: the files of a transfer, to be opened in a browser or handed to a player. */
import type { Transfer, TransferFile } from '../../index.js'
import { showBytes } from '../format.js'

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => ESCAPES[letter] ?? letter)

/** Where a file is found: its position says which it is, its name is for people and players. */
export const targetOf = ({ index, path }: TransferFile): string =>
  `/${index}/${encodeURIComponent(path.slice(path.lastIndexOf('/') + 1))}`

const row = (file: TransferFile): string => {
  const share = file.length === 0 ? 100 : Math.floor((100 * file.storedBytes) / file.length)
  const name = `<a href="${escaped(targetOf(file))}">${escaped(file.path)}</a>`
  return `<tr><td>${name}</td><td>${showBytes(file.length)}</td><td>${share} %</td></tr>`
}

export const indexPage = ({ name, files }: Pick<Transfer, 'name' | 'files'>): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(name)}</title>
<h1>${escaped(name)}</h1>
<table>
<tr><th>File</th><th>Size</th><th>Here</th></tr>
${files.map(row).join('\n')}
</table>
</html>
`
