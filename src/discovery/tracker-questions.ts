/** Questions: what one WebSocket tracker was asked and has not answered yet, in the order of asking. */
import { LIMITS } from '../limits.js'
import type { Answer, Cancel, Clock, Failure } from '../ports.js'
import { instant } from '../values.js'
import type { ReadWebAnswer } from '../wire/websocketanswer.js'

export const failed = (code: string, message: string): Answer<never> => ({ type: 'failed', failure: { code, message } })

export interface Asked {
  /** As latin1 text. */
  readonly infoHash: string
  readonly text: string
  readonly isScrape: boolean
}

/** Under way. */
interface Question extends Asked {
  /** Undefined where it answers something else. */
  answer(read: ReadWebAnswer): Answer<unknown> | undefined
  settle(answer: Answer<unknown>): void
  cancelDeadline: Cancel
}

/** A failure without a torrent is of whatever was asked first, and so is what makes no sense. */
const answerTo = (question: Question, read: ReadWebAnswer): Answer<unknown> | undefined => {
  if (read.type === 'fault') return failed('GARBAGE', read.reason)
  if (read.type === 'failure') {
    const isOfIt = (read.infoHash ?? question.infoHash) === question.infoHash && (question.isScrape || !read.isScrape)
    return isOfIt ? failed('FAILURE', read.reason) : undefined
  }
  if (read.type === 'answer' && read.infoHash !== question.infoHash) return undefined
  return question.answer(read)
}

export class TrackerQuestions {
  readonly #clock: Clock
  readonly #overdue: (failure: Failure) => void
  readonly #questions = new Set<Question>()

  /** `overdue` is called when one is not answered in time: a tracker that leaves one unanswered is gone for all. */
  constructor(clock: Clock, overdue: (failure: Failure) => void) {
    this.#clock = clock
    this.#overdue = overdue
  }

  get size(): number {
    return this.#questions.size
  }

  get asked(): readonly Asked[] {
    return [...this.#questions]
  }

  /** What is returned takes it away, unless it is settled, and says whether it did; `done` is not called then. */
  add<Value>(
    asked: Asked,
    done: (answer: Answer<Value>) => void,
    answer: (read: ReadWebAnswer) => Answer<Value> | undefined,
  ): () => boolean {
    const timeoutMs = LIMITS.trackerTimeoutMs
    const question: Question = {
      ...asked,
      answer,
      // What settles a question is what it made of an answer, or a failure.
      settle: (settled) => done(settled as Answer<Value>),
      cancelDeadline: this.#clock.wakeAt(instant(this.#clock.now() + timeoutMs), () =>
        this.#overdue({ code: 'TIMEOUT', message: `no answer within ${timeoutMs} ms` }),
      ),
    }
    this.#questions.add(question)
    return () => this.#take(question)
  }

  /** Settles the first that this answers; `before` hears first what it comes to. */
  answer(read: ReadWebAnswer, before: (answer: Answer<unknown>) => void): void {
    for (const question of this.#questions) {
      const answer = answerTo(question, read)
      if (answer === undefined) continue
      this.#take(question)
      before(answer)
      question.settle(answer)
      return
    }
  }

  /** Takes all away; what is returned fails them. */
  takeAll(): (failure: Failure) => void {
    const questions = [...this.#questions]
    for (const question of questions) this.#take(question)
    return (failure) => {
      for (const question of questions) question.settle({ type: 'failed', failure })
    }
  }

  /** Whether it was still under way. */
  #take(question: Question): boolean {
    question.cancelDeadline()
    return this.#questions.delete(question)
  }
}
