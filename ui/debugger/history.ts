/** The history that is looked at: where one is in it, the state there, and news of it while it is being written. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { type Damage, type Questions, questionsTo, Refused, type State, type Summary, type Survey } from './api.js'

export interface History {
  readonly questions: Questions
  readonly summary: Summary
  readonly survey: Survey
  /** What of it cannot be read, as far as that is known. */
  readonly damage: Damage | undefined
  /** Where one wants to be; the state may follow a moment later. */
  readonly seq: number
  readonly state: State | undefined
  /** Why there is no state of this event. */
  readonly unreadable: string | undefined
  /** How many events there are now. */
  readonly events: number
  /** Whether the newest event is followed. */
  readonly following: boolean
  seek(seq: number): void
  follow(on: boolean): void
}

/** Between two readings of the survey while it is made. */
const SURVEY_EVERY_MS = 700

const NOTHING: Survey = { events: 0, surveyed: 0, samples: [], marks: [] }

/** Loads the newest state that is wanted, one at a time: what was wanted meanwhile and is no more is left out. */
const useStateAt = (questions: Questions | undefined, seq: number, failed: (error: unknown) => void) => {
  const [state, setState] = useState<State>()
  const [unreadable, setUnreadable] = useState<{ readonly seq: number; readonly message: string }>()
  const wanted = useRef({ questions, seq })
  const loading = useRef(false)
  wanted.current = { questions, seq }
  const load = useCallback(async () => {
    if (loading.current) return
    loading.current = true
    try {
      for (let done: typeof wanted.current | undefined; ; ) {
        const next = wanted.current
        if (next.questions === undefined || next.seq < 0) return
        if (done?.questions === next.questions && done.seq === next.seq) return
        const found = await next.questions.state(next.seq).catch((error: unknown) => {
          if (error instanceof Refused && /^(LOG|CAPSULE)_/.test(error.code ?? ''))
            setUnreadable({ seq: next.seq, message: error.message })
          else failed(error)
          return undefined
        })
        if (found !== undefined && wanted.current.questions === next.questions) setState(found)
        done = next
      }
    } finally {
      loading.current = false
    }
  }, [failed])
  useEffect(() => {
    void load()
  }, [questions, seq, load])
  const forget = useCallback(() => {
    setState(undefined)
    setUnreadable(undefined)
  }, [])
  return { state, unreadable: unreadable?.seq === seq ? unreadable.message : undefined, forget }
}

/** Undefined until the history is open. `first` is where one begins; the end, where it is left out. */
export const useHistory = (
  id: string | undefined,
  first: number | undefined,
  failed: (error: unknown) => void,
): History | undefined => {
  const [opened, setOpened] = useState<{ questions: Questions; summary: Summary }>()
  const [survey, setSurvey] = useState<Survey>(NOTHING)
  const [events, setEvents] = useState(0)
  const [seq, setSeq] = useState(-1)
  const [following, setFollowing] = useState(false)
  const followed = useRef(false)
  followed.current = following
  const begin = useRef(first)
  begin.current = first
  const { state, unreadable, forget } = useStateAt(opened?.questions, seq, failed)

  useEffect(() => {
    if (id === undefined) return
    let gone = false
    let live: EventSource | undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    const questions = questionsTo(id)
    const readSurvey = (): void => {
      timer ??= setTimeout(async () => {
        timer = undefined
        const found = await questions.survey().catch(failed)
        if (!gone && found) setSurvey(found)
      }, SURVEY_EVERY_MS)
    }
    const open = async (): Promise<void> => {
      const summary = await questions.summary()
      if (gone) return
      forget()
      setOpened({ questions, summary })
      setEvents(summary.events)
      setFollowing(false)
      // Where the newest state cannot be told, one begins with the newest that can be.
      const last = (summary.damage?.seq ?? summary.events) - 1
      setSeq(Math.max(Math.min(summary.firstSeq, summary.events - 1), Math.min(begin.current ?? last, last)))
      setSurvey(await questions.survey())
      live = questions.live()
      live.onmessage = ({ data }) => {
        const news = JSON.parse(String(data)) as { events: number; surveyed: number } // as the server writes it
        setEvents(news.events)
        if (followed.current && news.events > 0) setSeq(news.events - 1)
        readSurvey()
      }
    }
    setOpened(undefined)
    setSurvey(NOTHING)
    open().catch((error: unknown) => {
      if (!gone) failed(error)
    })
    return () => {
      gone = true
      live?.close()
      clearTimeout(timer)
    }
  }, [id, failed, forget])

  const seek = useCallback(
    (to: number) => {
      setFollowing(false)
      setSeq(Math.max(opened?.summary.firstSeq ?? 0, Math.min(Math.round(to), events - 1)))
    },
    [opened, events],
  )
  const follow = useCallback(
    (on: boolean) => {
      setFollowing(on)
      if (on) setSeq(events - 1)
    },
    [events],
  )
  if (opened === undefined || opened.questions.id !== id) return undefined
  const damage = survey.fault ?? opened.summary.damage ?? undefined
  return { ...opened, survey, damage, seq, state, unreadable, events, following, seek, follow }
}
