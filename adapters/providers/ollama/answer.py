"""An answer of Ollama's, whole or a line of a stream: they have one shape."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec

from sluicegate.pipeline.form.answer import Answer, Choice, Finish
from sluicegate.pipeline.form.blocks import Block, Text, Thinking, ToolCall
from sluicegate.pipeline.reply import Usage

from ..openai.errors import ErrorTable
from ..problem import problem_in
from ..reading import Malformed, count_in, read_json, text_of

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_SECONDS = len("2026-01-01T00:00:00")


class Function(msgspec.Struct):
    """What is called. ``arguments`` keep the model's spelling."""

    name: str = ""
    arguments: msgspec.Raw = msgspec.Raw(b"{}")


class Call(msgspec.Struct):
    """A call. Servers before 0.12 give it no id."""

    function: Function
    id: str | None = None


class Message(msgspec.Struct):
    """What is said."""

    content: str | None = None
    thinking: str | None = None
    tool_calls: list[Call] | None = None


class Frame(msgspec.Struct):
    """A whole answer, or one line of a stream."""

    message: Message | None = None
    model: object = None
    created_at: object = None
    done: object = False
    done_reason: object = None
    prompt_eval_count: object = None
    eval_count: object = None
    logprobs: Any = None
    error: object = None


_decode = msgspec.json.Decoder(Frame).decode


def read_frame(data: bytes, errors: ErrorTable) -> Frame:
    """Return an answer or a line. Raises Malformed, or GatewayError for an error in its place."""
    frame = read_json(_decode, data)
    if frame.error:
        raise errors.in_band(problem_in({"error": frame.error}))
    return frame


def read_answer(data: bytes, errors: ErrorTable) -> Answer:
    """Return what a whole answer says. Raises as `read_frame`."""
    frame = read_frame(data, errors)
    if frame.message is None:
        raise Malformed("has no message")
    calls = calls_of(frame.message)
    blocks: list[Block] = [Thinking(frame.message.thinking)] if frame.message.thinking else []
    if frame.message.content or not calls:
        blocks.append(Text(frame.message.content or ""))
    choice = Choice((*blocks, *calls), finish_of(frame, called=bool(calls)), logprobs=logprobs_of(frame.logprobs))
    return Answer(
        model=text_of(frame.model), created=seconds_of(frame.created_at), choices=(choice,), usage=usage_of(frame)
    )


def calls_of(message: Message) -> list[ToolCall]:
    """Return the calls that a message makes. Raises Malformed."""
    found = []
    for call in message.tool_calls or ():
        if not call.function.name:
            raise Malformed("has a call of a tool without a name")
        found.append(ToolCall(call.id or f"call_{uuid4().hex}", call.function.name, _arguments(call)))
    if len({call.id for call in found}) < len(found):
        raise Malformed("has two calls of one id")
    return found


def finish_of(frame: Frame, *, called: bool) -> Finish:
    """Return why an answer ended: Ollama says ``stop`` also where tools are to be called."""
    if called:
        return "tool_calls"
    return "length" if frame.done_reason == "length" else "stop"


def usage_of(frame: Frame) -> Usage | None:
    """Return the tokens; None where those of the prompt are not told, which is so when it was found in a cache."""
    counts = {"read": frame.prompt_eval_count, "wrote": frame.eval_count}
    read = count_in(counts, "read")
    return Usage(input=read, output=count_in(counts, "wrote")) if read else None


def seconds_of(created: object) -> int:
    """Return the seconds since the epoch of a date with nanoseconds, or 0."""
    if not isinstance(created, str):
        return 0
    try:
        whole = datetime.fromisoformat(created[:_SECONDS])
    except ValueError:
        return 0
    return int(whole.replace(tzinfo=UTC).timestamp())


def logprobs_of(found: Any) -> dict[str, Any] | None:
    """Return logprobs as OpenAI has them, or None."""
    if not isinstance(found, list) or not found:
        return None
    content = []
    for token in found:
        others = token.get("top_logprobs") if isinstance(token, dict) else None
        alternatives = [_token(other) for other in others] if isinstance(others, list) else []
        content.append({**_token(token), "top_logprobs": alternatives})
    return {"content": content, "refusal": None}


def _token(found: Any) -> dict[str, Any]:
    fields = found if isinstance(found, dict) else {}
    token, value = text_of(fields.get("token")), fields.get("logprob", 0.0)
    logprob = float(value) if isinstance(value, int | float) else 0.0
    return {"token": token, "logprob": logprob, "bytes": list(token.encode("utf-8", "surrogatepass"))}


def _arguments(call: Call) -> str:
    """Return a call's arguments in one line. Raises Malformed where they are no object."""
    raw = bytes(call.function.arguments)
    if raw == b"null":
        return "{}"
    read_json(_object, raw)
    return (msgspec.json.format(raw, indent=-1) if b"\n" in raw else raw).decode()
