"""What one ended exchange was, in figures: the values that `meter` counts and logs."""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.exchange import Attempt, Exchange, Target
from sluicegate.pipeline.life import State

CLIENT_GONE = 499
"""The status that stands for a client that left; nginx's."""
_OUTCOMES = tuple(state.name.lower() for state in State)


class Account(msgspec.Struct, frozen=True):
    """Figures of one exchange. Times are seconds; None where there is nothing to tell.

    Attributes:
        target: Who answered, or was asked last.
        cached: Whether the answer came from the cache.
        duration: From the start to the end.
        first_token: From the start to the first content of a stream.
        speed: Output tokens per second, of a stream from its first content on.
        status: What the caller saw: 499 if it left.
        key: Which of its several keys the target was shown, from 1 on; None where it has one, or the caller's own.
    """

    target: Target | None
    cached: bool
    duration: float
    first_token: float | None
    speed: float | None
    status: int
    key: int | None = None


def account(exchange: Exchange) -> Account:
    """Return the figures of an exchange that has ended."""
    ended = exchange.ended if exchange.ended is not None else exchange.started
    cached = exchange.notes.get("cache") == "hit"
    begun = exchange.first_content
    streamed = exchange.reply is not None and exchange.reply.stream is not None
    return Account(
        target=_target(exchange),
        cached=cached,
        duration=ended - exchange.started,
        first_token=begun - exchange.started if streamed and begun is not None else None,
        speed=None if cached else _speed(exchange, ended, begun if streamed else None),
        status=_status(exchange),
        key=_key(exchange),
    )


def outcome_of(exchange: Exchange) -> str:
    """Return the name of an exchange's outcome, ``none`` as long as it has none."""
    return _OUTCOMES[exchange.outcome] if exchange.outcome is not None else "none"


def _target(exchange: Exchange) -> Target | None:
    if "provider" in exchange.notes:
        return Target(exchange.notes["provider"], exchange.notes.get("model", ""))
    return exchange.attempts[-1].target if exchange.attempts else None


def _key(exchange: Exchange) -> int | None:
    if "provider" in exchange.notes:
        told = exchange.notes.get("provider_key")
        return int(told) if told is not None else None
    return exchange.attempts[-1].key if exchange.attempts else None


def _speed(exchange: Exchange, ended: float, begun: float | None) -> float | None:
    """Return the tokens per second that the target gave: of a plain answer over the whole of the call."""
    usage = exchange.usage
    # The first token is there when the clock of a stream starts: it takes two to have a pace.
    tokens = usage.output - (begun is not None) if usage is not None else 0
    if tokens <= 0 or not exchange.attempts:
        return None
    last: Attempt = exchange.attempts[-1]
    until = last.ended if last.ended is not None else ended
    took = until - (begun if begun is not None else last.started)
    return tokens / took if took > 0 else None


def _status(exchange: Exchange) -> int:
    """Return the status that the head carried, or would have."""
    if exchange.outcome is State.CANCELLED:
        return CLIENT_GONE
    # An error after the first content is told in-band, below a head that has left.
    if "early_head" in exchange.notes:
        return int(exchange.notes["early_head"])
    if exchange.error is not None and (exchange.first_content is None or exchange.reply is None):
        return exchange.error.status
    return exchange.reply.status if exchange.reply is not None else 500
