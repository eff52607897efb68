/** What the server is asked, and what it answers: the other half of `src/cli/ui/answers.ts`. */
import type {
  Branch,
  Chart,
  Difference,
  EventPage,
  EventRow,
  Explanation,
  Listed,
  State,
  Summary,
  Survey,
  TreeKey,
} from '../../src/cli/ui/page-types.js'

export type * from '../../src/cli/ui/page-types.js'

/** What went wrong, in words for people. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly code?: string,
  ) {
    super(message)
  }
}

const answerOf = async (response: Response): Promise<unknown> => {
  const answer = (await response.json()) as { message?: string; code?: string } // the server answers in JSON alone
  if (response.ok) return answer
  throw new Refused(`${answer.message ?? response.statusText} (${answer.code ?? response.status})`, answer.code)
}

type Words = Readonly<Record<string, string | number | undefined>>

/** Paths are below that of the page, which has the token. */
const ask = async (path: string, words: Words = {}): Promise<unknown> => {
  const given = Object.entries(words).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  const query = new URLSearchParams(given).toString()
  const response = await fetch(`api/${path}${query === '' ? '' : `?${query}`}`).catch(() => {
    throw new Refused('the server does not answer: was `torrewind ui` ended?')
  })
  return answerOf(response)
}

export interface EventWords {
  readonly from: number
  readonly direction?: 'back' | undefined
  readonly limit?: number
  readonly types?: string | undefined
  readonly peers?: string | undefined
  readonly piece?: number | undefined
  readonly q?: string | undefined
}

export type Subject =
  | { readonly type: 'transfer' }
  | { readonly type: 'piece'; readonly piece: number; readonly block?: number | undefined }
  | { readonly type: 'peer'; readonly key: number }

const wordsOf = (subject: Subject): Words =>
  subject.type === 'piece'
    ? { piece: subject.piece, block: subject.block }
    : subject.type === 'peer'
      ? { peerKey: subject.key }
      : {}

export const listSources = () => ask('sources') as Promise<{ sources: readonly Listed[]; first: string | null }>

/** The questions to one history. The server's answers have these shapes, as its tests say. */
export const questionsTo = (id: string) => ({
  id,
  summary: () => ask(`${id}/summary`) as Promise<Summary>,
  survey: () => ask(`${id}/survey`) as Promise<Survey>,
  state: (seq: number) => ask(`${id}/state`, { seq }) as Promise<State>,
  seqAt: (at: number) => ask(`${id}/seq`, { at }) as Promise<{ seq: number }>,
  event: (seq: number) => ask(`${id}/event`, { seq }) as Promise<Readonly<Record<string, unknown>>>,
  events: (words: EventWords) => ask(`${id}/events`, { ...words }) as Promise<EventPage>,
  tree: (seq: number, path: readonly TreeKey[]) =>
    ask(`${id}/tree`, { seq, path: JSON.stringify(path) }) as Promise<Branch>,
  diff: (seq: number) => ask(`${id}/diff`, { seq }) as Promise<{ differences: readonly Difference[]; left: number }>,
  explain: (seq: number, subject: Subject) =>
    ask(`${id}/explain`, { seq, ...wordsOf(subject) }) as Promise<Explanation>,
  lastChange: (seq: number, subject: Subject) =>
    ask(`${id}/last-change`, { seq, ...wordsOf(subject) }) as Promise<{ event: EventRow | null }>,
  machines: () => ask(`${id}/machines`) as Promise<readonly Chart[]>,
  live: () => new EventSource(`api/${id}/live`),
})

export type Questions = ReturnType<typeof questionsTo>

export const sendCapsule = async (file: Blob): Promise<{ id: string; name: string; events: number }> => {
  const headers = { 'content-type': 'application/octet-stream' }
  const response = await fetch('api/capsules', { method: 'POST', headers, body: file })
  return (await answerOf(response)) as { id: string; name: string; events: number } // as the server answers
}
