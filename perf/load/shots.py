"""Requests to send, in the order of their sending."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice
from random import Random
from urllib.parse import quote

import msgspec

from sluicegate.adapters.stores.cassette import Take

PATHS = {
    "chat": "/v1/chat/completions",
    "completion": "/v1/completions",
    "embedding": "/v1/embeddings",
    "image": "/v1/images/generations",
    "moderation": "/v1/moderations",
    "rerank": "/v1/rerank",
    "messages": "/v1/messages",
    "count_tokens": "/v1/messages/count_tokens",
    "responses": "/v1/responses",
    "count_responses": "/v1/responses/input_tokens",
    "models": "/v1/models",
    "model": "/v1/models/",
}
"""Where each operation is asked for."""
_NUMBER = b"0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Shot:
    """One request to send.

    Attributes:
        operation: As `Request.operation`.
        body: What is sent; empty for those that only read.
        stream: Whether the answer must be a stream.
        headers: Names in lower case, without any credential.
        subject: The model that is read.
        dialect: As `Request.dialect`; over HTTP the path says it.
    """

    operation: str
    body: bytes = field(default=b"", repr=False)
    stream: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    subject: str = ""
    dialect: str = "openai"

    @property
    def path(self) -> str:
        """Where it goes."""
        return PATHS[self.operation] + quote(self.subject, safe="/")


@dataclass(frozen=True, slots=True)
class Timed:
    """A request and when it is to be sent: seconds after the beginning."""

    at: float
    shot: Shot


def from_takes(takes: Iterator[Take], limit: int | None = None) -> list[Timed]:
    """Return recorded requests in the order in which they came, the first at 0. Answers are not kept.

    What was recorded in an operation that is not known here is left out.
    """
    timed = [Timed(take.arrival, _shot(take)) for take in takes if take.operation in PATHS]
    timed.sort(key=lambda one: one.at)
    first = timed[0].at if timed else 0.0
    return [Timed(one.at - first, one.shot) for one in timed[:limit]]


def _shot(take: Take) -> Shot:
    subject = take.model if take.operation == "model" else ""
    return Shot(take.operation, take.body, take.stream, take.headers, subject, take.dialect)


def chats(model: str, *, size: int = 2000, stream: bool = False, start: int = 0) -> Iterator[Shot]:
    """Yield chats for ever, each with a prompt of its own of ``size`` bytes, so that no cache has the answer.

    Args:
        start: The number of the first; what has been sent before should not be sent again.
    """
    prompt = _NUMBER.decode() + " " + "water " * (size // 6 + 1)
    fields = {"model": model, "messages": [{"role": "user", "content": prompt[: max(size, len(_NUMBER))]}]}
    before, _, after = msgspec.json.encode({**fields, "stream": True} if stream else fields).partition(_NUMBER)
    for number in count(start):
        yield Shot("chat", b"%b%016x%b" % (before, number, after), stream)


def evenly(shots: Iterator[Shot], rate: float) -> Iterator[Timed]:
    """Yield requests at ``rate`` a second, with equal pauses."""
    return (Timed(number / rate, shot) for number, shot in enumerate(shots))


def poisson(shots: Iterator[Shot], rate: float, seed: int = 0) -> Iterator[Timed]:
    """Yield requests at ``rate`` a second on average, each independent of the others, as those of many people are."""
    random, at = Random(seed), 0.0
    for shot in shots:
        yield Timed(at, shot)
        at += random.expovariate(rate)


def faster(timed: Iterator[Timed], speed: float) -> Iterator[Timed]:
    """Yield requests ``speed`` times as fast."""
    return (Timed(one.at / speed, one.shot) for one in timed)


def at_once(shots: Iterator[Shot], limit: int | None = None) -> Iterator[Timed]:
    """Yield requests without a time, for a closed loop."""
    return (Timed(0.0, shot) for shot in islice(shots, limit))
