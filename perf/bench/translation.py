"""What it costs to bring a chat into a provider's API and its answer back, beside one that passes through.

No sockets: a translator is pure, and what providers would answer is what the simulated upstream says at the URL that
it asks. All alternates inside one run, and of each the best of several rounds stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import thread_time
from typing import Any
from urllib.parse import urlsplit

import msgspec

from sluicegate.pipeline.config.load import load_values
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.provider import Translator, UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import Registry
from sluicegate.pipeline.request import Request
from sluicegate.stages.validate import read

from ..simulate.places import place_of
from .rows import Row, Told, at_most, number, table

TOKENS = 40
"""Of each answer."""
CALLS = 100
ROUNDS = 7
MOST_ADDED = 150.0
"""Microseconds that translating a request of 2 KB and its answer may add to passing both through."""
MOST_ADDED_CHUNK = 20.0
"""The same for a chunk of a stream."""
PROVIDERS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "openai": ({}, "gpt-4o"),
    "anthropic": ({}, "claude-sonnet-4-5"),
    "azure": ({"base_url": "https://r.openai.azure.com", "api_version": "2024-10-21"}, "deployment"),
    "bedrock": ({}, "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    "cohere": ({}, "command-a-03-2025"),
    "gemini": ({}, "gemini-2.5-pro"),
    "groq": ({}, "llama-3.3-70b-versatile"),
    "mistral": ({}, "mistral-large-latest"),
    "ollama": ({}, "llama3.2"),
    "openrouter": ({}, "meta-llama/llama-3.3-70b"),
    "perplexity": ({}, "sonar"),
    "together": ({}, "meta-llama/Llama-3.3-70B"),
    "vertex": ({"project": "p", "location": "global"}, "gemini-2.5-pro"),
}
"""Settings of each provider beside its type and key, and one of its models."""
PASSING = {"openai": "openai", "anthropic": "anthropic"}
"""The provider whose own dialect a caller speaks, by that dialect."""
_TEXT = "The water of this river runs over a weir and under a gate, then slowly down through reeds to a lake. "
_TURNS = [("user", _TEXT * 6), ("assistant", _TEXT * 5), ("user", _TEXT * 8)]


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of CPU: of a request with its whole answer, and of a chunk."""

    call: float
    chunk: float


def measure_translation(told: Told) -> str:
    """Measure every provider for callers of both dialects. Return a table of all, and tell the worst."""
    costs = {
        (dialect, name): cost
        for dialect in PASSING
        for name, cost in _costs({name: asked(dialect, name) for name in PROVIDERS}).items()
    }
    passing = {dialect: costs[dialect, own] for dialect, own in PASSING.items()}
    call = max(cost.call - passing[dialect].call for (dialect, _), cost in costs.items())
    chunk = max(cost.chunk - passing[dialect].chunk for (dialect, _), cost in costs.items())
    told(at_most("translation of a 2 KB chat and its answer, worst provider: added", call, MOST_ADDED, "us"))
    told(at_most("translation of a chunk, worst provider: added", chunk, MOST_ADDED_CHUNK, "us"))
    lines = [
        (dialect, name, *_beside(cost.call, passing[dialect].call), *_beside(cost.chunk, passing[dialect].chunk))
        for (dialect, name), cost in costs.items()
    ]
    titles = ("caller's dialect", "provider", "request and answer, us", "of passing", "chunk, us", "of passing")
    return table(titles, lines, right=(2, 3, 4, 5))


def _beside(cost: float, passing: float) -> tuple[str, str]:
    return number(cost), f"{cost / passing:.1f} x"


@dataclass(frozen=True, slots=True)
class Asked:
    """One caller's chat before one provider, and what the provider answers.

    Attributes:
        events: Of a stream, one by one.
    """

    translator: Translator
    target: Target
    plain: Request
    streamed: Request
    body: bytes
    stream_head: UpstreamHead
    events: tuple[bytes, ...]

    def call(self) -> None:
        """Bring the request into the provider's API, and its answer back."""
        exchange = _exchange(self.plain)
        self.translator.encode(exchange, self.target)
        self.translator.decode(exchange, _JSON, self.body)

    def stream(self) -> float:
        """Bring back a stream whose events come one by one. Return the seconds of CPU that they took."""
        exchange = _exchange(self.streamed)
        self.translator.encode(exchange, self.target)
        decoder = self.translator.decoder(exchange, self.stream_head)
        began = thread_time()
        for event in self.events:
            decoder.feed(event)
        return thread_time() - began


_JSON = UpstreamHead(200, {"content-type": "application/json"})


def asked(dialect: str, name: str) -> Asked:
    """Return a chat of a caller's dialect before one of `PROVIDERS`."""
    more, model = PROVIDERS[name]
    settings = {"type": name, "api_key": "k", **more}
    registry = Registry()
    config = load_values({"providers": {"p": settings}}, {}, registry).config
    translator: Translator = registry.provider(name).component("p", config.providers["p"])
    target = Target("p", model)
    plain, streamed = request(dialect, stream=False), request(dialect, stream=True)
    place = _place(translator.encode(_exchange(plain), target))
    body = msgspec.json.encode(place.voice.whole(model, TOKENS))
    place = _place(translator.encode(_exchange(streamed), target))
    parts = place.voice.stream(model, TOKENS, usage=True)
    repeated = (parts.words * (TOKENS // len(parts.words) + 1))[:TOKENS]
    head = UpstreamHead(200, {"content-type": place.voice.media_type.decode()})
    return Asked(translator, target, plain, streamed, body, head, (*parts.opening, *repeated, *parts.ending))


def request(dialect: str, *, stream: bool) -> Request:
    """Return a checked chat of 2 KB."""
    fields: dict[str, Any] = {
        "model": "m",
        "messages": [{"role": role, "content": text} for role, text in _TURNS],
        "temperature": 0.5,
        "max_tokens": 200,
        "stream": stream,
    }
    operation = "messages" if dialect == "anthropic" else "chat"
    made = Request(operation, msgspec.json.encode(fields), dialect=dialect)
    made.fields, made.typed = read(operation, made.body)
    return made


def _exchange(of: Request) -> Exchange:
    of.chat = None  # of the call before
    return Exchange(of, 600.0, 0.0)


def _place(sent: UpstreamRequest) -> Any:
    url = urlsplit(sent.url)
    place = place_of(url.path, url.query)
    if place is None:
        raise LookupError(f"the simulated upstream has nothing at {url.path}")
    return place


def _costs(all_asked: Mapping[str, Asked]) -> dict[str, Cost]:
    """Return the best of several rounds of each."""
    calls: dict[str, list[float]] = {name: [] for name in all_asked}
    chunks: dict[str, list[float]] = {name: [] for name in all_asked}
    for _ in range(ROUNDS):
        for name, one in all_asked.items():
            calls[name].append(_seconds(one.call) / CALLS)
            chunks[name].append(sum(one.stream() for _ in range(CALLS // 4)) / (CALLS // 4) / len(one.events))
    return {name: Cost(min(calls[name]) * 1e6, min(chunks[name]) * 1e6) for name in all_asked}


def _seconds(call: Callable[[], None]) -> float:
    began = thread_time()
    for _ in range(CALLS):
        call()
    return thread_time() - began


if __name__ == "__main__":

    def told(row: Row) -> None:
        print(row)

    print(measure_translation(told))
