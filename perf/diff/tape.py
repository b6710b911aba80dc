"""What the upstreams of a recording answered, when, and how they failed.

A target answers a request as it did when that was recorded: the same attempt by attempt, and the last one again where
there are more now. One that was silent until a timeout is silent for ever, so that the timeouts of the configuration
that is tried decide. A target that was not asked then answers as the one that did; where none did, such as for an
answer from the cache, it takes as long as the middle one of all recorded answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from sluicegate.pipeline.errors import (
    GatewayError,
    InvalidRequest,
    StreamInterrupted,
    UpstreamBusy,
    UpstreamError,
    UpstreamRefused,
)
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.take import RecordedAttempt, Take

USUAL = 1.0
"""Seconds of an answer where the recording has none."""
_SILENT = re.compile(r"upstream_\w+_timeout")
_KINDS = (UpstreamBusy, UpstreamRefused, StreamInterrupted)


@dataclass(frozen=True, slots=True)
class Script:
    """One answer. Times are seconds after the call.

    Attributes:
        steps: What comes, and when; the head comes with the first of them.
        ends: When the answer ends, or fails.
        error: How it fails, or None.
        silent: Whether nothing comes any more after the steps, not even the end.
    """

    steps: tuple[tuple[float, bytes], ...]
    ends: float
    error: GatewayError | None = None
    silent: bool = False


class Tape:
    """The recorded answers.

    Args:
        takes: What was recorded. A request is known by its place among them.
    """

    def __init__(self, takes: Sequence[Take]) -> None:
        self.takes = takes
        answered = [one for take in takes if take.outcome == "ok" for one in take.attempts if one.code is None]
        took = [one.ended - one.started for one in answered if one.ended is not None]
        first = [one.first_content - one.started for one in answered if one.first_content is not None]
        self._usual = median(took) if took else USUAL
        self._usual_first = min(median(first), self._usual) if first else self._usual / 4

    def script(self, take: Take, target: str, number: int) -> Script:
        """Return how a target answers.

        Args:
            take: The request.
            target: As ``provider/model``.
            number: How often it has been asked before for this request.
        """
        tried = [one for one in take.attempts if one.target == target]
        answering = [one for one in take.attempts if one.code is None]
        if tried:
            return self._played(take, tried[min(number, len(tried) - 1)])
        if answering:
            return self._played(take, answering[-1])
        attempt = RecordedAttempt(target, 0.0, self._usual_first if take.stream else None, self._usual)
        return _well(take, attempt, self._usual)

    def _played(self, take: Take, attempt: RecordedAttempt) -> Script:
        ends = (attempt.ended if attempt.ended is not None else take.duration) - attempt.started
        code = attempt.code
        given_up = code is None and take.outcome == "cancelled"
        if code is None and not given_up:
            return _well(take, attempt, ends)
        begun = _chunks(take, attempt, ends) if attempt.first_content is not None else ()
        if given_up or code is None or _SILENT.fullmatch(code):
            return Script(begun, ends, silent=True)
        return Script(begun, ends, error=_error(code, take))


def usage_of(take: Take) -> Usage | None:
    """Return what a recorded answer has used, or None where nobody counted."""
    if not take.usage:
        return None
    known = {name: take.usage[name] for name in Usage.__struct_fields__ if name in take.usage}
    estimated = bool(known.pop("estimated", False))
    return Usage(**known, estimated=estimated)  # type: ignore[arg-type]  # by name, the values are of their kinds


def _well(take: Take, attempt: RecordedAttempt, ends: float) -> Script:
    if take.stream:
        return Script(_chunks(take, attempt, ends), ends)
    return Script(((ends, take.reply or _answer(take)),), ends)


def _chunks(take: Take, attempt: RecordedAttempt, ends: float) -> tuple[tuple[float, bytes], ...]:
    """Return the chunks of a stream as they were recorded, or one for its beginning where none were."""
    first = (attempt.first_content if attempt.first_content is not None else attempt.started + ends) - attempt.started
    recorded = [(max(0.0, chunk.at - attempt.started), chunk.size) for chunk in take.chunks]
    return tuple((at, _delta(size)) for at, size in recorded or [(first, 0)])


def _delta(size: int) -> bytes:
    """Return a chunk of about so many bytes."""
    frame = b'{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"%s"}}]}'
    return frame % (b"x" * max(1, size - len(frame) + 2))


def _answer(take: Take) -> bytes:
    """Return an answer with as many words as there were tokens."""
    if take.operation == "embedding":
        return b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.0]}]}'
    said = b" ".join([b"word"] * max(1, int(take.usage.get("output", 1))))
    choice = b'{"index":0,"message":{"role":"assistant","content":"%s"},"finish_reason":"stop"}' % said
    return b'{"object":"chat.completion","choices":[%s]}' % choice


def _error(code: str, take: Take) -> GatewayError:
    """Return an error that acts as the recorded one did. Of an attempt its code is known, of the whole its status."""
    message = f"the upstream failed as it did when this was recorded: {code}"
    for kind in _KINDS:
        if code == kind.code:
            return kind(message)
    if take.code != code:
        return UpstreamError(message, code=code)
    if 400 <= take.status < 500:
        return InvalidRequest(message, code=code, status=take.status)
    return UpstreamError(message, code=code, status=take.status)
