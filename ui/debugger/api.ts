/** What the server is asked, and what it answers: the other half of `src/cli/ui/answers.ts`. */

export interface Listed {
  readonly id: string
  readonly kind: 'log' | 'capsule'
  readonly name: string
  readonly cid: string
}

export interface Geometry {
  readonly pieceLength: number
  readonly totalBytes: number
  readonly pieceCount: number
}

export interface Summary {
  readonly id: string
  readonly kind: 'log' | 'capsule'
  readonly name: string
  readonly cid: string
  readonly events: number
  readonly firstSeq: number
  readonly geometry: Geometry
  readonly firstAt: number | null
  readonly lastAt: number | null
  readonly eventTypes: readonly string[]
  readonly pieceKinds: readonly string[]
}

export interface Sample {
  readonly seq: number
  readonly at: number
  readonly downloaded: number
  readonly uploaded: number
  readonly wasted: number
  readonly stored: number
  readonly peers: number
}

export interface Survey {
  readonly surveyed: number
  readonly samples: readonly Sample[]
  readonly marks: readonly { readonly seq: number; readonly at: number; readonly type: string }[]
  readonly fault?: { readonly code: string; readonly message: string }
}

export interface EventRow {
  readonly seq: number
  readonly at: number
  readonly type: string
  readonly text: string
  readonly peer?: number
  readonly address?: string
  readonly piece?: number
}

export interface EventPage {
  readonly rows: readonly EventRow[]
  readonly next?: number
}

/** The value of a machine's state. */
export type Standing = string | { readonly [name: string]: Standing }

export interface Peer {
  readonly key: number
  readonly address: string
  readonly incoming: boolean
  readonly standing: Standing
  readonly since: number
  readonly id: string | null
  readonly client: string
  readonly pieces: number
  readonly interesting: number
  readonly downloaded: number
  readonly uploaded: number
  readonly downRate: number
  readonly upRate: number
  readonly wasted: number
  readonly requested: number
  readonly target: number
  readonly delayMs: number
  readonly asked: number
  readonly snubbed: boolean
  readonly overdue: boolean
  readonly lastBlockAt: number
  readonly optimistic: boolean
}

export interface InFlight {
  readonly piece: number
  readonly standing: Standing
  readonly since: number
  /** 0 missing, 1 on order, 2 here, of each block. */
  readonly blocks: string
  readonly received: number
  readonly givers: readonly number[]
}

export interface Tracker {
  readonly tier: number
  readonly url: string
  readonly announcing: boolean
  readonly overdue: boolean
  readonly failures: number
  readonly lastAnswerAt: number
  readonly lastError: string
  readonly intervalMs: number
  readonly seeds: number | null
  readonly leechers: number | null
}

export interface State {
  readonly event: EventRow
  readonly seq: number
  readonly at: number
  readonly name: string
  readonly folder: string
  readonly private: boolean
  readonly standing: Standing
  readonly geometry: Geometry
  readonly session: number
  readonly failure: { readonly code: string; readonly message: string } | null
  readonly map: string
  readonly counts: Readonly<
    Record<
      'stored' | 'announced' | 'wanted' | 'missing' | 'checking' | 'inFlight' | 'peers' | 'candidates' | 'banned',
      number
    >
  >
  readonly downloaded: number
  readonly uploaded: number
  readonly downRate: number
  readonly upRate: number
  readonly waste: Readonly<Record<string, number>>
  readonly limits: { readonly download: number; readonly upload: number }
  readonly sequential: boolean
  readonly pieces: readonly InFlight[]
  readonly peers: readonly Peer[]
  readonly total: number
  readonly requests: readonly {
    readonly peer: number
    readonly piece: number
    readonly block: number
    readonly askedAt: number
  }[]
  readonly trackers: readonly Tracker[]
  readonly banned: readonly string[]
}

export interface Explanation {
  readonly subject: string
  readonly seq: number
  readonly verdict: string
  readonly causes: readonly {
    readonly code: string
    readonly text: string
    readonly events: readonly number[]
    readonly cited: readonly EventRow[]
  }[]
  readonly remedies: readonly string[]
}

export interface Difference {
  readonly path: string
  readonly before: unknown
  readonly after: unknown
}

export type TreeKey = string | number

export interface TreeNode {
  readonly key: TreeKey
  readonly path: string
  readonly value?: unknown
  readonly size?: number
}

export interface ChartState {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly initial: boolean
  readonly stays: readonly string[]
  readonly states: readonly ChartState[]
}

export interface Chart {
  readonly id: string
  readonly states: readonly ChartState[]
  readonly steps: readonly { readonly from: string; readonly to: string; readonly events: readonly string[] }[]
  readonly definition: unknown
}

/** What went wrong, in words for people. */
export class Refused extends Error {}

const answerOf = async (response: Response): Promise<unknown> => {
  const answer = (await response.json()) as { message?: string; code?: string } // the server answers in JSON alone
  if (response.ok) return answer
  throw new Refused(`${answer.message ?? response.statusText} (${answer.code ?? response.status})`)
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
    ask(`${id}/tree`, { seq, path: JSON.stringify(path) }) as Promise<{ nodes: readonly TreeNode[]; left: number }>,
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
