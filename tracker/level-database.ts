/** A tracker's database: one folder of LevelDB, of which one process at a time has parts with names of their own. */
import { type DatabaseOptions, Level } from 'level'
import { messageOf, systemCode, TorrewindError } from '../src/errors.js'

const ENCODING = { keyEncoding: 'view', valueEncoding: 'view' } as const satisfies DatabaseOptions<
  Uint8Array,
  Uint8Array
>

/** Where the database says which format it has: before every part. */
const FORMAT_KEY = new TextEncoder().encode(' format')
/** Of the division into parts. What is in one has a version of its own, where it needs one. */
const FORMAT = 1

const openError = (error: unknown, folder: string): TorrewindError => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const options = { cause: error }
  switch (systemCode(cause)) {
    case 'LEVEL_LOCKED':
      return new TorrewindError('DATA_LOCKED', `another process has ${folder} open`, options)
    case 'LEVEL_CORRUPTION':
      return new TorrewindError('STORE_DAMAGED', `the database in ${folder} is damaged: ${messageOf(cause)}`, options)
    default:
      return new TorrewindError('DATA_UNUSABLE', `${folder} cannot be used: ${messageOf(cause)}`, options)
  }
}

export type LevelOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

export interface LevelEntries extends AsyncIterable<[key: Uint8Array, value: Uint8Array]> {
  nextv(countMax: number): Promise<[key: Uint8Array, value: Uint8Array][]>
  close(): Promise<void>
}

/** What a store works on: keys and values of its own, in order. The types of `level` for it are those of a package below it. */
export interface LevelPart {
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  put(key: Uint8Array, value: Uint8Array): Promise<void>
  batch(operations: LevelOperation[], options?: object): Promise<void>
  clear(): Promise<void>
  keys(options: { readonly limit: number }): { all(): Promise<Uint8Array[]> }
  iterator(range?: { readonly gte: Uint8Array; readonly lt: Uint8Array }): LevelEntries
}

const checkFormat = async (db: Level<Uint8Array, Uint8Array>, folder: string): Promise<void> => {
  const format: Uint8Array | undefined = await db.get(FORMAT_KEY) // the types of `level` leave out that there may be none
  if (format === undefined) {
    for await (const _ of db.keys({ limit: 1 })) {
      throw new TorrewindError('DATA_UNUSABLE', `${folder} cannot be used: it holds a database of something else`)
    }
    await db.batch([{ type: 'put', key: FORMAT_KEY, value: Uint8Array.of(FORMAT) }], { sync: true })
  } else if (format[0] !== FORMAT) {
    const said = `the database in ${folder} has format ${format[0]}; this version reads ${FORMAT}`
    throw new TorrewindError('STORE_VERSION', said)
  }
}

export class LevelDatabase {
  readonly folder: string
  readonly #db: Level<Uint8Array, Uint8Array>

  /**
   * Makes the folder where it is missing. Throws DATA_LOCKED, DATA_UNUSABLE, STORE_VERSION, and STORE_DAMAGED where
   * LevelDB cannot open it.
   */
  static async open(folder: string): Promise<LevelDatabase> {
    const db = new Level<Uint8Array, Uint8Array>(folder, ENCODING)
    try {
      await db.open()
    } catch (error) {
      throw openError(error, folder)
    }
    try {
      await checkFormat(db, folder)
    } catch (error) {
      await db.close()
      throw error instanceof TorrewindError ? error : openError(error, folder)
    }
    return new LevelDatabase(db, folder)
  }

  private constructor(db: Level<Uint8Array, Uint8Array>, folder: string) {
    this.#db = db
    this.folder = folder
  }

  part(name: string): LevelPart {
    return this.#db.sublevel<Uint8Array, Uint8Array>(name, ENCODING)
  }

  /** What was written stays; what is being written is finished first. */
  close(): Promise<void> {
    return this.#db.close()
  }
}
