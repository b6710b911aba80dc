"""From an exchange that has ended to what is recorded of it, without any key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from sluicegate.pipeline.exchange import Attempt, Exchange
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.take import RecordedAttempt, RecordedChunk, Take

from .account import account
from .redaction import Redaction

TIMEOUT = "x-sluicegate-timeout"
KEPT_HEADERS = (TIMEOUT, "cache-control", "anthropic-version", "anthropic-beta")
"""Headers that change what happens. No other is kept: any of them may hold what is somebody's own."""

ALWAYS = ("input", "output", "cached", "cache_write", "reasoning")
"""What is told of each usage; the rest only where there is some."""

Keep = Callable[[bytes], bytes]
"""Returns as much of a body as is to be kept."""


def take_of(exchange: Exchange, chunks: Iterable[RecordedChunk], keep: Keep, *, answers: bool) -> Take:
    """Return the take of an exchange that has ended. Its arrival is left to the recorder.

    Args:
        exchange: It must have ended.
        chunks: Those of its stream.
        keep: What becomes of bodies, and of the data of chunks.
        answers: Whether to keep a plain answer.
    """
    request, reply, plan = exchange.request, exchange.reply, exchange.plan
    clean = _Cleaner(exchange)
    figures = account(exchange)
    return Take(
        arrival=0.0,
        operation=request.operation,
        model=clean.text(request.model),
        stream=request.stream,
        body=clean.data(keep(request.body)),
        headers={name: clean.text(value) for name, value in _headers(exchange)},
        tenant=exchange.caller.tenant,
        key=exchange.caller.key_name,
        plan=tuple(clean.text(str(target)) for target in plan.targets) if plan is not None else (),
        strategy=plan.strategy if plan is not None else "",
        attempts=tuple(_attempt(one, exchange.started, clean) for one in exchange.attempts),
        notes={name: clean.text(value) for name, value in exchange.notes.items()},
        outcome=exchange.outcome.name.lower() if exchange.outcome is not None else "",
        status=figures.status,
        code=clean.text(exchange.error.code) if exchange.error is not None else None,
        usage=_usage(exchange),
        reply=clean.data(keep(reply.body)) if answers and reply is not None else b"",
        chunks=tuple(replace(chunk, data=clean.data(keep(chunk.data))) if chunk.data else chunk for chunk in chunks),
        stages=_stages(exchange),
        duration=figures.duration,
        dialect=request.dialect,
    )


class _Cleaner:
    """Takes keys out of what is kept of one exchange; the few short texts that callers have a hand in mostly hold none,
    which is found out for all of them at once."""

    def __init__(self, exchange: Exchange) -> None:
        redaction = Redaction(exchange.request.credential)
        texts = [exchange.request.model, *exchange.notes.values(), *(value for _, value in _headers(exchange))]
        texts += [str(target) for target in (exchange.plan.targets if exchange.plan is not None else ())]
        texts += [text for one in exchange.attempts for text in (str(one.target), one.error.code if one.error else "")]
        if exchange.error is not None:
            texts.append(exchange.error.code)
        joined = "\0".join(texts)
        self.data = redaction.of
        self.text = str if redaction.of_text(joined) == joined else redaction.of_text


def _headers(exchange: Exchange) -> list[tuple[str, str]]:
    given = exchange.request.headers
    kept = [(name, given[name]) for name in KEPT_HEADERS if name in given]
    if TIMEOUT not in given and exchange.request.timeout is not None:
        kept.append((TIMEOUT, f"{exchange.request.timeout:.6f}"))  # of a caller in this program
    return kept


def _attempt(attempt: Attempt, started: float, clean: _Cleaner) -> RecordedAttempt:
    return RecordedAttempt(
        clean.text(str(attempt.target)),
        attempt.started - started,
        attempt.first_content - started if attempt.first_content is not None else None,
        attempt.ended - started if attempt.ended is not None else None,
        clean.text(attempt.error.code) if attempt.error is not None else None,
    )


def _usage(exchange: Exchange) -> dict[str, int | float]:
    """Return what was counted. What the provider says it charges is no count, and is left out."""
    usage = exchange.usage
    if usage is None:
        return {}
    counted = {name: getattr(usage, name) for name in Usage.__struct_fields__ if name not in ("charged", "tier")}
    return {name: count + 0 for name, count in counted.items() if count or name in ALWAYS}


def _stages(exchange: Exchange) -> dict[str, float]:
    return {mark.hop: mark.ended - mark.started for mark in exchange.marks}
