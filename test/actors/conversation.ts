/** A random conversation: an actor system among peers of every kind, a user, crashes, and a disk that others touch. */
import * as assert from 'uvu/assert'
import type { Input } from '../../src/actors/vocabulary.js'
import type { LoggedEvent } from '../../src/events/codec.js'
import { geometryOf } from '../../src/events/geometry.js'
import type { TransferState } from '../../src/events/state.js'
import { LIMITS } from '../../src/limits.js'
import { type PeerKey, type PieceIndex, peerKey } from '../../src/values.js'
import { added, type Shape, session } from './beginnings.js'
import { type Chance, chanceOf } from './chance.js'
import { foldOf } from './folding.js'
import { Story, says, toPeer, toTransfer, woken } from './given.js'
import { Guest } from './guest.js'
import { checkInvariants } from './invariants.js'
import { anyWish } from './wishes.js'
import { World } from './world.js'

const TIERS = [['http://a', 'http://b'], ['http://c']]

export class Conversation {
  readonly chance: Chance
  readonly world: World
  story: Story
  /** The log up to here survives a crash. */
  committed = 0
  /** Inputs given so far. */
  turns = 0
  #bootedAt = 1_000_000
  /** Looks at each turn, beside the invariants. */
  onTurn: (input: Input) => void = () => undefined

  constructor(
    seed: number,
    readonly shape: Shape,
    /** The user does this and that, processes crash, others touch the files. */
    readonly eventful = true,
  ) {
    this.chance = chanceOf(seed)
    this.world = new World(geometryOf(shape.pieceLength, shape.totalBytes), this.chance)
    this.story = this.#tell([])
    this.story.also(added(shape))
    this.#beginSession()
  }

  get state(): TransferState {
    return this.story.state
  }

