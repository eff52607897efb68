/** Asking why: explanations of stories that real actors decided, and what they must and must not say. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { EventType } from '../../src/events/vocabulary.js'
import { logOfEvents } from '../../src/replay/event-log.js'
import {
  type CauseCode,
  type ExplainOptions,
  type Explanation,
  explain,
  History,
  type Question,
  type Verdict,
} from '../../src/replay/index.js'
import type { Story } from '../actors/given.js'

/** Causes that some test saw given, and that some test saw left out where it is not true. */
export const seen = { true: new Set<CauseCode>(), untrue: new Set<CauseCode>() }

/** Asked at the story's time, so that silence counts. */
export const why = (story: Story, question: Question = {}, options: ExplainOptions = {}): Promise<Explanation> =>
  explain(new History(logOfEvents(story.log)), question, { now: story.now, ...options })

export const codesOf = ({ causes }: Explanation): readonly CauseCode[] => causes.map(({ code }) => code)

export const causeOf = (explanation: Explanation, code: CauseCode) => {
  const found = explanation.causes.find((cause) => cause.code === code)
  assert.ok(found, `${code} is among ${codesOf(explanation).join(', ')}`)
  seen.true.add(code)
  return found as NonNullable<typeof found>
}

export const lacks = (explanation: Explanation, code: CauseCode): void => {
  assert.not(codesOf(explanation).includes(code), `${code} is not among ${codesOf(explanation).join(', ')}`)
  seen.untrue.add(code)
}

/** The types of the events that a cause cites, which must be events of the story. */
export const citedBy = (story: Story, explanation: Explanation, code: CauseCode): readonly EventType[] =>
  causeOf(explanation, code).events.map((seq) => {
    const logged = story.log[seq]
    assert.is(logged?.seq, seq, `event ${seq}, which ${code} cites, is there`)
    return logged?.event.type as EventType
  })

export interface Case {
  readonly code: CauseCode
  readonly verdict: Verdict
  /** A story in which it is true, and one in which it is not. */
  readonly story: () => Story
  readonly not: () => Story
  readonly question?: Question
  /** The types of the events that prove it, oldest first. */
  readonly cites: readonly EventType[]
  readonly text?: RegExp
}

/** Tests each cause in a history in which it is true and in one in which it is not. */
export const testCases = (what: string, cases: readonly Case[]): void => {
  for (const { code, verdict, story, not, question, cites, text } of cases)
    test(`explain: ${what}: ${code} is said, with its events, where it is true and nowhere else`, async () => {
      const told = story()
      const explanation = await why(told, question)
      assert.equal(citedBy(told, explanation, code), cites, `what ${code} cites`)
      assert.is(explanation.verdict, verdict)
      if (text !== undefined) assert.match(causeOf(explanation, code).text, text)
      lacks(await why(not(), question), code)
    })
}
