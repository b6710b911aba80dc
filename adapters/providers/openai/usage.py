"""Token counts, in any of the shapes that servers of OpenAI's API use."""

from __future__ import annotations

from sluicegate.pipeline.reply import Usage


def read_usage(found: object) -> Usage | None:
    """Return what a ``usage`` object says, or None if there is none or it says nothing that makes sense.

    Counts of a wrong type are taken as 0: an answer is not worth less because its accounts are wrong.

    Args:
        found: The decoded JSON value.
    """
    if not isinstance(found, dict):
        return None
    read = _count(found, "prompt_tokens", "input_tokens")
    wrote = _count(found, "completion_tokens", "output_tokens")
    if read == 0 and wrote == 0:
        return None
    into = found.get("prompt_tokens_details") or found.get("input_tokens_details")
    out = found.get("completion_tokens_details") or found.get("output_tokens_details")
    reasoning = _count(out, "reasoning_tokens")
    # xAI leaves reasoning out of completion_tokens; its total tells.
    if reasoning and _count(found, "total_tokens") == read + wrote + reasoning:
        wrote += reasoning
    return Usage(
        input=read,
        output=wrote,
        # The second name is DeepSeek's.
        cached=_count(into, "cached_tokens") or _count(found, "prompt_cache_hit_tokens"),
        cache_write=_count(into, "cache_write_tokens"),
        reasoning=reasoning,
    )


def read_total(found: object) -> Usage | None:
    """Return what a ``usage`` object says that knows nothing but a sum, as rerankers', who write no tokens."""
    total = _count(found, "total_tokens")
    return Usage(input=total) if total else None


def _count(found: object, *names: str) -> int:
    """Return the first count of these names that is there; some servers write it as ``3.0``."""
    if not isinstance(found, dict):
        return 0
    for name in names:
        value = found.get(name)
        if type(value) is int:
            return max(0, value)
        if type(value) is float and value.is_integer():
            return max(0, int(value))
    return 0
