/** A capsule that was dropped onto the page: taken into a temporary file, within a bound. */
import { mkdtemp, open, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TorrewindError } from '../../errors.js'

/** A history of a hundred million events; larger ones are opened with `--capsule`, where they lie. */
const CAPSULE_BYTES_MAX = 1_073_741_824
const TYPE = 'application/octet-stream'

const refuse = (message: string): never => {
  throw new TorrewindError('OPTION_INVALID', message)
}

export interface Received {
  readonly file: string
  /** Removes it, and the folder that it is in. */
  remove(): Promise<void>
}

/** Throws `OPTION_INVALID` where it is too large, or is cut off. */
export const receiveCapsule = async (request: IncomingMessage): Promise<Received> => {
  // A page of another origin cannot send this type unasked, as it could a form.
  if (request.headers['content-type'] !== TYPE) refuse(`a capsule is sent as ${TYPE}`)
  const tooLarge = (): never => refuse('the capsule has more than 1 GiB: open it with `torrewind ui --capsule FILE`')
  if (Number(request.headers['content-length'] ?? 0) > CAPSULE_BYTES_MAX) tooLarge()
  const folder = await mkdtemp(join(tmpdir(), 'torrewind-capsule-'))
  const file = join(folder, 'dropped.car')
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const handle = await open(file, 'wx', 0o600)
    try {
      let bytes = 0
      for await (const chunk of request as AsyncIterable<Uint8Array>) {
        bytes += chunk.length
        if (bytes > CAPSULE_BYTES_MAX) tooLarge()
        await handle.writeFile(chunk)
      }
      if (!request.complete) refuse('the capsule was cut off on its way')
    } finally {
      await handle.close()
    }
    return { file, remove }
  } catch (error) {
    await remove()
    throw error
  }
}
