"""What Cohere's answers and events are made of, as far as it is read."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec

from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.form.answer import Finish
from sluicegate.pipeline.reply import Usage

from ..openai.errors import ErrorTable
from ..problem import Problem
from ..reading import Malformed, count_in, text_of

FINISHES: dict[str, Finish] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter",
}
FAILED = frozenset({"ERROR", "TIMEOUT"})
"""Reasons that say that there is no answer."""


class Function(msgspec.Struct, frozen=True):
    """What is called. ``arguments`` is text, spelled as the model wrote it."""

    name: str = ""
    arguments: str = ""


class Call(msgspec.Struct):
    """A call, or more of one."""

    id: str = ""
    function: Function = Function()


class Logprob(msgspec.Struct):
    """How likely a piece of the text was: a figure for each of its tokens."""

    text: str | None = None
    logprobs: list[float] | None = None


class Part(msgspec.Struct):
    """A piece of what is said: one of its fields is there."""

    text: str | None = None
    thinking: str | None = None


def finish_of(reason: object, errors: ErrorTable, told: object = None) -> Finish:
    """Return why an answer ended. Raises GatewayError where it failed.

    Args:
        reason: As Cohere says it.
        errors: Maps the failure.
        told: What is said of it.
    """
    if told or text_of(reason) in FAILED:
        raise failure(text_of(told) or f"it failed with {text_of(reason)}", errors)
    return FINISHES.get(text_of(reason), "stop")


def failure(message: str, errors: ErrorTable) -> GatewayError:
    """Return the error for a failure that came with a successful status."""
    return errors.in_band(Problem(message))


def usage_of(found: object) -> Usage | None:
    """Return the tokens that the model read and wrote, and how many of them are not billed, such as its template's."""
    if not isinstance(found, dict):
        return None
    tokens, billed = found.get("tokens"), found.get("billed_units")
    if not isinstance(tokens, dict):
        tokens = billed
    if not isinstance(tokens, dict):
        return None
    read, wrote = count_in(tokens, "input_tokens"), count_in(tokens, "output_tokens")
    if not read and not wrote:
        return None
    usage = Usage(input=read, output=wrote, cached=min(read, count_in(found, "cached_tokens")))
    # Without a figure nobody has said that it is none.
    if isinstance(billed, dict) and (paid := count_in(billed, "input_tokens")):
        usage.unbilled_input = max(0, read - usage.cached - paid)
    if isinstance(billed, dict) and (paid := count_in(billed, "output_tokens")):
        usage.unbilled_output = max(0, wrote - paid)
    return usage


def logprobs_of(found: Iterable[Logprob] | None) -> dict[str, Any] | None:
    """Return logprobs as OpenAI has them, or None where there are none.

    A piece of several tokens stands as one: the text of each is not told, and their figures add up to its own.
    """
    content = [
        {
            "token": piece.text,
            "logprob": math.fsum(piece.logprobs),
            "bytes": list(piece.text.encode("utf-8", "surrogatepass")),
            "top_logprobs": [],
        }
        for piece in found or ()
        if piece.text and piece.logprobs
    ]
    return {"content": content, "refusal": None} if content else None


def citations_of(found: Any) -> list[dict[str, Any]]:
    """Return where a stretch of the text comes from, one for each source that says where it is."""
    if not isinstance(found, dict):
        return []
    sources = found.get("sources")
    made = []
    for source in sources if isinstance(sources, list) else ():
        document = source.get("document") if isinstance(source, dict) else None
        named = document if isinstance(document, dict) else {}
        where = {name: named[name] for name in ("url", "title") if isinstance(named.get(name), str)}
        if where:
            made.append({**where, "cited_text": text_of(found.get("text"))})
    return made


def named_call(call: Call) -> Call:
    """Return the beginning of a call. Raises Malformed where it lacks what it is known by."""
    if not call.function.name or not call.id:
        raise Malformed("has a call of a tool without a name or an id")
    return call
