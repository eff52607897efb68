/** A temporary folder for a test, removed afterwards. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

export const inPlace = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'torrewind-test-')))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Bytes that anybody can make again, in any language. */
export const pattern = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 7 + seed * 13 + (at >> 8)) & 255)

/** Writes files given by their paths, with `/` between the parts. */
export const writeFiles = async (folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> => {
  for (const [name, bytes] of Object.entries(files)) {
    const file = path.join(folder, ...name.split('/'))
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
}
