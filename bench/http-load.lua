-- For wrk: announces of 60 peers each of 1,000 swarms, drawn by chance; those that udp-load.c announces.
-- It ends in a line of JSON: {"requests":N,"failed":N,"seconds":S,"bytes":B}, where B are the bytes of a response.
local SWARMS, PEERS, SPREAD = 1000, 60, 2654435761
math.randomseed(7)

local function encoded(value, bytes)
  local text = ""
  for _ = 1, bytes do
    text = string.format("%%%02x", value % 256) .. text
    value = math.floor(value / 256)
  end
  return text
end

local hashes = {}
for swarm = 0, SWARMS - 1 do hashes[swarm] = string.rep(encoded((swarm + 1) * SPREAD % 4294967296, 4), 5) end

request = function()
  local swarm, peer = math.random(0, SWARMS - 1), math.random(0, PEERS - 1)
  local id = "-XX0001-" .. encoded(0, 4) .. encoded((swarm * PEERS + peer + 1) * SPREAD, 8)
  return wrk.format("GET", "/announce?info_hash=" .. hashes[swarm] .. "&peer_id=" .. id .. "&port=" .. (1025 + peer)
    .. "&uploaded=0&downloaded=0&left=1000&compact=1&numwant=50")
end

done = function(summary)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('{"requests":%d,"failed":%d,"seconds":%.3f,"bytes":%d}', summary.requests, failed,
    summary.duration / 1e6, summary.bytes / math.max(summary.requests, 1)))
end
