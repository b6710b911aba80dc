"""Usage and logprobs by other shapes than OpenAI's."""

from __future__ import annotations

Json = dict[str, object]


def mend_usage(usage: object) -> object:
    """Return usage with its sum, and with the count of reasoning where clients look for it."""
    if not isinstance(usage, dict):
        return usage
    reasoning = usage.get("reasoning_tokens")
    if isinstance(reasoning, int) and reasoning > 0 and not usage.get("completion_tokens_details"):
        usage = {**usage, "completion_tokens_details": {"reasoning_tokens": reasoning}}
    counts = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
    if "total_tokens" not in usage and isinstance(counts[0], int) and isinstance(counts[1], int):
        usage = {**usage, "total_tokens": counts[0] + counts[1]}
    return usage


def mend_logprobs(found: object, text: object) -> object:
    """Return the logprobs of a choice in OpenAI's present form.

    Args:
        found: One number for one token, or lists as the older completions have them.
        text: What the choice says, which is the token where there is one.
    """
    if isinstance(found, int | float) and not isinstance(found, bool):
        return {"content": [_token(text if isinstance(text, str) else "", found)]}
    if not isinstance(found, dict) or not isinstance(tokens := found.get("tokens"), list):
        return found
    numbers = found.get("token_logprobs")
    others = found.get("top_logprobs")
    rows = []
    for place, token in enumerate(tokens):
        row = _token(str(token), _at(numbers, place))
        top = _at(others, place)
        if isinstance(top, dict):
            row["top_logprobs"] = [{"token": str(name), "logprob": value, "bytes": None} for name, value in top.items()]
        rows.append(row)
    return {"content": rows}


def _token(token: str, logprob: object) -> Json:
    number = logprob if isinstance(logprob, int | float) else 0.0
    return {"token": token, "logprob": number, "bytes": None, "top_logprobs": []}


def _at(values: object, place: int) -> object:
    return values[place] if isinstance(values, list) and place < len(values) else None
