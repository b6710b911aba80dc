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
    digest = blake2b(digest_size=24)

    def add(part: bytes | memoryview) -> None:
        # The length goes before, or two parts could be divided otherwise and look the same.
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)

    for text in (exchange.caller.tenant, request.operation, request.dialect, "stream" if request.stream else "plain"):
        add(text.encode("utf-8", "surrogatepass"))
    for header in VARYING:
        add(request.headers.get(header, "").encode("utf-8", "surrogatepass"))
    for name in sorted(request.fields.keys() - WITHOUT_EFFECT):
        add(name.encode("utf-8", "surrogatepass"))
        add(memoryview(request.fields[name]))  # not copied: it may be large
    return digest.hexdigest()
