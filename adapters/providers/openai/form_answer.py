"""Answers to operations with files: JSON, or a transcript as text in the form that was asked for."""

from __future__ import annotations

import math

import msgspec

from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.request import Request

from ..problem import problem_in
from .errors import ErrorTable
from .usage import read_usage
from .whole import AnswerReader

SPOKEN = frozenset({"transcription", "translation"})
"""The operations whose answer is a text."""
_AS_TEXT = frozenset({"text", "srt", "vtt"})
_SUBTITLES = frozenset({"application/x-subrip", "application/srt"})
_PLAIN = "text/plain; charset=utf-8"


class _Answer(msgspec.Struct):
    text: object = None
    data: object = None
    usage: object = None
    duration: object = None
    error: object = None


_decode = msgspec.json.Decoder(_Answer).decode


def read_form_answer(
    errors: ErrorTable, reader: AnswerReader, request: Request, head: UpstreamHead, body: bytes
) -> tuple[Reply, Usage | None]:
    """Return the reply that a complete answer means, as it came, and what it took.

    Raises:
        GatewayError: It is no answer to this request, or an error that came with a successful status.
    """
    media_type = head.media_type
    if asks_for_text(request) and not media_type.endswith("json"):
        plain = media_type in ("", "application/octet-stream", "text/plain", "text/vtt") or media_type in _SUBTITLES
        if not plain:
            raise errors.nonsense(f"is {media_type[:80]}, not a transcript")
        if not _is_text(body):
            raise errors.nonsense("is a transcript that is not UTF-8")
        given = head.headers.get("content-type", _PLAIN)
        return Reply(body=body, media_type=given if media_type.startswith("text/") else _PLAIN), None
    reader.check_type(head, body)
    try:
        if not body.isascii():
            body.decode()
        answer = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.nonsense("is not valid JSON" if body.strip() else "is empty") from error
    if answer.error:
        raise errors.in_band(problem_in({"error": answer.error}))
    if request.operation in SPOKEN and not isinstance(answer.text, str):
        raise errors.nonsense("has no text")
    if request.operation not in SPOKEN and not isinstance(answer.data, list):
        raise errors.nonsense("has no data")
    usage = usage_of(answer.usage, answer.duration)
    if request.operation not in SPOKEN and isinstance(answer.data, list):
        usage = usage or Usage()
        drawn = usage.image_output or usage.output
        usage = msgspec.structs.replace(usage, images=len(answer.data), image_output=drawn)
    return Reply(body=body), usage


def asks_for_text(request: Request) -> bool:
    """Say whether a transcript is wanted without JSON around it."""
    return request.operation in SPOKEN and getattr(request.typed, "response_format", None) in _AS_TEXT


def usage_of(usage: object, duration: object = None) -> Usage | None:
    """Return what an answer says that it took: tokens, or seconds of sound."""
    tokens = read_usage(usage)
    seconds = usage.get("seconds") if isinstance(usage, dict) else None
    for given in (seconds, duration):
        # Some servers write the duration as text.
        if isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given) and given > 0:
            return msgspec.structs.replace(tokens or Usage(), seconds=float(given))
    return tokens


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
