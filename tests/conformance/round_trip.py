"""Random conversations, there and back: ids of calls, arguments, order and every character stay as they are.

A provider's test gives a `Voices`, which knows how the provider writes, and inherits the suite.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.provider import Translator, UpstreamHead
from sluicegate.pipeline.reply import ChunkKind
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.decode import parse, type_body
from tests.conformance.provider_sample import TARGET, ask

Json = dict[str, Any]
SHARED = settings(max_examples=80, suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow])
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
names = st.sampled_from(["get", "set_it", "f-1"])
ids = st.uuids().map(str)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(texts, values, max_size=3)


@dataclass(frozen=True)
class Call:
    """A call, and what it gave."""

    id: str
    name: str
    arguments: Json
    result: str


@dataclass(frozen=True)
class Round:
    """A question, an answer, its calls, and what was said when their results were there."""

    question: str
    answer: str
    calls: tuple[Call, ...]

    def told(self) -> list[tuple[Any, ...]]:
        """Return what a provider has to be told of it, in order."""
        calls = [("call", call.id, call.name, call.arguments) for call in self.calls]
        results = [("result", call.id, call.result) for call in self.calls]
        return [("text", self.question), ("text", self.answer), *calls, *results]


@st.composite
def rounds(draw: st.DrawFn) -> Round:
    """Draw one round."""
    made = draw(st.lists(st.builds(Call, ids, names, arguments, texts), max_size=3, unique_by=lambda call: call.id))
    return Round(draw(texts), draw(texts), tuple(made))


@dataclass(frozen=True)
class Voices:
    """How a provider writes.

    Attributes:
        translator: What is tried.
        said: What the body of a request says: a tuple (kind, ...) for each piece, as `Round.told` has them.
        whole: A whole answer of a text and calls (id, name, arguments).
        stream: The same as a stream.
        stream_type: Its content type.
    """

    translator: Translator
    said: Callable[[Json], list[tuple[Any, ...]]]
    whole: Callable[[str, list[Call]], bytes]
    stream: Callable[[str, list[Call]], bytes]
    stream_type: str = "text/event-stream"


class RoundTripConformance:
    """The suite. A subclass sets ``voices``."""

    voices: Voices

    @SHARED
    @given(st.lists(rounds(), min_size=1, max_size=3))
    def test_conversation_of_openais_callers_arrives_whole_and_in_order(self, given_rounds):
        messages: list[Json] = []
        for one in given_rounds:
            calls = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
                }
                for call in one.calls
            ]
            said = {"role": "assistant", "content": one.answer, **({"tool_calls": calls} if calls else {})}
            results = [{"role": "tool", "tool_call_id": call.id, "content": call.result} for call in one.calls]
            messages += [{"role": "user", "content": one.question}, said, *results]
        assert self._told(ask(messages=messages)) == [piece for one in given_rounds for piece in one.told()]

    @SHARED
    @given(st.lists(rounds(), min_size=1, max_size=3))
    def test_conversation_of_anthropics_callers_arrives_whole_and_in_order(self, given_rounds):
        messages: list[Json] = []
        for one in given_rounds:
            calls = [
                {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in one.calls
            ]
            messages += [
                {"role": "user", "content": one.question},
                {"role": "assistant", "content": [{"type": "text", "text": one.answer}, *calls]},
            ]
            if one.calls:
                results = [
                    {"type": "tool_result", "tool_use_id": call.id, "content": call.result} for call in one.calls
                ]
                messages.append({"role": "user", "content": results})
        body = msgspec.json.encode({"model": "m", "max_tokens": 100, "messages": messages})
        request = Request("messages", body, dialect="anthropic", fields=parse(body), typed=type_body("messages", body))
        told = self._told(Exchange(request, 600.0, 0.0))
        assert told == [piece for one in given_rounds for piece in one.told()]

    def _told(self, exchange: Exchange) -> list[tuple[Any, ...]]:
        return self.voices.said(msgspec.json.decode(self.voices.translator.encode(exchange, TARGET).body))

    @SHARED
    @given(rounds(), st.lists(st.integers(0, 10_000), max_size=5))
    def test_answer_comes_back_whole_also_in_a_stream_cut_anywhere(self, one, cuts):
        calls = list(one.calls)
        expected = (one.answer, [(call.id, call.name, call.arguments) for call in calls])
        head = UpstreamHead(200, {"content-type": "application/json"})
        reply, _ = self.voices.translator.decode(ask(), head, self.voices.whole(one.answer, calls))
        (choice,) = msgspec.json.decode(reply.body)["choices"]
        assert _heard(choice["message"]) == expected
        assert choice["finish_reason"] == ("tool_calls" if calls else "stop")
        assert _heard(self._streamed(self.voices.stream(one.answer, calls), cuts)) == expected

    def _streamed(self, sent: bytes, cuts: list[int]) -> Json:
        """Return the message that a client puts together from a stream."""
        head = UpstreamHead(200, {"content-type": self.voices.stream_type})
        decoder = self.voices.translator.decoder(ask(stream=True), head)
        places = [0, *sorted(cut % len(sent) for cut in cuts), len(sent)]
        chunks = [chunk for a, b in pairwise(places) for chunk in decoder.feed(sent[a:b])]
        chunks += decoder.finish()
        assert chunks[-1].kind is ChunkKind.FINISH
        message: Json = {"content": "", "tool_calls": []}
        for chunk in chunks:
            delta = msgspec.json.decode(chunk.data)["choices"][0]["delta"]
            message["content"] += delta.get("content") or ""
            for call in delta.get("tool_calls", ()):
                if "id" in call:
                    message["tool_calls"].append({**call, "function": dict(call["function"])})
                else:
                    message["tool_calls"][call["index"]]["function"]["arguments"] += call["function"]["arguments"]
        return message


def _heard(message: Json) -> tuple[str, list[tuple[str, str, Json]]]:
    calls = message.get("tool_calls") or []
    return message["content"] or "", [
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls
    ]
