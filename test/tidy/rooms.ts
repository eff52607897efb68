/** The rooms of the house, and which may import from which: the table of ARCHITECTURE.md. */

export interface Room {
  readonly name: string
  /** Its files, relative to the project. The first room that takes a file has it. */
  readonly has: RegExp
  /** Rooms that it may import from, apart from itself. */
  readonly from: readonly string[]
  /** Touches the machine: the clock, timers, the process, the console and Node's own modules. */
  readonly machine?: true
}

const BASE = ['base']
const WIRE = [...BASE, 'wire']
const EVENTS = [...WIRE, 'machines', 'events']
const ACTORS = [...EVENTS, 'actors']
const STORE = [...EVENTS, 'ports', 'store']
const DRIVER = [...ACTORS, ...STORE, 'transports']
const TRANSFER = [...DRIVER, 'driver', 'replay', 'api', 'reach']
const ENGINE = [...TRANSFER, 'transfer']
const PUBLIC = [...ENGINE, 'engine', 'node', 'composition']
const TRACKER = [...WIRE, 'tracker']

export const ROOMS: readonly Room[] = [
  {
    name: 'base',
    has: /^src\/(values|limits|assert|errors|random|version|settled|outside|rx|redis-address)\.ts$/,
    from: [],
  },
  { name: 'wire', has: /^src\/wire\//, from: BASE },
  // What may follow what: tables that evolve steps, so they know of nothing, and stand below the events.
  { name: 'machines', has: /^src\/actors\/(.*\.machine|step)\.ts$/, from: BASE },
  { name: 'events', has: /^src\/events\//, from: EVENTS },
  { name: 'actors', has: /^src\/actors\//, from: ACTORS },
  { name: 'ports', has: /^src\/ports\.ts$/, from: EVENTS },
  // Connections over connections, and how one is come by: over ports alone.
  { name: 'transports', has: /^src\/transports\//, from: [...WIRE, 'ports'] },
  { name: 'store', has: /^src\/store\//, from: STORE },
  {
    name: 'driver',
    has: /^src\/(driver|announcer|backlog|checker|extended-messages|fingerprints|link-events|file-trees|hash-work|hybrid-handshakes|metadata-work|peer-link|piece-verifier|piece-work|placing|slots|throttle|web-seed-links|web-seed-run)\.ts$/,
    from: DRIVER,
  },
  { name: 'replay', has: /^src\/replay\//, from: [...ACTORS, 'ports'] },
  // The types of what users hold: interfaces only.
  { name: 'api', has: /^src\/api\.ts$/, from: [...EVENTS, 'replay'] },
  {
    name: 'transfer',
    has: /^src\/(transfer(-session)?|checkpointer|have-pacer|commits|contents|examine|file-work|progress|promises|retainer|rewinding|session(-log)?|wanted|choosing|goals|readers|reading|queue|renaming)\.ts$/,
    from: TRANSFER,
  },
  // What is spoken over ports, without a transfer.
  { name: 'discovery', has: /^src\/discovery\//, from: [...WIRE, 'ports'] },
  // A node of the DHT: what it decides, and what carries that out over ports.
  { name: 'dht', has: /^src\/dht\//, from: [...WIRE, 'ports'] },
  { name: 'reach', has: /^src\/reach\.ts$/, from: [...ACTORS, 'ports', 'discovery', 'dht'] },
  {
    name: 'engine',
    has: /^src\/(engine|transfers|arrivals|find-torrent)\.ts$/,
    from: [...ENGINE, 'reach', 'discovery'],
  },
  { name: 'node', has: /^src\/node\//, from: [...WIRE, 'ports', 'discovery', 'package'], machine: true },
  // Where the real ports are put in: the only files below the command line that know of them.
  {
    name: 'composition',
    has: /^src\/(create-engine|create|open-dht)\.ts$/,
    from: [...ENGINE, 'engine', 'node', 'discovery', 'dht'],
  },
  { name: 'index', has: /^src\/index\.ts$/, from: PUBLIC },
  // Where the package's own files lie, which pages are made of.
  { name: 'package', has: /^src\/package-file\.ts$/, from: [], machine: true },
  {
    name: 'cli',
    has: /^src\/cli\//,
    from: [...PUBLIC, 'index', 'package', 'tracker index', 'simulations'],
    machine: true,
  },
  // Keeps the machine away from the simulated world, so it knows what that is.
  { name: 'guard', has: /^simulations\/guard\.ts$/, from: [], machine: true },
  // Node's own compression, which gives the same bytes back, whenever and wherever.
  { name: 'packing', has: /^simulations\/packing\.ts$/, from: STORE, machine: true },
  {
    name: 'simulations',
    has: /^simulations\//,
    from: [...ENGINE, 'engine', 'discovery', 'tracker', 'guard', 'packing'],
  },
  // What swarms are kept on, outside of this process.
  {
    name: 'tracker stores',
    has: /^tracker\/((catalogue-)?level-(database|store)|redis-.*|open-store|event-(files|log|query))\.ts$/,
    from: TRACKER,
    machine: true,
  },
  {
    name: 'tracker fronts',
    has: /^tracker\/(http|http-body|udp|machine|time-share|ws|latency|metrics|operations-http|reload|tokens|reading-thread|catalogue-(front|http|page|reader|watch))\.ts$/,
    from: [...TRACKER, 'package'],
    machine: true,
  },
  { name: 'tracker index', has: /^tracker\/index\.ts$/, from: [...TRACKER, 'tracker fronts', 'tracker stores'] },
  { name: 'tracker', has: /^tracker\//, from: WIRE },
]

export const roomOf = (file: string): Room | undefined => ROOMS.find(({ has }) => has.test(file))

/** Globals and modules of the machine; in the other rooms time, chance and the outside are inputs. */
export const MACHINE_NAMES: readonly string[] = [
  ...['Date', 'performance', 'Math.random', 'process', 'console'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'],
]

/** Hashing is a pure function of bytes, and may be done anywhere; what else `node:crypto` has is not pure. */
export const HASHING_NAMES: readonly string[] = [
  ...['createHash', 'hash', 'Hash'],
  // Ed25519 has no randomness in it.
  ...['createPrivateKey', 'createPublicKey', 'KeyObject', 'sign', 'verify'],
]

/** Functions whose last digit is left to each engine, but for `log`, `exp` and `sqrt`: in those all versions of V8 agree. */
export const UNEVEN_MATH: readonly string[] = [
  ...['pow', 'cbrt', 'hypot', 'log10', 'log1p', 'log2', 'expm1', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'atan2'],
  ...['sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'],
].map((name) => `Math.${name}`)

/** What RxJS does with time, by timers of its own. */
export const TIMED_OPERATORS: readonly string[] = [
  ...['delay', 'delayWhen', 'timer', 'interval', 'bufferTime', 'windowTime', 'timeout', 'timeoutWith', 'timeInterval'],
  ...[
    'debounce',
    'debounceTime',
    'audit',
    'auditTime',
    'throttle',
    'throttleTime',
    'sample',
    'sampleTime',
    'timestamp',
  ],
  ...['async', 'asyncScheduler', 'asap', 'asapScheduler', 'animationFrames', 'animationFrameScheduler'],
]
