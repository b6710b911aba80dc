"""What the gateway may hold at the very worst: every bound in bytes that has a name, for one configuration."""

from __future__ import annotations

import math
from collections.abc import Collection

import msgspec

from sluicegate.adapters.http.uploads import FREE
from sluicegate.adapters.identity.shelf import MAX_BYTES, MAX_ROWS
from sluicegate.adapters.providers.openai.media_events import MAX_BODY as PICTURES
from sluicegate.adapters.providers.openai.media_events import MAX_EVENT as PICTURE_EVENT
from sluicegate.adapters.providers.openai.unstreamed import MAX_BODY
from sluicegate.adapters.providers.spoken import MAX_BODY as SPEECH
from sluicegate.adapters.stores.memory import MAX_COUNTERS
from sluicegate.adapters.upstream.sse import MAX_EVENT, MAX_LINE
from sluicegate.pipeline.caller import Allowance
from sluicegate.pipeline.config.limit_sections import RateLimitSettings
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.config.store_settings import MEMORY
from sluicegate.stages.auth import AuthSettings
from sluicegate.stages.cache import RECORDING, CacheSettings
from sluicegate.stages.call import CallSettings
from sluicegate.stages.limit import MAX_REMEMBERED, LimitSettings
from sluicegate.stages.parts.keys import caller_of
from sluicegate.stages.parts.settlements import MAX_OWED
from sluicegate.stages.recall import RecallSettings

KEY = 500
"""Bytes of one key beside its document, measured."""
COUNTER = 300
"""Bytes of one counter with its key, measured."""
OWED = 1_000
"""Bytes of one settlement that waits for its store: 950 were measured with five windows."""
RULESET = 5_000
"""Bytes of what is kept ready-made for one caller: 3,400 were measured with three limits and a budget."""
ROW = 800
"""Bytes of one row of the ledger that waits to be written, with texts of the usual length, measured."""


def bounds(config: GatewayConfig) -> dict[str, int]:
    """Return the bytes that each thing may take, by its name. Their sum is the worst case.

    A body is held as it came and as it is sent on, with the conversation before it. An answer is whole, or a stream's
    held chunks with its unfinished event, a picture's among them, or with what came whole where a stream was asked for,
    such as speech in JSON: whichever is the most. While one is turned into another shape, as one at a time is, that is
    there besides.
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
        streamed = max(MAX_LINE + MAX_EVENT, 2 * PICTURE_EVENT, PICTURES, SPEECH, MAX_BODY)  # a line, and the event
        found["answers"] = server.max_in_flight * max(call.max_reply, streamed + call.commit_buffer)
    if isinstance(cache := stages.get("cache"), CacheSettings):
        found["cache"] = RECORDING + (cache.max_bytes if cache.store in here else 0)
    if isinstance(recall, RecallSettings) and recall.store in here:
        found["responses"] = recall.max_bytes
    if len(config.stores) >= len(here):
        from sluicegate.adapters.stores.redis.link import MAX_UNSENT  # redis-py takes 90 ms to import

        found["stores"] = (len(config.stores) + 1 - len(here)) * MAX_UNSENT
    if config.database.url:
        found["ledger rows"] = 3 * config.database.queue * ROW
    if isinstance(auth := stages.get("auth"), AuthSettings) and auth.enabled:
        found["keys"] = MAX_BYTES + MAX_ROWS * KEY
    if windows := _windows(config, stages, here):
        found["counters"] = len(windows) * MAX_COUNTERS * COUNTER
        found["limits"] = (MAX_OWED * OWED + MAX_REMEMBERED * RULESET) * 2
    return found


def _windows(config: GatewayConfig, stages: dict[str, msgspec.Struct], here: Collection[str]) -> set[float]:
    """Return the lengths of all windows that are counted in here, in seconds; those of budgets are infinite."""
    limits: list[RateLimitSettings] = []
    allowances: list[Allowance] = []
    if isinstance(call := stages.get("call"), CallSettings) and call.store in here:
        limits += [provider.rate_limit for provider in config.providers.values()]
    if isinstance(general := stages.get("limit"), LimitSettings) and general.store in here:
        limits += [general, general.user, general.team, *(model.rate_limit for model in config.models.values())]
        if isinstance(auth := stages.get("auth"), AuthSettings):
            allowances += [subject.allowance for key in auth.api_keys for subject in caller_of(key).subjects]
    windows: set[float] = set()
    for allowance in (*allowances, *(limit.allowance() for limit in limits)):
        for several in (allowance.requests, allowance.tokens, allowance.cost):
            windows |= {window for _, window in several or ()}
        if allowance.budgets:
            windows.add(math.inf)
    return windows
