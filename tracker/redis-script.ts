/**
 * The swarms of a tracker as a script that Redis runs: the rules of swarm.ts over the keys of a database.
 *
 * Strategy: each group of a swarm is a sorted set, its members `address, port, peer id` with the time at which they
 * expire, so that the oldest are first, and a peer of any rank is found in O(log n): a sample draws ranks. What is counted
 * of a swarm stands in one record, so that no set is asked for its size. `due` says when the first peer of each swarm
 * expires: each call clears away what is due, a bounded part of it. It may say so too early, and then is set right; so an
 * announce that only renews does not touch it. One script is run at a time, which is all that atomicity takes.
 */
import { LIMITS } from '../src/limits.js'

export interface RedisScriptSettings {
  /** What all keys begin with: letters, digits and `.:-_`. */
  readonly prefix: string
  readonly expiryMs: number
  readonly peersMax: number
  readonly swarmsMax: number
}

/** What the script's one argument begins with, followed by the time, or by this for that of the server. */
export const SERVER_TIME = -1
export const ANNOUNCE = 1
export const SCRAPE = 2
export const STATS = 3

/** Bits of an announce. */
export const SEED = 1
export const STOPPED = 2
export const COMPLETED = 4
export const WANTS_IPV4 = 8
export const WANTS_IPV6 = 16

/** One byte in place of an answer. */
export const FULL_OF_TORRENTS = 1
export const FULL_OF_PEERS = 2

/** Where ranks that are drawn one by one cost as much as the whole group. */
const WHOLE_GROUP_FACTOR = 8
/** Keys outlive their last peer by this: it expires within one time of expiry after the swarm was last looked through. */
const KEY_EXPIRIES = 3

