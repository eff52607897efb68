/** The packed groups of peers, against plain lists. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Chosen, markOf } from '../../tracker/chosen.js'
import { familyOf, KINDS, PeerGroups } from '../../tracker/peer-groups.js'
import { PeerTable } from '../../tracker/peer-table.js'
import { host, idOf, seeded } from './swarm-world.js'

/** A peer of its own in a table, and what an answer says of it. */
const enter = (table: PeerTable, group: number, number: number): { slot: number; compact: number[] } => {
  const text = familyOf(group) === 'ipv4' ? `10.0.${number >> 8}.${number & 0xff}` : `2001:db8::${number.toString(16)}`
  const slot = table.add(group, host(text), 1_000 + number)
  table.setId(slot, idOf(number))
  return { slot, compact: [...host(text), (1_000 + number) >> 8, (1_000 + number) & 0xff] }
}

const compactOf = (groups: PeerGroups, group: number, place: number): number[] => {
  const family = familyOf(group)
  const chosen = new Chosen()
  chosen.add(markOf(groups.positionOf(group, place), family))
  const bytes = new Uint8Array(family === 'ipv4' ? 6 : 18)
  groups.writeCompact(chosen, family, bytes, 0)
  return [...bytes]
}

/** Everything that can be asked of every group. */
const check = (groups: PeerGroups, lists: readonly (readonly { slot: number; compact: number[] }[])[]): void => {
  for (const [group, list] of lists.entries()) {
    assert.is(groups.sizeOf(group), list.length)
    for (const [place, { slot, compact }] of list.entries()) {
      assert.is(groups.slotAt(groups.positionOf(group, place), familyOf(group)), slot)
      assert.equal(compactOf(groups, group, place), compact)
    }
  }
}

test('peer groups: any comings and goings leave what plain lists have', () => {
  const step = fc.record({ group: fc.nat(2 * KINDS - 1), leave: fc.nat(2), chance: fc.nat(1_000) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const [table, groups] = [new PeerTable(1), new PeerGroups()]
      const lists = Array.from({ length: 2 * KINDS }, (): { slot: number; compact: number[] }[] => [])
      for (const [number, { group, leave, chance }] of steps.entries()) {
        const list = lists[group] ?? []
        if (leave === 0 && list.length > 0) {
          const place = chance % list.length
          const last = list.pop()
          assert.is(groups.remove(group, place), last?.slot)
          if (last !== undefined && place < list.length) list[place] = last
        } else {
          const peer = enter(table, group, number)
          assert.is(groups.add(group, table, peer.slot), list.length)
          list.push(peer)
        }
      }
      check(groups, lists)
    }),
    { numRuns: 60 },
  )
})

test('peer groups: crowds of many sizes come and go, and what moves for them stays whole', () => {
  const [table, groups, random] = [new PeerTable(1), new PeerGroups(), seeded(3)]
  const lists = Array.from({ length: 100 * KINDS }, (): { slot: number; compact: number[] }[] => [])
  let number = 0
  for (let round = 0; round < 6; round++) {
    for (const [group, list] of lists.entries()) {
      const wanted = random(10) === 0 ? random(200) : random(6)
      while (list.length < wanted) {
        const peer = enter(table, group, number++)
        groups.add(group, table, peer.slot)
        list.push(peer)
      }
      while (list.length > wanted) {
        groups.remove(group, list.length - 1)
        table.remove(list.pop()?.slot ?? -1)
      }
    }
    check(groups, lists)
  }
})

test('peer groups: the families of an answer are written apart, in the order of the answer', () => {
  const [table, groups, chosen] = [new PeerTable(1), new PeerGroups(), new Chosen()]
  const peers = [0, 2, 0, 2].map((group, number) => {
    const peer = enter(table, group, number)
    chosen.add(markOf(groups.positionOf(group, groups.add(group, table, peer.slot)), familyOf(group)))
    return peer.compact
  })
  const bytes = new Uint8Array(1 + 36)
  groups.writeCompact(chosen, 'ipv4', bytes, 1)
  assert.equal([...bytes.subarray(0, 13)], [0, ...(peers[0] ?? []), ...(peers[2] ?? [])])
  groups.writeCompact(chosen, 'ipv6', bytes, 1)
  assert.equal([...bytes], [0, ...(peers[1] ?? []), ...(peers[3] ?? [])])
})

test('peer groups: who is not there cannot be taken out', () => {
  assert.throws(() => new PeerGroups().remove(3, 0), /is there/)
})

test.run()
