/** Reading a file that an option names, of text and within a bound. */
import { open } from 'node:fs/promises'
import { messageOf, TorrewindError } from '../errors.js'

/** The whole file; undefined where it is longer than the bound, whatever its size is said to be. */
const read = async (file: string, bytesMax: number): Promise<string | undefined> => {
  const handle = await open(file)
  try {
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of handle.createReadStream({ autoClose: false })) {
      // A stream without an encoding gives Buffers.
      chunks.push(chunk as Buffer)
      length += (chunk as Buffer).length
      if (length > bytesMax) return undefined
    }
    return Buffer.concat(chunks).toString('utf8')
  } finally {
    await handle.close()
  }
}

/** Reads it and makes something of it. Throws OPTION_INVALID, which names the option and the file. */
export const readOptionFile = async <Value>(
  option: string,
  file: string,
  bytesMax: number,
  parse: (text: string) => Value,
): Promise<Value> => {
  try {
    const text = await read(file, bytesMax)
    if (text === undefined) throw new Error(`it is longer than ${bytesMax} bytes`)
    return parse(text)
  } catch (error) {
    throw new TorrewindError('OPTION_INVALID', `${option} ${file}: ${messageOf(error)}`, { cause: error })
  }
}
