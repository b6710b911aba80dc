"""The headers that the gateway itself reads and writes."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import ceil

from sluicegate.pipeline.config.units import read_duration
from sluicegate.pipeline.errors import GatewayError, InvalidRequest, UpstreamError
from sluicegate.pipeline.exchange import Exchange, Mark
from sluicegate.pipeline.pricing import dollars

Encoded = list[tuple[bytes, bytes]]

_LABEL = re.compile(r"[\x21-\x7e]{1,128}")
_NOT_TOKEN = re.compile(r"[^A-Za-z0-9!#$%&'*+.^_`|~-]")
_NOT_VISIBLE = re.compile(r"[^\x20-\x7e]")
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_RETRIED_BY_CLIENTS = frozenset({408, 409, 429})
_SPENT = frozenset({"insufficient_quota", "budget_exceeded"})
_TOLD = ("provider", "model", "cache", "dropped", "estimated")
_NOTES = tuple((note, f"x-sluicegate-{note}".encode("ascii")) for note in _TOLD)
_PROCESS = secrets.token_hex(6)
_numbers = itertools.count(1)
MAX_HEAD = 64 * 1024
"""Bytes that a request's line and headers may have together."""
TIMEOUT = "x-sluicegate-timeout"
DEFAULT_PATIENCE = 1.0
"""Seconds in ``retry-after`` where the error itself knows no better."""


def label_of(given: str) -> str:
    """Return the caller's ``x-request-id`` if it is 1 to 128 visible ASCII characters, else a new one."""
    return given if given and _LABEL.fullmatch(given) else f"req_{_PROCESS}{next(_numbers):012x}"


def timeout_of(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the caller is willing to wait: ``x-sluicegate-timeout``, a duration or plain seconds.

    Raises:
        InvalidRequest: It is no duration above zero.
    """
    given = headers.get(TIMEOUT)
    if given is None:
        return None
    text = given.strip()
    try:
        seconds = float(text) if _NUMBER.fullmatch(text) else read_duration(text)
    except ValueError as error:
        raise InvalidRequest(f"header {TIMEOUT}: {safe(str(error))}", param=TIMEOUT) from error
    if seconds <= 0:
        raise InvalidRequest(f"header {TIMEOUT} is {text}; it takes a duration above zero, such as 30s", param=TIMEOUT)
    return seconds


def safe(value: str) -> str:
    """Return a header value without anything but visible ASCII and spaces: no line break can split the head."""
    return value if value.isascii() and value.isprintable() else _NOT_VISIBLE.sub("?", value)


def encoded(pairs: Iterable[tuple[str, str]]) -> Encoded:
    """Return headers as ASGI takes them."""
    return [(_name(name), _value(value)) for name, value in pairs]


def identity(label: str) -> Encoded:
    """Return the request's label under both names by which clients look for it."""
    value = _value(label)
    return [(b"x-request-id", value), (b"request-id", value)]


def server_timing(marks: Sequence[Mark]) -> bytes:
    """Return a ``Server-Timing`` value with the milliseconds of each stage (https://www.w3.org/TR/server-timing/)."""
    return _timing(tuple([mark.hop for mark in marks])) % tuple([(mark.ended - mark.started) * 1000 for mark in marks])


def of_exchange(exchange: Exchange) -> Encoded:
    """Return what the reply's head tells of its exchange."""
    head = identity(exchange.request.label)
    for note, name in _NOTES:
        if (value := exchange.notes.get(note)) is not None:
            head.append((name, _value(value)))
    head.append((b"x-sluicegate-attempts", b"%d" % len(exchange.attempts)))
    if (cost := _cost(exchange)) is not None:
        head.append((b"x-sluicegate-cost-usd", dollars(cost).encode("ascii")))
    if exchange.headers:
        head += encoded(exchange.headers)
    if exchange.marks:
        head.append((b"server-timing", server_timing(exchange.marks)))
    return head


def _cost(exchange: Exchange) -> int | None:
    """Return the nano-dollars to tell: of a plain answer, since what a stream costs is known only behind its head."""
    reply = exchange.reply
    if reply is None or reply.stream is not None or exchange.error is not None:
        return None
    return exchange.cost if exchange.attempts or exchange.notes.get("cache") == "hit" else None


def of_error(error: GatewayError, *, attempted: bool) -> Encoded:
    """Return what tells a client when, and whether, to ask again.

    ``x-should-retry`` overrides the status for OpenAI's and Anthropic's clients: after the gateway has used up its own
    attempts, theirs would only multiply them. Where it is known when asking again makes sense, they may.

    Args:
        attempted: Whether an upstream has been asked.
    """
    pairs: list[tuple[str, str]] = []
    if error.status in (429, 503) or error.retry_after is not None:
        seconds = error.retry_after if error.retry_after is not None else DEFAULT_PATIENCE
        pairs.append(("retry-after", str(max(1, ceil(seconds)))))
        pairs.append(("retry-after-ms", str(max(1, ceil(seconds * 1000)))))
    exhausted = attempted and isinstance(error, UpstreamError) and error.retry_after is None
    hopeless = 400 <= error.status < 500 and error.status not in _RETRIED_BY_CLIENTS
    if exhausted or hopeless or error.code in _SPENT:
        pairs.append(("x-should-retry", "false"))
    return encoded(pairs)


def _value(value: str) -> bytes:
    return (value if value.isascii() and value.isprintable() else safe(value)).encode("ascii")


# Of names there are few, the same in every answer, and what makes them presentable costs more than all else here.
@lru_cache(maxsize=256)
def _token(name: str) -> str:
    """Return a name without anything that none may have (RFC 9110, section 5.6.2)."""
    return _NOT_TOKEN.sub("-", name)


@lru_cache(maxsize=256)
def _timing(hops: tuple[str, ...]) -> bytes:
    """Return a ``Server-Timing`` value that lacks the times. The lists of stages that answers pass are few."""
    return ", ".join([_token(hop).replace("%", "%%") + ";dur=%.3f" for hop in hops]).encode("ascii")


@lru_cache(maxsize=256)
def _name(name: str) -> bytes:
    return _token(name).lower().encode("ascii")
