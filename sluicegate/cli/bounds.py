"""What the gateway may hold at the very worst: every bound in bytes that has a name, for one configuration."""

from __future__ import annotations

import msgspec

from sluicegate.adapters.http.uploads import FREE
from sluicegate.adapters.identity.shelf import MAX_BYTES, MAX_ROWS
from sluicegate.adapters.providers.openai.unstreamed import MAX_BODY
from sluicegate.adapters.stores.memory import MAX_COUNTERS
from sluicegate.adapters.upstream.sse import MAX_EVENT, MAX_LINE
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.stages.auth import AuthSettings
from sluicegate.stages.cache import RECORDING, CacheSettings
from sluicegate.stages.call import CallSettings
from sluicegate.stages.limit import LimitSettings
from sluicegate.stages.parts.keys import caller_of
from sluicegate.stages.recall import RecallSettings

KEY = 500
"""Bytes of one key beside its document, measured."""
COUNTER = 300
"""Bytes of one counter with its key, measured."""
ROW = 800
"""Bytes of one row of the ledger that waits to be written, with texts of the usual length, measured."""


def bounds(config: GatewayConfig) -> dict[str, int]:
    """Return the bytes that each thing may take, by its name. Their sum is the worst case.

    A body is held as it came and as it is sent on, with the conversation before it. An answer is whole, or a stream's
    held chunks and unfinished event, or one that came whole where a stream was asked for: whichever is the most.
    """
    server, stages = config.server, dict(config.stages)
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
        found["cache"] = cache.max_bytes + RECORDING
    if isinstance(recall, RecallSettings):
        found["responses"] = recall.max_bytes
    if config.database.url:
        found["ledger rows"] = 3 * config.database.queue * ROW
    if isinstance(auth := stages.get("auth"), AuthSettings) and auth.enabled:
        found["keys"] = MAX_BYTES + MAX_ROWS * KEY
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