  #tell(log: readonly LoggedEvent[]): Story {
    const story = new Story([], foldOf(log))
    story.log.push(...log)
    if (this.story !== undefined) story.now = this.story.now
    story.onEffect = (effect) => {
      const input = this.world.take(effect)
      if (input !== undefined) story.system.accept(input)
    }
    return story
  }

  #beginSession(): void {
    const { chance, story, world } = this
    const number = this.state.session + 1
    story.also(session(number, { machineStartedAt: this.#bootedAt, randomSeed: chance.below(2 ** 32) }))
    if (this.state.tiers.length === 0) story.also({ type: 'trackers-set', tiers: TIERS })
    if (number > 1) story.also({ type: 'limits-set', download: 1_000_000 * number, upload: 0 })
    if (chance.percent(30))
      story.also({ type: 'sharing-set', superSeeding: chance.percent(50), suggesting: chance.percent(80) })
    story.after(chance.below(5_000))
    if (chance.percent(10)) return // ended before the files were looked at
    if (chance.percent(10)) this.give(toTransfer({ type: 'pause-asked' }))
    if (chance.percent(5)) this.give(toTransfer({ type: 'queue-asked', of: 'seeds', most: 1 }))
    this.give(toTransfer({ type: 'files-examined', files: world.findings() }))
  }

  give(input: Input | undefined): void {
    if (input === undefined) return
    this.onTurn(input)
    this.story.when(input)
    this.turns++
    // Between two sessions nothing is offered to anybody; the next begins with a new account.
    const between = this.story.log.at(-1)?.event.type === 'session-ended'
    // Of a torrent with long ledgers, now and then is enough.
    if (between || this.turns % Math.ceil(this.state.geometry.blocksPerPiece / 64) !== 0) return
    checkInvariants(this.state)
    this.#checkTruth()
  }

  /** What the log says of the outside is so. */
  #checkTruth(): void {
    const { active, checking } = this.state.standing.tags
    if (active !== true && checking !== true) return
    for (const index of this.state.stored.indices())
      assert.ok(this.world.good.has(index as PieceIndex), `piece ${index}, which is stored, is right on disk`)
    for (const host of this.world.honestHosts)
      if (!this.world.unwelcome.has(host))
        assert.not(this.state.banned.has(host), `${host}, which is honest, is banned`)
  }

  /** A step of chance. */
  step(): void {
    const { chance, story, world } = this
    if (chance.percent(30)) story.after(chance.below(chance.percent(5) ? 40_000 : 400))
    const choice = chance.below(this.eventful ? 1_000 : 985)
    if (choice < 700) {
      const guest = chance.of([...world.guests.values()])
      if (guest !== undefined) this.give(guest.act())
    } else if (choice < 880) this.give(this.answer())
    else if (choice < 900) this.#arrive()
    else if (choice < 960) this.#commit()
    else if (choice < 975) this.give(toTransfer({ type: 'peers-found', source: 'user', addresses: this.#addresses() }))
    else if (choice < 983) this.#breakConnection()
    else if (choice < 985) this.give(world.fact())
    else if (choice < 997) this.give(this.#user())
    else if (choice < 999) this.#crash()
    else this.#restart()
    this.#wake()
  }

  /** Something that was asked of the outside is done. */
  answer(): Input | undefined {
    const { world, chance, story } = this
    switch (chance.below(8)) {
      case 7:
        return world.placed()
      case 0:
        return world.hashed()
      case 1:
        return world.written(story.now)
      case 2:
        return world.checked()
      case 3:
        return world.synced()
      case 4:
        return world.dialed()
      case 5:
        return world.scraped()
      default:
        return world.announced()
    }
  }

  #addresses(): { host: string; port: number }[] {
    return [{ host: this.world.anyHost(), port: 6_881 }]
  }

  #wake(): void {
    const { wakeAt } = this.world
    if (wakeAt === undefined || wakeAt > this.story.now) return
    this.world.wakeAt = undefined
    this.give(woken)
  }

  #commit(): void {
    this.committed += this.chance.below(this.state.nextSeq - this.committed + 1)
    if (this.state.unannounced.length > 0)
      this.give(toTransfer({ type: 'log-committed', committedSeq: this.committed }))
  }

  /** A peer connects to us. */
  #arrive(): void {
    if (this.world.guests.size < 12) this.arrive(this.world.anyHost())
  }

  arrive(host: string): Guest {
    const peer = peerKey(this.state.nextPeer)
    const guest = new Guest(this.world, peer, host)
    this.world.guests.set(peer, guest)
    this.give(toTransfer({ type: 'peer-accepted', peer, address: { host, port: 50_000 + this.chance.below(10_000) } }))
    return guest
  }

  #breakConnection(): void {
    const [key] = this.chance.of([...this.world.guests]) ?? []
    if (key !== undefined) this.#lose(key)
  }

  #lose(key: PeerKey): void {
    if (this.chance.percent(50)) {
      const fault = { type: 'fault', code: 'length-too-long', reason: 'a prefix of 4 GiB' } as const
      this.give(toPeer(key, { type: 'fault-found', fault }))
    } else {
      this.world.guests.delete(key)
      this.give(toPeer(key, { type: 'connection-lost', failure: { code: 'ECONNRESET', message: '' } }))
    }
  }

  #user(): Input | undefined {
    const { chance, story } = this
    const { pieceCount } = this.state.geometry
    switch (chance.below(13)) {
      case 9:
      case 10:
      case 11:
      case 12:
        return anyWish(this.state, this.world, story.now)
      case 8:
        return { to: 'trackers', input: { type: 'scrape-asked' } }
      case 0:
        return toTransfer({ type: 'pause-asked' })
      case 1:
      case 2:
      case 3:
        return toTransfer({ type: 'resume-asked' })
      case 4:
        return toTransfer({ type: 'check-asked' })
      case 5: {
        const wanted = this.state.wanted.clone()
        for (let piece = 0; piece < pieceCount; piece++)
          if (chance.percent(60)) wanted.set(piece)
          else wanted.clear(piece)
        return toTransfer({ type: 'pieces-selected', wanted: wanted.bytes, sequential: chance.percent(50) })
      }
      default:
        story.after(LIMITS.silenceMaxMs / 2)
        return undefined
    }
  }

  /**
   * Everybody falls silent but for keep-alives, two honest seeds come, and the world answers all that it is asked. Says
   * whether everything wanted is stored and told within this time.
   */
  settles(withinMs: number): boolean {
    const { story, world } = this
    this.give(toTransfer({ type: 'turn-given' }))
    this.give(toTransfer({ type: 'resume-asked' }))
    if (!this.state.examined) this.give(toTransfer({ type: 'files-examined', files: world.findings() }))
    world.calm = true
    const quiet = [...world.guests.values()]
    const seeds = new Map<string, Guest>()
    const end = story.now + withinMs
    let seconds = 0
    while (story.now < end && !(this.state.standing.tags.seeding === true && this.state.unannounced.length === 0)) {
      story.after(1_000)
      this.#wake()
      for (let left = true; left; ) {
        left = false
        for (const answer of world.answers(story.now)) {
          this.give(answer)
          left = true
        }
      }
      this.#commitAll()
      for (const host of ['10.9.9.44', '10.9.9.45']) {
        const seed = seeds.get(host)
        if (seed !== undefined && world.guests.get(seed.key) === seed) this.#serveAll(seed)
        else if (this.state.standing.tags.active === true) seeds.set(host, this.#seed(host))
      }
      if (++seconds % 60 === 0)
        for (const { key, greeted } of quiet)
          if (world.guests.has(key) && greeted) this.give(says(key, { type: 'keep-alive' }))
    }
    return story.now < end
  }

  #seed(host: string): Guest {
    const seed = this.arrive(host)
    for (let piece = 0; piece < this.state.geometry.pieceCount; piece++) seed.has.set(piece)
    for (const act of [() => seed.greet(), () => seed.tellPieces(), () => seed.unchoke()])
      if (this.world.guests.has(seed.key)) this.give(act())
    return seed
  }

  #serveAll(seed: Guest): void {
    for (let served = 0; served < 500 && seed.requests.length > 0; served++) this.give(seed.serve())
  }

  #commitAll(): void {
    this.committed = this.state.nextSeq
    if (this.state.unannounced.length > 0)
      this.give(toTransfer({ type: 'log-committed', committedSeq: this.committed }))
  }

  /** The process is killed, or the power goes; what was committed is there, and perhaps more. */
  #crash(): void {
    const kept = this.committed + this.chance.below(this.state.nextSeq - this.committed + 1)
    this.world.forgetProcess()
    if (this.chance.percent(40)) {
      this.world.losePower()
      this.#bootedAt += 1_000_000
    }
    this.#meddle()
    this.committed = kept
    this.story = this.#tell(this.story.log.slice(0, kept))
    if (kept === 0) this.story.also(added(this.shape))
    this.#beginSession()
  }

  #meddle(): void {
    this.story.after(LIMITS.stampSlackMs + 1_000)
    if (this.chance.percent(20)) this.world.meddle(this.story.now)
    this.story.after(1_000)
  }

  /** The session ends in good order, and another begins. */
  #restart(): void {
    const { story, world } = this
    this.give(toTransfer({ type: 'end-asked' }))
    while (world.writing.length > 0) this.give(world.written(story.now))
    this.give(toTransfer({ type: 'stamps-taken', stamps: world.stamps(), reason: 'closed' }))
    this.committed = this.state.nextSeq
    world.forgetProcess()
    this.#meddle()
    this.#beginSession()
  }
}
