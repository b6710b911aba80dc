"""The scripts that Redis runs for the store: each is one round trip, and nothing else runs meanwhile.

They keep what `windows.py` says, in Lua. A counter is its bucket, its count and that of the bucket before, packed; it
lasts for as long as it weighs. A counter without end (``seconds`` 0) is in bucket 0 for ever: where it is seeded it
lasts for `IDLE` after its last hit, since its base can be told again, and otherwise until somebody deletes it. A
slot is a sorted set of its owners, by the time at which they lose it. Numbers are doubles, exact up to 9,007 trillion:
nine million dollars.

Time is the server's own, so that all machines agree. https://redis.io/docs/latest/develop/programmability/eval-intro/
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from redis.exceptions import NoScriptError

from sluicegate.adapters.stores.windows import IDLE, TOLERANCE

from .commands import Commands

SERVER_TIME = "local t = redis.call('TIME'); local now = t[1] + t[2] / 1000000"
"""Sets ``now``, in seconds since the epoch."""

_COUNTER = """
local function look(key, seconds)
  local packed = redis.call('GET', key)
  local bucket = seconds > 0 and math.floor(now / seconds) or 0
  if not packed then return nil, {bucket, 0, 0} end
  local b, c, p = cmsgpack.unpack(packed)
  if bucket > b then
    p = bucket == b + 1 and c or 0
    c, b = 0, bucket
  end
  return true, {b, c, p}
end
local function write(key, state, seconds, seeded)
  local packed = cmsgpack.pack(state[1], state[2], state[3])
  if seconds > 0 then
    redis.call('SET', key, packed, 'EX', math.ceil(seconds * 2) + 1)
  elseif seeded then
    redis.call('SET', key, packed, 'EX', IDLE)
  else
    redis.call('SET', key, packed)
  end
end
"""

# ARGV, for each window: the place of its key in KEYS, count, seconds, amount, seeded.
# It returns: what became of it (1 counted, 0 refused, -1 seeds are missing), the time, and the state of each key.
HIT = (
    _COUNTER
    + """
local states, there, done = {}, {}, 1
for at = 1, #ARGV, 5 do
  local key, count, seconds = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local amount, seeded = tonumber(ARGV[at + 3]), ARGV[at + 4] == '1'
  if not states[key] then there[key], states[key] = look(KEYS[key], seconds) end
  local state = states[key]
  local room = count - state[2]
  if state[3] > 0 then room = room - state[3] * (1 - (now % seconds) / seconds) end
  if seeded and not there[key] then
    done = -1
  elseif amount > room + TOLERANCE and done == 1 then
    done = 0
  end
end
if done == 1 then
  local counted = {}
  for at = 1, #ARGV, 5 do
    local key = tonumber(ARGV[at])
    if not counted[key] then
      counted[key] = true
      states[key][2] = states[key][2] + tonumber(ARGV[at + 3])
      write(KEYS[key], states[key], tonumber(ARGV[at + 2]), ARGV[at + 4] == '1')
    end
  end
end
local told = {done, string.format('%.6f', now)}
for key = 1, #KEYS do
  local state = states[key]
  told[#told + 1] = there[key] and 1 or 0
  for part = 1, 3 do told[#told + 1] = state[part] end
end
return told
"""
)

# ARGV: when it was hit, and for each key: seconds, change.
ADJUST = (
    _COUNTER
    + """
local hit = tonumber(ARGV[1])
for key = 1, #KEYS do
  local seconds, change = tonumber(ARGV[key * 2]), tonumber(ARGV[key * 2 + 1])
  local there, state = look(KEYS[key], seconds)
  if there then
    local age = state[1] - (seconds > 0 and math.floor(hit / seconds) or 0)
    if age == 0 or age == 1 then
      state[age + 2] = math.max(0, state[age + 2] + change)
      redis.call('SET', KEYS[key], cmsgpack.pack(state[1], state[2], state[3]), 'KEEPTTL')
    end
  end
end
"""
)

# ARGV: seconds, amount.
SEED = (
    _COUNTER
    + """
local seconds = tonumber(ARGV[1])
local there, state = look(KEYS[1], seconds)
if not there then
  state[2] = tonumber(ARGV[2])
  write(KEYS[1], state, seconds, true)
end
"""
)

# ARGV: the owner, the seconds for which it holds, and the count of each key. It returns the place of a full one, or 0.
HOLD = """
local owner, ttl = ARGV[1], tonumber(ARGV[2])
for key = 1, #KEYS do
  redis.call('ZREMRANGEBYSCORE', KEYS[key], '-inf', string.format('%.6f', now))
  local held = redis.call('ZSCORE', KEYS[key], owner)
  if not held and redis.call('ZCARD', KEYS[key]) >= tonumber(ARGV[key + 2]) then return key end
end
for key = 1, #KEYS do
  redis.call('ZADD', KEYS[key], string.format('%.6f', now + ttl), owner)
  -- As long as the last of its owners; those that are over go at the next look.
  local last = redis.call('ZRANGE', KEYS[key], -1, -1, 'WITHSCORES')[2]
  redis.call('PEXPIRE', KEYS[key], string.format('%.0f', math.ceil((last - now) * 1000) + 1000))
end
return 0
"""

RELEASE = "for key = 1, #KEYS do redis.call('ZREM', KEYS[key], ARGV[1]) end"


@dataclass(frozen=True, slots=True)
class Script:
    """A script, and the name that Redis knows it by once it has seen it."""

    text: str
    sha: str

    @classmethod
    def of(cls, body: str, clock: str) -> Script:
        """Return a script that begins with what tells the time."""
        text = f"local IDLE, TOLERANCE = {IDLE}, {TOLERANCE:.6f}\n{clock}\n{body}"
        return cls(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())

    async def run(self, commands: Commands, keys: list[str], arguments: list[str | int | float]) -> object:
        """Run it, and send its text where the server has never seen it, or has forgotten it. A checkpoint."""
        try:
            return await commands.evalsha(self.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return await commands.eval(self.text, len(keys), *keys, *arguments)