export const redisScript = ({ prefix, expiryMs, peersMax, swarmsMax }: RedisScriptSettings): string => `
if redis.replicate_commands then redis.replicate_commands() end
local call, sub, byte = redis.call, string.sub, string.byte
local SWARMS, DUE, TOTALS = '${prefix}swarms', '${prefix}due', '${prefix}totals'
local KEY_MS, GLOBAL_MS = ${KEY_EXPIRIES * expiryMs}, ${KEY_EXPIRIES * expiryMs + LIMITS.trackerSwarmKeptMs}
local argument = ARGV[1]
local kind, now = struct.unpack('>Bd', argument)
if now < 0 then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local budget = ${LIMITS.trackerExpiredPerCallMax}
local peers, seeds = 0, 0

-- Groups: 1 leeches and 2 seeds over IPv4, 3 and 4 over IPv6.
local function group_key(swarm, group) return '${prefix}' .. group .. ':' .. swarm.hash end
local function peers_key(swarm) return '${prefix}p:' .. swarm.hash end
local function size(swarm) return swarm[1] + swarm[2] + swarm[3] + swarm[4] end

local function find(hash)
  local packed = call('HGET', SWARMS, hash)
  if not packed then return nil end
  local a, b, c, d, downloaded = struct.unpack('>I4I4I4I4d', packed)
  return { a, b, c, d, hash = hash, downloaded = downloaded, changed = false }
end

local function keep(swarm)
  if not swarm.changed then return end
  local packed = struct.pack('>I4I4I4I4d', swarm[1], swarm[2], swarm[3], swarm[4], swarm.downloaded)
  call('HSET', SWARMS, swarm.hash, packed)
  swarm.changed = false
end

local function count(swarm, group, more)
  if more == 0 then return end
  swarm[group] = swarm[group] + more
  swarm.changed = true
  peers = peers + more
  if group == 2 or group == 4 then seeds = seeds + more end
end

local function schedule(swarm, at)
  call('ZADD', DUE, at, swarm.hash)
  for _, key in ipairs({ SWARMS, DUE, TOTALS }) do call('PEXPIRE', key, GLOBAL_MS) end
end

local function forget(swarm)
  call('HDEL', SWARMS, swarm.hash)
  call('ZREM', DUE, swarm.hash)
end

-- Forgets a swarm without peers; one that was completed is kept for a while.
local function drop(swarm)
  if swarm.downloaded == 0 then return forget(swarm) end
  keep(swarm)
  schedule(swarm, now + ${LIMITS.trackerSwarmKeptMs})
end

-- Clears away who has expired, and says when the next will; finds out by the way what Redis itself has forgotten.
local function look_through(swarm)
  if size(swarm) == 0 then return forget(swarm) end
  local first
  for group = 1, 4 do
    if swarm[group] > 0 then
      local key = group_key(swarm, group)
      local gone = call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, budget)
      if #gone > 0 then
        budget = budget - #gone
        call('ZREM', key, unpack(gone))
        for at, member in ipairs(gone) do gone[at] = sub(member, 1, -21) end
        call('HDEL', peers_key(swarm), unpack(gone))
      end
      count(swarm, group, call('ZCARD', key) - swarm[group])
      call('PEXPIRE', key, KEY_MS)
      local oldest = tonumber(call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
      if oldest and (not first or oldest < first) then first = oldest end
    end
  end
  if not first then return drop(swarm) end
  call('PEXPIRE', peers_key(swarm), KEY_MS)
  keep(swarm)
  schedule(swarm, first)
  swarm.backlog = first <= now
end

-- True where there is more that is due than one call takes on.
local function clear()
  local due = call('ZRANGEBYSCORE', DUE, '-inf', now, 'LIMIT', 0, ${LIMITS.trackerStoreSwarmsPerCallMax})
  for _, hash in ipairs(due) do
    if budget <= 0 then return true end
    local swarm = find(hash)
    if swarm then look_through(swarm) else call('ZREM', DUE, hash) end
  end
  return budget <= 0 or #due == ${LIMITS.trackerStoreSwarmsPerCallMax}
end

-- The swarm of a hash, without those who have expired as far as the budget goes.
local function swarm_of(hash, more)
  local swarm = find(hash)
  if not swarm or not more then return swarm end
  local at = tonumber(call('ZSCORE', DUE, hash) or 0)
  if at > now then return swarm end
  budget = ${LIMITS.trackerExpiredPerCallMax}
  look_through(swarm)
  return find(hash) and swarm
end

local function finish(answer)
  if peers ~= 0 then call('HINCRBY', TOTALS, 'peers', peers) end
  if seeds ~= 0 then call('HINCRBY', TOTALS, 'seeds', seeds) end
  if peers ~= 0 then call('PEXPIRE', TOTALS, GLOBAL_MS) end
  return answer
end

local function counts(swarm)
  if not swarm then return struct.pack('>I4I4d', 0, 0, 0) end
  return struct.pack('>I4I4d', swarm[2] + swarm[4], swarm[1] + swarm[3], swarm.downloaded)
end

-- Ranks are drawn without repeating any, each as likely as any other; who asked, at whichever address, is passed over.
local function sample(swarm, id, flags, wanted, chance)
  local decks, left = {}, 0
  for family = 0, 1 do
    if bit.band(flags, family == 0 and ${WANTS_IPV4} or ${WANTS_IPV6}) ~= 0 then
      for group = family * 2 + 1, family * 2 + (bit.band(flags, ${SEED}) ~= 0 and 1 or 2) do
        local total = swarm[group]
        if total > 0 then
          local key, from = group_key(swarm, group), 0
          if swarm.backlog then from = call('ZCOUNT', key, '-inf', now) end
          local deck = { key = key, from = from, size = total - from, family = family, moved = {} }
          if deck.size <= ${WHOLE_GROUP_FACTOR} * wanted then deck.members = call('ZRANGE', key, from, -1) end
          decks[#decks + 1] = deck
          left = left + deck.size
        end
      end
    end
  end
  local chosen = { [0] = {}, [1] = {} }
  local random, has, draws = math.random, string.find, wanted + ${LIMITS.trackerSpareDrawsMax}
  math.randomseed(chance)
  while wanted > 0 and draws > 0 and left > 0 do
    local at, which = random(left), 1
    while at > decks[which].size do
      at = at - decks[which].size
      which = which + 1
    end
    -- The last takes the place of the one that is drawn.
    local deck = decks[which]
    local size, members, member = deck.size, deck.members, nil
    if members then
      member = members[at]
      members[at] = members[size]
    else
      local moved = deck.moved
      local rank = deck.from + (moved[at] or at) - 1
      moved[at] = moved[size] or size
      member = call('ZRANGE', deck.key, rank, rank)[1]
    end
    deck.size = size - 1
    left = left - 1
    draws = draws - 1
    if member and not has(member, id, -20, true) then
      local list = chosen[deck.family]
      list[#list + 1] = member
      wanted = wanted - 1
    end
  end
  return struct.pack('>I4', #chosen[0]) .. table.concat(chosen[0]) .. table.concat(chosen[1])
end

local function stop(swarm, address)
  if not swarm then return counts(nil) .. struct.pack('>I4', 0) end
  local known = call('HGET', peers_key(swarm), address)
  if known then
    local group = byte(known)
    call('HDEL', peers_key(swarm), address)
    count(swarm, group, -call('ZREM', group_key(swarm, group), address .. sub(known, 2)))
  end
  local answer = counts(swarm)
  if size(swarm) == 0 then drop(swarm) else keep(swarm) end
  return answer .. struct.pack('>I4', 0)
end

local function announce(more)
  local flags, wanted, chance, hash, id, at = struct.unpack('>BI4I4c20c20', argument, 10)
  local address = sub(argument, at)
  local swarm = swarm_of(hash, more)
  if bit.band(flags, ${STOPPED}) ~= 0 then return stop(swarm, address) end
  if not swarm then
    if call('HLEN', SWARMS) >= ${swarmsMax} then return string.char(${FULL_OF_TORRENTS}) end
    swarm = { 0, 0, 0, 0, hash = hash, downloaded = 0, changed = true }
  end
  local seed = bit.band(flags, ${SEED}) ~= 0
  local group = (#address == 6 and 1 or 3) + (seed and 1 or 0)
  local key, known_key = group_key(swarm, group), peers_key(swarm)
  local known = call('HGET', known_key, address)
  local record = string.char(group) .. id
  local was_seed = false
  local was_empty = size(swarm) == 0
  if known then
    local before = byte(known)
    was_seed = before == 2 or before == 4
    if known ~= record then
      count(swarm, before, -call('ZREM', group_key(swarm, before), address .. sub(known, 2)))
    end
  elseif tonumber(call('HGET', TOTALS, 'peers') or 0) + peers >= ${peersMax} then
    if was_empty and swarm.downloaded > 0 then drop(swarm) end
    return string.char(${FULL_OF_PEERS})
  end
  if known ~= record then call('HSET', known_key, address, record) end
  local was_small = swarm[group] == 0
  count(swarm, group, call('ZADD', key, now + ${expiryMs}, address .. id))
  if was_small then call('PEXPIRE', key, KEY_MS) end
  if bit.band(flags, ${COMPLETED}) ~= 0 and seed and not was_seed then
    swarm.downloaded = swarm.downloaded + 1
    swarm.changed = true
  end
  keep(swarm)
  if was_empty then
    call('PEXPIRE', known_key, KEY_MS)
    schedule(swarm, now + ${expiryMs})
  end
  return counts(swarm) .. sample(swarm, id, flags, wanted, chance)
end

local more = clear()
if kind == ${ANNOUNCE} then return finish(announce(more)) end
if kind == ${SCRAPE} then
  local answers = {}
  for at = 10, #argument, 20 do
    answers[#answers + 1] = counts(swarm_of(sub(argument, at, at + 19), more))
  end
  return finish(table.concat(answers))
end
finish()
local totals = call('HMGET', TOTALS, 'peers', 'seeds')
return struct.pack('>I4I4I4', call('HLEN', SWARMS), tonumber(totals[1] or 0), tonumber(totals[2] or 0))
`
