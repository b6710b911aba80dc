"""The little that must be read of a chunk to know what it carries. Types are loose where servers differ."""

from __future__ import annotations

import msgspec

from ..problem import Problem, problem_in
from ..reading import Malformed


class Delta(msgspec.Struct):
    """What one chunk adds to an answer. Anything but null and empty counts as content."""

    content: object = None
    tool_calls: object = None
    reasoning_content: object = None
    reasoning: object = None
    refusal: object = None
    audio: object = None
    function_call: object = None


class Choice(msgspec.Struct):
    """One of the answers. ``text`` is the delta of the older completions."""

    index: int | None = 0
    delta: Delta | None = None
    text: object = None
    finish_reason: object = None

    def has_content(self) -> bool:
        """Say whether it adds something that a client would show or act upon."""
        delta = self.delta
        if delta is None:
            return bool(self.text)
        return bool(
            delta.content
            or delta.tool_calls
            or delta.reasoning_content
            or delta.reasoning
            or delta.refusal
            or delta.audio
            or delta.function_call
        )


class OpenAIChunk(msgspec.Struct):
    """One event of a stream. The fields after ``error`` are how some servers write an error."""

    choices: list[Choice] | None = None
    usage: object = None
    service_tier: object = None
    error: object = None
    kind: object = msgspec.field(name="object", default=None)
    message: object = None
    detail: object = None
    code: object = None
    type: object = None
    param: object = None

    def problem(self) -> Problem | None:
        """Return the error that this is, if it is one without the usual ``error``."""
        if self.kind == "error" or self.message or self.detail:
            return problem_in(msgspec.structs.asdict(self))
        return None


_decode = msgspec.json.Decoder(OpenAIChunk).decode


def read_chunk(data: bytes) -> OpenAIChunk:
    """Return what a chunk says.

    Raises:
        Malformed: It is not JSON, not an object, or has another shape.
    """
    try:
        if not data.isascii():
            data.decode()  # what is not read is not checked, and would break the client
        return _decode(data)
    except msgspec.ValidationError as error:
        raise Malformed(f"not of its API ({error})") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed("not JSON") from error
    except RecursionError as error:
        raise Malformed("nested too deeply") from error
