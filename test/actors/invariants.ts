/** What must be true of every state after every turn, worked out anew from the rest of the state. */
import * as assert from 'uvu/assert'
import { inFlightMax } from '../../src/actors/picker.js'
import { blockOfKey, blocksOfPiece, pieceOfKey } from '../../src/events/geometry.js'
import { giverOf, isHere } from '../../src/events/ledger.js'
import type { TransferState } from '../../src/events/state.js'
import { LIMITS } from '../../src/limits.js'
import type { PieceIndex } from '../../src/values.js'

const missingPiece = (state: Readonly<TransferState>, piece: number): boolean =>
  state.wanted.has(piece) && !state.stored.has(piece)

const checkPieces = (state: Readonly<TransferState>): void => {
  let missing = 0
  for (let index = 0; index < state.geometry.pieceCount; index++) {
    const piece = index as PieceIndex
    const inFlight = state.pieces.has(piece)
    assert.not(inFlight && state.stored.has(piece), `piece ${piece} is in flight or stored, not both`)
    assert.not(
      state.announced.has(piece) && !state.stored.has(piece),
      `piece ${piece} is stored before it is announced`,
    )
    if (missingPiece(state, piece)) missing++
    const offered = missingPiece(state, piece) && !inFlight && !state.checking.has(piece)
    assert.is(state.rarity.offers(piece), offered, `piece ${piece} is offered: ${offered}`)
  }
  assert.is(state.missing, missing, 'missing is counted')
  for (const { piece } of state.unannounced) assert.ok(state.stored.has(piece), `piece ${piece} waits to be announced`)
  const told = new Set(state.unannounced.map(({ piece }) => piece))
  assert.is(told.size, state.unannounced.length, 'a piece waits once')
  for (const index of state.stored.indices())
    assert.is(state.announced.has(index), !told.has(index as PieceIndex), `piece ${index} is announced, or waits`)
  const most = inFlightMax(state.geometry.pieceLength) + LIMITS.urgentPiecesExtra
  assert.ok(state.pieces.size <= most || state.rejections.size > 0, 'buffers suffice')
}

const checkRarity = (state: Readonly<TransferState>): void => {
  let seeds = 0
  const having = new Array<number>(state.geometry.pieceCount).fill(0)
  for (const peer of state.peers.values()) {
    if (peer.seed) seeds++
    else for (const index of peer.has.indices()) having[index] = (having[index] ?? 0) + 1
    assert.is(peer.seed, peer.has.full, `peer ${peer.key} is a seed`)
  }
  assert.is(state.seedsConnected, seeds, 'seeds are counted')
  having.forEach((count, index) => {
    assert.is(state.rarity.availability(index as PieceIndex), count, `availability of piece ${index}`)
  })
  let before = -1
  let offered = 0
  for (const piece of state.rarity.rarestFirst()) {
    const availability = state.rarity.availability(piece)
    assert.ok(availability >= before, 'rarest first')
    assert.ok(state.rarity.offers(piece))
    before = availability
    offered++
  }
  assert.is(offered, state.rarity.length)
}

const checkPeers = (state: Readonly<TransferState>): void => {
  for (const [key, peer] of state.peers) {
    assert.is(peer.key, key)
    assert.not(peer.standing.tags.closed, 'a closed peer is gone')
    let interesting = 0
    for (const index of peer.has.indices()) if (missingPiece(state, index)) interesting++
    assert.is(peer.interesting, interesting, `interesting pieces of peer ${key}`)
    assert.ok(peer.requested.size <= LIMITS.requestsOutstandingMax, 'requests are bounded')
    assert.ok(peer.asked.size <= LIMITS.requestsServedMax, 'what is served is bounded')
    assert.ok(peer.released.size <= LIMITS.releasedRequestsMax, 'memory is bounded')
    assert.ok(peer.unasked <= LIMITS.unaskedBlocksMax)
    if (peer.standing.tags.amChoking === true)
      for (const { piece } of peer.asked.values())
        assert.ok(peer.fastGiven.has(piece), 'a choked peer waits for what it is allowed')
    if (peer.standing.tags.open !== true && peer.webSeed === undefined) assert.is(peer.requested.size, 0)
    for (const { piece } of peer.asked.values()) assert.ok(state.announced.has(piece), 'only what is there is served')
  }
  const ids = [...state.peers.values()].flatMap(({ id }) => (id === undefined ? [] : [id.join()]))
  assert.is(new Set(ids).size, ids.length, 'one connection a peer id')
  assert.ok(state.peers.size <= LIMITS.peersMax)
  if (state.optimistic !== undefined) assert.ok(state.peers.has(state.optimistic), 'the optimistic peer is there')
}

const checkLedgers = (state: Readonly<TransferState>): void => {
  const orders = new Map<PieceIndex, number[]>()
  for (const peer of state.peers.values())
    for (const key of peer.requested.keys()) {
      const piece = pieceOfKey(state.geometry, key)
      const block = blockOfKey(state.geometry, key)
      assert.ok(state.pieces.has(piece), `what peer ${peer.key} owes belongs to a piece in flight`)
      const counts = orders.get(piece) ?? new Array<number>(blocksOfPiece(state.geometry, piece)).fill(0)
      counts[block] = (counts[block] ?? 0) + 1
      orders.set(piece, counts)
    }
  for (const [piece, ledger] of state.pieces) {
    assert.is(ledger.piece, piece)
    assert.is(ledger.blocks, blocksOfPiece(state.geometry, piece))
    assert.not(ledger.standing.tags.gone, 'a piece that is gone is not in flight')
    let open = 0
    let received = 0
    for (let block = 0; block < ledger.blocks; block++) {
      const ordered = orders.get(piece)?.[block] ?? 0
      assert.is(ledger.orders[block], ordered, `orders of block ${piece}:${block}`)
      assert.not(ordered > 0 && isHere(ledger, block), `block ${piece}:${block} is here, and nobody owes it`)
      if (isHere(ledger, block)) received++
      else if (ordered === 0) open++
      const giver = giverOf(ledger, block)
      if (giver !== undefined) assert.ok(ledger.giversBanNames.has(giver), 'who gave a block can be banned')
    }
    assert.is(ledger.received, received, `received blocks of piece ${piece}`)
    assert.is(ledger.open, open, `open blocks of piece ${piece}`)
    assert.is(
      ledger.standing.tags.fetching !== true,
      received === ledger.blocks,
      `piece ${piece} is fetched until full`,
    )
    if (ledger.parole !== undefined) assert.ok(state.peers.has(ledger.parole), 'parole is with a peer that is there')
  }
}

export const checkInvariants = (state: Readonly<TransferState>): void => {
  checkPieces(state)
  checkRarity(state)
  checkPeers(state)
  checkLedgers(state)
}
