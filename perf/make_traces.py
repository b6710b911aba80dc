"""Make the shipped cassettes anew, byte for byte the same: drawn from a seed, like no traffic that ever was.

Arrivals come in bursts, as people and cron jobs send them: a Poisson process whose rate goes up and down. Each prompt
is different, so that a cache finds none of them. Only `Random.random` is drawn from, since what other methods make of
it has changed between versions of Python; times are rounded, so that the last bit of a logarithm does not matter.

Run: ``python -m sluicegate.perf.make_traces``
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import msgspec

from sluicegate.adapters.stores.cassette import RecordedAttempt, RecordedChunk, Take, head_bytes, take_bytes

from .shelf import SHELF, SUFFIX, TRACES
from .trace_texts import SYSTEMS, TOOLS, Chance

CREATED = 1_767_225_600
MODEL = "demo"
TARGET = "simulator/echo"
LONG = 400_000
"""Bytes of a long prompt: 100,000 tokens of four bytes."""
FRAME = 190
"""Bytes of a chunk beside its word."""

Json = dict[str, Any]


def make(name: str) -> bytes:
    """Return the bytes of a shipped cassette, not packed."""
    chance = Chance(Random(f"sluicegate {name}"))
    # As `record` writes them: in the order of their ends.
    takes = sorted(MAKERS[name](chance), key=lambda take: take.arrival + take.duration)
    return head_bytes(created=CREATED, by="sluicegate.perf.make_traces") + b"".join(map(take_bytes, takes))


def _chats(chance: Chance, count: int, rate: float, *, stream: bool) -> Iterator[Take]:
    for number, arrival in zip(range(count), chance.arrivals(rate), strict=False):
        messages: list[Json] = [{"role": "system", "content": chance.one_of(SYSTEMS)}]
        for _ in range(chance.whole(0, 3) if chance.happens(0.4) else 0):
            messages.append({"role": "user", "content": chance.text(chance.whole(5, 60))})
            messages.append({"role": "assistant", "content": chance.text(chance.whole(20, 120))})
        asked = f"{chance.text(chance.whole(8, 220))} (case {number + 1})"
        messages.append({"role": "user", "content": asked})
        yield _take(chance, arrival, messages, tokens=chance.whole(15, 160), stream=stream, temperature=0.7)


def _long_prompts(chance: Chance) -> Iterator[Take]:
    paragraphs = [chance.text(chance.whole(60, 130)) for _ in range(12)]
    for number, arrival in zip(range(12), chance.arrivals(0.2), strict=False):
        parts = [f"Document {number + 1}."]
        size = len(parts[0])
        while size < LONG:
            parts.append(chance.one_of(paragraphs))
            size += len(parts[-1]) + 2
        messages = [
            {"role": "system", "content": SYSTEMS[0]},
            {"role": "user", "content": "\n\n".join(parts) + "\n\nSum it up in three sentences."},
        ]
        yield _take(chance, arrival, messages, tokens=chance.whole(60, 140), stream=number % 2 == 1, waits=4.0)


def _agents(chance: Chance) -> Iterator[Take]:
    for number, arrival in zip(range(24), chance.arrivals(0.5), strict=False):
        messages: list[Json] = [
            {"role": "system", "content": "You are an agent. Use the tools, then answer."},
            {"role": "user", "content": f"Task {number + 1}: {chance.text(chance.whole(10, 50))}"},
        ]
        turns = chance.whole(2, 5)
        for turn in range(turns):
            last = turn == turns - 1
            take = _take(chance, arrival, messages, tokens=chance.whole(20, 90), stream=last, tools=TOOLS)
            yield take
            name = str(chance.one_of(TOOLS)["function"]["name"])
            call = {"name": name, "arguments": msgspec.json.encode({"query": chance.text(3)}).decode()}
            identity = f"call_{number + 1:02}_{turn + 1}"
            messages = [
                *messages,
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": identity, "type": "function", "function": call}],
                },
                {"role": "tool", "tool_call_id": identity, "content": chance.text(chance.whole(20, 150))},
            ]
            arrival = round(arrival + take.duration + chance.span(0.3), 4)


def _embeddings(chance: Chance) -> Iterator[Take]:
    for number, arrival in zip(range(200), chance.arrivals(8.0), strict=False):
        texts = [
            f"{chance.text(chance.whole(5, 40))} #{number + 1}"
            for _ in range(chance.whole(2, 24) if chance.happens(0.3) else 1)
        ]
        body = msgspec.json.encode({"model": MODEL, "input": texts if len(texts) > 1 else texts[0]})
        took = round(0.02 + chance.span(0.04), 4)
        yield Take(
            arrival,
            "embedding",
            **_common(body, took, RecordedAttempt(TARGET, 0.0005, None, round(took - 0.0005, 4)), output=0),
        )


def _take(
    chance: Chance,
    arrival: float,
    messages: list[Json],
    *,
    tokens: int,
    stream: bool,
    waits: float = 0.35,
    **fields: Any,
) -> Take:
    """Return a chat that was answered well: with ``tokens``, the first one after about ``waits`` seconds."""
    body = msgspec.json.encode({"model": MODEL, "messages": messages, "stream": stream, **fields})
    first = round(0.0005 + waits * (0.6 + chance.span(0.4)), 4)
    pace = 45 + 40 * chance.share()
    times = [round(first + place / pace, 4) for place in range(tokens)]
    took = round(times[-1] + 0.001, 4)
    attempt = RecordedAttempt(TARGET, 0.0005, first if stream else None, round(took - 0.0005, 4))
    chunks = tuple(RecordedChunk(at, FRAME + chance.whole(2, 9)) for at in times) if stream else ()
    return Take(arrival, "chat", stream=stream, chunks=chunks, **_common(body, took, attempt, output=tokens))


def _common(body: bytes, took: float, attempt: RecordedAttempt, *, output: int) -> Json:
    return {
        "model": MODEL,
        "body": body,
        "tenant": "anonymous",
        "plan": (TARGET,),
        "strategy": "fallback",
        "attempts": (attempt,),
        "notes": {"cache": "miss", "provider": "simulator", "model": "echo"},
        "usage": {"input": math.ceil(len(body) / 4), "output": output, "cached": 0, "cache_write": 0, "reasoning": 0},
        "duration": took,
    }


MAKERS: dict[str, Callable[[Chance], Iterator[Take]]] = {
    "chat": lambda chance: _chats(chance, 240, 6.0, stream=False),
    "streaming": lambda chance: _chats(chance, 120, 4.0, stream=True),
    "long_prompts": _long_prompts,
    "agent": _agents,
    "embeddings": _embeddings,
}


def main() -> None:
    """Write all of them."""
    for name in TRACES:
        data = make(name)
        packed = gzip.compress(data, compresslevel=9, mtime=0)
        (SHELF / f"{name}{SUFFIX}").write_bytes(packed)
        print(f"{name:14}{len(data):>10,} bytes, packed {len(packed):>8,}")


if __name__ == "__main__":
    main()
