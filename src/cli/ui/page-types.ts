/** What the page is told: the types of the server's answers, which the page in `ui/debugger` imports too. */

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

/** What cannot be read of a history. */
export interface Damage {
  readonly code: string
  readonly message: string
  /** What is wrong, and the first event that cannot be read for it, where it is one in particular. */
  readonly reason: string
  readonly seq?: number | undefined
  /** Where reading can begin again. */
  readonly nextSeq?: number | undefined
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
  /** Why the newest state cannot be told. */
  readonly damage: Damage | null
  readonly eventTypes: readonly string[]
  readonly pieceKinds: readonly string[]
}

/** The state just after this event; bytes are counted from the beginning of the log. */
export interface Sample {
  readonly seq: number
  readonly at: number
  readonly downloaded: number
  readonly uploaded: number
  readonly wasted: number
  readonly stored: number
  readonly peers: number
}

/** An event that a timeline marks. */
export interface Mark {
  readonly seq: number
  readonly at: number
  readonly type: string
}

export interface Survey {
  /** The number after the last event that there is. */
  readonly events: number
  /** Events below this number were seen. */
  readonly surveyed: number
  readonly samples: readonly Sample[]
  readonly marks: readonly Mark[]
  /** Where it had to end, and why. */
  readonly fault?: Damage | undefined
}

export interface EventRow {
  readonly seq: number
  readonly at: number
  readonly type: string
  readonly text: string
  readonly peer?: number | undefined
  readonly address?: string | undefined
  readonly piece?: number | undefined
}

export interface EventPage {
  /** In the order in which they were looked for. */
  readonly rows: readonly EventRow[]
  /** Where to go on from; absent where the end of the log was reached. */
  readonly next?: number
}

/** The value of a machine's state: a name, or names below names. */
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

/** A name of a field, a key of a map, or a place in a list. */
export type TreeKey = string | number

export interface TreeNode {
  readonly key: TreeKey
  /** As `diff` writes it: `peers[3].standing`. */
  readonly path: string
  /** A leaf has a value, a branch how many there are below it. */
  readonly value?: unknown
  readonly size?: number
}

export interface Branch {
  readonly nodes: readonly TreeNode[]
  /** How many are not told of. */
  readonly left: number
}

export interface ChartState {
  /** Names from the machine down, joined by dots: `open.ours.choking`. */
  readonly id: string
  readonly name: string
  readonly type: string
  readonly initial: boolean
  /** Events that it takes and that change nothing in it. */
  readonly stays: readonly string[]
  readonly states: readonly ChartState[]
}

export interface ChartStep {
  /** Empty where it is taken from any state of the machine. */
  readonly from: string
  readonly to: string
  readonly events: readonly string[]
}

export interface Chart {
  readonly id: string
  readonly states: readonly ChartState[]
  readonly steps: readonly ChartStep[]
  /** The definition itself, which XState's own editor takes. */
  readonly definition: unknown
}
