"""Requests and answers of callers who speak Gemini's API themselves: bytes pass through."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Chunk, ChunkKind, Usage
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas import GenerateRequest

from ...dialects.gemini.sealed import MARK
from ..reading import Malformed
from .errors import GoogleErrors
from .stream import FrameStream
from .tables import SENTINEL
from .wire import Frame, read_frame, read_usage

PASSED = frozenset({"generate", "count_generate"})
_IN_PATH = frozenset({"model", "stream"})
_SEALED = re.compile(rb'("thoughtSignature"\s*:\s*")' + MARK + rb'[A-Za-z0-9+/_=-]*"')


def passed_fields(fields: Mapping[str, msgspec.Raw], safety: Mapping[str, str]) -> dict[str, Any]:
    """Return the caller's fields as the API has them in its body.

    Signatures that are other models' own, sealed for a client, mean nothing here, and would have the request refused.

    Args:
        safety: Thresholds by category, for who names none.
    """
    found: dict[str, Any] = {name: value for name, value in fields.items() if name not in _IN_PATH}
    contents = bytes(found.get("contents", b""))
    if MARK in contents:
        found["contents"] = msgspec.Raw(_SEALED.sub(rb"\1" + SENTINEL.encode() + b'"', contents))
    if safety and "safetySettings" not in found:
        found["safetySettings"] = [{"category": name, "threshold": value} for name, value in safety.items()]
    return found


def choices_of(request: Request) -> int:
    """Return how many answers a request asks for."""
    typed = request.typed
    config = typed.generation_config if isinstance(typed, GenerateRequest) else None
    return (config.candidate_count if config is not None else None) or 1


def check_answer(errors: GoogleErrors, head: UpstreamHead, body: bytes) -> Usage | None:
    """Check a whole answer that passes through; return its tokens. That a prompt was blocked is an answer, too.

    Raises:
        GatewayError: It is none of this API's, or an error that came with a successful status.
    """
    errors.check_type(head, body)
    try:
        frame = read_frame(body)
        _refuse(frame, errors, body)
        if not frame.candidates and not _blocked(frame):
            raise Malformed("has no candidates")
    except Malformed as error:
        raise errors.nonsense(str(error)) from error
    return read_usage(frame.usage_metadata)


class PassedStream(FrameStream[Chunk]):
    """Gives each answer of a stream as it came. See `FrameStream` for its arguments."""

    @property
    def usage(self) -> Usage | None:
        """The tokens reported so far; each report is of all that came before it."""
        return self._usage

    def _take(self, data: bytes, items: list[Chunk]) -> None:
        frame = read_frame(data)
        _refuse(frame, self._errors, data)
        self._usage = read_usage(frame.usage_metadata) or self._usage
        if _blocked(frame):
            self._reasons.update(dict.fromkeys(range(self._choices), "SAFETY"))
        for candidate in frame.candidates or ():
            self._seen.add(candidate.index)
            if candidate.finish_reason:
                self._reasons[candidate.index] = candidate.finish_reason
        # Lines of one event are joined by newlines; a payload leaves as one line.
        items.append(Chunk(data.replace(b"\n", b" ") if b"\n" in data else data, _kind(frame)))


def _refuse(frame: Frame, errors: GoogleErrors, data: bytes) -> None:
    if frame.error:
        raise errors.read_in_band(data)


def _blocked(frame: Frame) -> bool:
    return not frame.candidates and frame.prompt_feedback is not None and bool(frame.prompt_feedback.block_reason)


def _kind(frame: Frame) -> ChunkKind:
    candidates = frame.candidates or ()
    if any(one.content is not None and one.content.parts for one in candidates):
        return ChunkKind.CONTENT
    if _blocked(frame) or any(one.finish_reason for one in candidates):
        return ChunkKind.FINISH
    return ChunkKind.HEAD
