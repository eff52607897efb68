/** Shows two capsules as one timeline. */
import { mergeCapsules } from '../replay/merge/merge.js'
import type { MergedEvent } from '../replay/merge/timeline.js'
import { withCapsule } from './capsule-file.js'
import type { CommandContext } from './context.js'
import { eventLine, showEvent } from './events-text.js'
import { showCount } from './format.js'

/** Lines that are printed before stdout is waited for. */
const LINES_AT_ONCE = 1_000

const showMerged = ({ side, logged, atMs, causes }: MergedEvent): string => {
  const because = causes.map((cause) => ` <- ${cause.side.toUpperCase()} ${cause.seq} (${cause.afterMs} ms)`).join('')
  return `${side.toUpperCase()} ${showEvent({ ...logged, at: Math.max(0, atMs) as typeof logged.at })}${because}`
}

export const mergeInto = (context: CommandContext, fileA: string, fileB: string): Promise<void> =>
  withCapsule(fileA, (a) =>
    withCapsule(fileB, async (b) => {
      const merged = await mergeCapsules(a, b)
      const { links, offsets, unknown } = merged
      let events = 0
      for await (const event of merged.events()) {
        if (context.unheard || context.stopped.aborted) return
        const { side, logged, atMs, causes } = event
        if (context.json) context.say({ type: 'merged-event', side, atMs, event: eventLine(logged), causes })
        else context.tell(showMerged(event))
        if (++events % LINES_AT_ONCE === 0) await context.written()
      }
      context.tell('')
      context.tell(`${showCount(events, 'event')}; A is ${fileA}, B is ${fileB}; times are by the clock of A`)
      for (const { a: one, b: other, by, messages } of links)
        context.tell(
          `  peer ${one} of A is peer ${other} of B, by ${by}: ${showCount(messages, 'message')} told by both`,
        )
      for (const { fromSeqB, offsetMs, uncertaintyMs } of offsets) {
        const exact =
          uncertaintyMs === undefined ? 'by messages of one direction only' : `give or take ${uncertaintyMs} ms`
        context.tell(`  from event ${fromSeqB} of B its clock is ${offsetMs} ms ahead, ${exact}`)
      }
      const { contradictions } = merged
      if (contradictions > 0)
        context.warn(
          `${showCount(contradictions, 'event')} could not be put after what caused them: the two contradict each other`,
        )
      context.tell('What cannot be known:')
      for (const what of unknown) context.tell(`  - ${what}`)
      context.say({ type: 'merged', events, links, offsets, contradictions, unknown })
    }),
  )
