/** Thrown by a command that failed and has told of it already: it ends with its exit code and no further words. */
export class Reported extends Error {
  constructor(
    message?: string,
    readonly exitCode = 1,
  ) {
    super(message)
  }
}
