"""Why an answer ended, in OpenAI's words."""

from __future__ import annotations

from ..openai.errors import ErrorTable
from ..problem import Problem, problem_in

OPENAIS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
_OTHERS = {
    "model_length": "length",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
    "safety": "content_filter",
}
_FAILURES = frozenset({"error", "insufficient_system_resource"})


def finish_of(choice: dict[str, object], errors: ErrorTable, *, called: bool) -> str | None:
    """Return a choice's reason to end, or None where it has none. Reasons that nobody knows mean that it just ended.

    Args:
        called: Whether tools have been called in it.

    Raises:
        GatewayError: The choice ended in an error.
    """
    given = choice.get("finish_reason")
    reason = str(given) if given else ""  # which may be no text at all
    if (error := choice.get("error")) or reason in _FAILURES:
        told = problem_in({"error": error}) if error else Problem("the answer ended in an error")
        raise errors.in_band(told)
    if not reason:
        return None
    if reason in OPENAIS:
        return reason
    return _OTHERS.get(reason, "tool_calls" if called else "stop")
