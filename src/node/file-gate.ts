/** The gate: a file that is being moved is alone for so long, and what else is done with it waits. */

interface Hold {
  readonly waiting: (() => void)[]
  alone: (() => void) | undefined
}

export class FileGate {
  /** Operations under way, by file. */
  readonly #inside = new Map<number, number>()
  readonly #holds = new Map<number, Hold>()

  /** Runs now, or when the file is let go of. */
  enter(file: number, run: () => void): void {
    const hold = this.#holds.size === 0 ? undefined : this.#holds.get(file)
    if (hold !== undefined) {
      hold.waiting.push(run)
      return
    }
    this.#inside.set(file, (this.#inside.get(file) ?? 0) + 1)
    run()
  }

  leave(file: number): void {
    const left = (this.#inside.get(file) ?? 1) - 1
    if (left > 0) {
      this.#inside.set(file, left)
      return
    }
    this.#inside.delete(file)
    this.#holds.get(file)?.alone?.()
  }

  /** Resolves when nothing else is under way with the file; nothing begins until `release`. Once at a time. */
  hold(file: number): Promise<void> {
    return new Promise((resolve) => {
      const isAlone = !this.#inside.has(file)
      this.#holds.set(file, { waiting: [], alone: isAlone ? undefined : resolve })
      if (isAlone) resolve()
    })
  }

  release(file: number): void {
    const { waiting = [] } = this.#holds.get(file) ?? {}
    this.#holds.delete(file)
    for (const run of waiting) this.enter(file, run)
  }
}
