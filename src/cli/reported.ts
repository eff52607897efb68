/** Thrown by a command that failed and has told of it already: it ends with exit code 1 and no further words. */
export class Reported extends Error {}
