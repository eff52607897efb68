/**
 * Write order: many writes of a file at once, but none beside a `reserve` of it.
 *
 * `reserve` looks at the length and then changes it, so a write in between could be cut off or covered with zeros.
 */

interface Turn {
  readonly alone: boolean
  readonly run: () => void
}

interface Line {
  /** Turns under way. */
  running: number
  /** The one under way is alone. */
  alone: boolean
  readonly waiting: Turn[]
}

export class WriteOrder {
  readonly #lines = new Map<number, Line>()

  /** Runs now or when those before it have left. */
  enter(file: number, alone: boolean, run: () => void): void {
    let line = this.#lines.get(file)
    if (line === undefined) {
      line = { running: 0, alone: false, waiting: [] }
      this.#lines.set(file, line)
    }
    if (line.waiting.length > 0 || line.alone || (alone && line.running > 0)) {
      line.waiting.push({ alone, run })
      return
    }
    line.running++
    line.alone = alone
    run()
  }

  leave(file: number): void {
    const line = this.#lines.get(file)
    if (line === undefined) return
    line.running--
    line.alone = line.running > 0 && line.alone
    const ready: Turn[] = []
    for (let next = line.waiting[0]; next !== undefined; next = line.waiting[0]) {
      if (line.alone || (next.alone && line.running > 0)) break
      line.waiting.shift()
      line.running++
      line.alone = next.alone
      ready.push(next)
    }
    if (line.running === 0) this.#lines.delete(file)
    for (const turn of ready) turn.run()
  }
}
