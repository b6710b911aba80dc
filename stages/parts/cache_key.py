"""What one cached answer is found by: everything that may change it, and whose it is."""

from __future__ import annotations

from hashlib import blake2b

from sluicegate.pipeline.exchange import Exchange

WITHOUT_EFFECT = frozenset(
    {"prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "stream"}
)
"""Fields that steer a provider's own caching or name the end user to its abuse checks, and change no answer:
https://platform.openai.com/docs/api-reference/chat/create. ``stream`` stands in the key on its own, since leaving it
out means false. All other fields count, also those nobody here knows."""
VARYING = ("anthropic-beta", "anthropic-version", "openai-beta")
"""Request headers that may change the answer."""


def cache_key(exchange: Exchange) -> str:
    """Return the key under which the answer to this exchange is kept.

    The fields are taken in order of their names, their values as the caller spelled them: two spellings of one request
    have two keys, which costs a miss and never a wrong answer.
    """
    request = exchange.request
    names = sorted(request.fields.keys() - WITHOUT_EFFECT)
    values = [memoryview(request.fields[name]) for name in names]
    sent = [request.headers.get(header, "") for header in VARYING]
    sizes = [len(value) for value in values]
    # The sizes go before, or two lists of values could be divided otherwise and look the same.
    told = (
        exchange.caller.tenant,
        request.operation,
        request.dialect,
        request.stream,
        sent,
        names,
        sizes,
        request.hints,
    )
    digest = blake2b(repr(told).encode(), digest_size=24)
    digest.update(b"".join(values))
    return digest.hexdigest()
