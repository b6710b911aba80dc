"""Token counts, in any of the shapes that servers of OpenAI's API use."""

from __future__ import annotations

from typing import Any

from sluicegate.pipeline.config.kinds import NANOS
from sluicegate.pipeline.reply import Usage

Json = dict[str, Any]
_SORTS = frozenset({"audio_tokens", "image_tokens"})
PRICED_TIERS = ("flex", "priority", "fast")
_OTHERS = frozenset({"num_search_queries", "server_tool_use", "prompt_audio_seconds", "cost"})
MOST_DOLLARS = 1e6
"""No answer costs so much; a figure above says nothing."""


def read_usage(found: object, tier: object = None) -> Usage | None:
    """Return what a ``usage`` object says, or None if there is none or it says nothing that makes sense.

    Counts of a wrong type are taken as 0: an answer is not worth less because its accounts are wrong.

    Args:
        found: The decoded JSON value.
        tier: The answer's ``service_tier``.
    """
    if not isinstance(found, dict):
        return None
    read = _count(found, "prompt_tokens", "input_tokens")
    wrote = _count(found, "completion_tokens", "output_tokens")
    if read == 0 and wrote == 0:
        return None
    into = _details(found, "prompt_tokens_details", "input_tokens_details", "input_token_details")
    out = _details(found, "completion_tokens_details", "output_tokens_details", "output_token_details")
    reasoning = _count(out, "reasoning_tokens")
    # xAI leaves reasoning out of completion_tokens; its total tells.
    if reasoning and _count(found, "total_tokens") == read + wrote + reasoning:
        wrote += reasoning
    usage = Usage(
        input=read,
        output=wrote,
        # The second name is DeepSeek's.
        cached=_count(into, "cached_tokens") or _count(found, "prompt_cache_hit_tokens"),
        cache_write=_count(into, "cache_write_tokens"),
        reasoning=reasoning,
    )
    # Most answers have none of these, and each look costs something.
    if not (_SORTS.isdisjoint(into) and _SORTS.isdisjoint(out)):
        _count_sorts(usage, into, out)
    if tier in PRICED_TIERS:
        usage.tier = str(tier)
    if not _OTHERS.isdisjoint(found):
        _count_others(usage, found)
    return usage


def _count_sorts(usage: Usage, into: Json, out: Json) -> None:
    """Add which of the tokens are sound, and which are images."""
    if not any(details.get(name) for details in (into, out) for name in _SORTS):
        return
    usage.audio_input = min(usage.input, _count(into, "audio_tokens"))
    usage.image_input = min(usage.input - usage.audio_input, _count(into, "image_tokens"))
    usage.audio_output = min(usage.output, _count(out, "audio_tokens"))
    usage.image_output = min(usage.output - usage.audio_output, _count(out, "image_tokens"))
    cached = into.get("cached_tokens_details")
    if usage.cached and isinstance(cached, dict):
        usage.audio_cached = min(usage.cached, usage.audio_input, _count(cached, "audio_tokens"))
        left = usage.cached - usage.audio_cached
        usage.image_cached = min(left, usage.image_input, _count(cached, "image_tokens"))


def _count_others(usage: Usage, found: Json) -> None:
    """Add what is no token: searches by Perplexity's name and OpenRouter's, seconds of sound by Mistral's, dollars."""
    tools = found.get("server_tool_use")
    usage.searches = _count(found, "num_search_queries") or _count(tools, "web_search_requests")
    usage.seconds = float(_count(found, "prompt_audio_seconds"))
    usage.charged = _charged(found.get("cost"))


def _details(found: Json, first: str, *others: str) -> Json:
    """Return the details of a count by the first name under which there are any."""
    details = found.get(first)
    if not isinstance(details, dict):
        details = next((one for name in others if isinstance(one := found.get(name), dict)), {})
    return details


def _charged(cost: object) -> int | None:
    """Return the nano-dollars that a server says it charges: OpenRouter by a number, Perplexity by one inside."""
    if isinstance(cost, dict):
        cost = cost.get("total_cost")
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < MOST_DOLLARS:
        return None
    return round(cost * NANOS)


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
