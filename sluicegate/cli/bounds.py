"""What the gateway may hold at the very worst: every bound in bytes that has a name, for one configuration."""

from __future__ import annotations

import msgspec

from sluicegate.adapters.http.uploads import FREE
from sluicegate.adapters.providers.openai.unstreamed import MAX_BODY
from sluicegate.adapters.stores.memory import MAX_COUNTERS
from sluicegate.adapters.upstream.sse import MAX_EVENT, MAX_LINE
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.config.store_settings import MEMORY
from sluicegate.stages.auth import AuthSettings
from sluicegate.stages.cache import RECORDING, CacheSettings
from sluicegate.stages.call import CallSettings
from sluicegate.stages.limit import LimitSettings
from sluicegate.stages.parts.keys import caller_of
from sluicegate.stages.recall import RecallSettings

COUNTER = 300
"""Bytes of one counter with its key, measured."""


def bounds(config: GatewayConfig) -> dict[str, int]:
    """Return the bytes that each thing may take, by its name. Their sum is the worst case.

    A body is held as it came and as it is sent on, with the conversation before it. An answer is whole, or a stream's
    held chunks and unfinished event, or one that came whole where a stream was asked for: whichever is the most.
    """
    server, stages = config.server, dict(config.stages)
    here = {MEMORY, *(name for name, store in config.stores.items() if not store.url)}
    recall = stages.get("recall")
    before = recall.max_entry if isinstance(recall, RecallSettings) else 0
    found = {
        "uploads": server.max_incoming + server.max_in_flight * FREE,
        "bodies": server.max_in_flight * (server.max_body + before) * 2,
    }
    if isinstance(call := stages.get("call"), CallSettings):
        answer = max(call.max_reply, MAX_LINE + MAX_EVENT + call.commit_buffer, MAX_BODY)
        found["answers"] = server.max_in_flight * answer
    if isinstance(cache := stages.get("cache"), CacheSettings):
        found["cache"] = RECORDING + (cache.max_bytes if cache.store in here else 0)
    if isinstance(recall, RecallSettings) and recall.store in here:
        found["responses"] = recall.max_bytes
    if len(config.stores) >= len(here):
        from sluicegate.adapters.stores.redis.link import MAX_UNSENT  # redis-py takes 90 ms to import

        found["stores"] = (len(config.stores) + 1 - len(here)) * MAX_UNSENT
    if windows := _windows(stages):
        found["counters"] = len(windows) * MAX_COUNTERS * COUNTER
    return found


def _windows(stages: dict[str, msgspec.Struct]) -> set[float]:
    """Return the lengths of all windows that requests are counted in, in seconds."""
    if not isinstance(limit := stages.get("limit"), LimitSettings):
        return set()
    windows = {rate.window for rate in limit.requests}
    if isinstance(auth := stages.get("auth"), AuthSettings):
        for key in auth.api_keys:
            for subject in caller_of(key).subjects:
                windows |= {window for _, window in subject.allowance.requests or ()}
    return windows
