/** Progress for people: a bar on a terminal, and a line now and then where stderr or stdout is read by a program. */
import { clearLine, moveCursor } from 'node:readline'
import { Presets, SingleBar } from 'cli-progress'
import type { CommandContext } from './context.js'
import { percent } from './format.js'

export interface Bar {
  /** `note` stands behind the bar. */
  update(value: number, total: number, note?: string): void
  /** Takes it away until the next update, so that a line can be written in its place. */
  clear(): void
  /** Leaves it as it is, and goes to the next line. Safe to call twice. */
  stop(): void
}

const LINE_EVERY_MS = 10_000
const LINE_AT_LEAST_MS_APART = 1_000
const LINE_EVERY_PERCENT = 10

const terminalBar = (label: string): Bar => {
  const bar = new SingleBar(
    {
      format: `${label} {bar} {percentage} % {note}`,
      barsize: 30,
      fps: 5,
      hideCursor: true,
      linewrap: true,
      stream: process.stderr,
      // Ours is the one listener to signals.
      gracefulExit: false,
    },
    Presets.shades_classic,
  )
  let begun = false
  return {
    update(value, total, note = '') {
      // Shares of a whole, as the library's own percentage rounds up to 100.
      const share = percent(value, total)
      if (begun) bar.update(share, { note })
      else bar.start(100, share, { note })
      begun = true
    },
    clear() {
      if (!begun) return
      bar.stop()
      begun = false
      // It went to the next line.
      moveCursor(process.stderr, 0, -1)
      clearLine(process.stderr, 0)
    },
    stop() {
      if (begun) bar.stop()
      begun = false
    },
  }
}

const lines = (context: CommandContext, label: string): Bar => {
  let toldAt = performance.now()
  let toldPercent = 0
  return {
    update(value, total, note = '') {
      const now = performance.now()
      const share = percent(value, total)
      if (share === toldPercent && now - toldAt < LINE_EVERY_MS) return
      const due = share === 100 || (share - toldPercent >= LINE_EVERY_PERCENT && now - toldAt >= LINE_AT_LEAST_MS_APART)
      if (!due && now - toldAt < LINE_EVERY_MS) return
      toldAt = now
      toldPercent = share
      context.tell(`${label} ${share} % ${note}`.trimEnd())
    },
    clear() {},
    stop() {},
  }
}

export const SILENT: Bar = { update() {}, clear() {}, stop() {} }

export const openBar = (context: CommandContext, label: string): Bar => {
  if (context.logLevel === 'error' || context.logLevel === 'warn') return SILENT
  return process.stderr.isTTY ? terminalBar(label) : lines(context, label)
}
