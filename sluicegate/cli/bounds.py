"""What the gateway may hold at the very worst: every bound in bytes that has a name, for one configuration."""

from __future__ import annotations

import msgspec

from sluicegate.adapters.http.uploads import FREE
from sluicegate.adapters.providers.openai.media_events import MAX_BODY as PICTURES
from sluicegate.adapters.providers.openai.media_events import MAX_EVENT as PICTURE_EVENT
from sluicegate.adapters.providers.openai.unstreamed import MAX_BODY
from sluicegate.adapters.providers.spoken import MAX_BODY as SPEECH
from sluicegate.adapters.stores.memory import MAX_COUNTERS
from sluicegate.adapters.upstream.sse import MAX_EVENT, MAX_LINE
from sluicegate.pipeline.config.sections import GatewayConfig
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
    held chunks with its unfinished event, a picture's among them, or with what came whole where a stream was asked for,
    such as speech in JSON: whichever is the most. While one is turned into another shape, as one at a time is, that is
    there besides.
    """
    server, stages = config.server, dict(config.stages)
    recall = stages.get("recall")
    before = recall.max_entry if isinstance(recall, RecallSettings) else 0
    found = {
        "uploads": server.max_incoming + server.max_in_flight * FREE,
        "bodies": server.max_in_flight * (server.max_body + before) * 2,
    }
    if isinstance(call := stages.get("call"), CallSettings):
        streamed = max(MAX_LINE + MAX_EVENT, 2 * PICTURE_EVENT, PICTURES, SPEECH, MAX_BODY)  # a line, and the event
        found["answers"] = server.max_in_flight * max(call.max_reply, streamed + call.commit_buffer)
    if isinstance(cache := stages.get("cache"), CacheSettings):
        found["cache"] = cache.max_bytes + RECORDING
    if isinstance(recall, RecallSettings):
        found["responses"] = recall.max_bytes
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
            windows |= {window for _, window in caller_of(key).requests or ()}
    return windows
