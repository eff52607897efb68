/** Where a client runs: on loopback with everyone, or in a network namespace with an address of its own. */

export interface Place {
  readonly host: string
  /** What stands before a command to run it there. */
  readonly prefix: readonly string[]
}

export const LOOPBACK: Place = { host: '127.0.0.1', prefix: [] }
