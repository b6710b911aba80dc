"""The stream of one attempt by itself: when it reads, what it holds, and how often it can be closed."""

import math

import pytest
import trio

from sluicegate.pipeline.breaker import Breaker
from sluicegate.pipeline.config.sections import BreakerSettings, TimeoutSettings
from sluicegate.pipeline.errors import GatewayError, StreamInterrupted
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind, Usage
from sluicegate.pipeline.routing.observed import Seen
from sluicegate.stages.parts.attempt_record import AttemptRecord
from sluicegate.stages.parts.upstream_stream import UpstreamStream
from sluicegate.testing import ScriptedResponse, exchange_of

KINDS = {b"h": ChunkKind.HEAD, b"c": ChunkKind.CONTENT, b"f": ChunkKind.FINISH}


class Letters:
    """A decoder to which each letter is an event: head, content, finish, x for a bug; full stop for the end."""

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.done = False
        self.fed: list[bytes] = []

    def feed(self, data: bytes) -> Batch:
        self.fed.append(data)
        if b"x" in data:
            raise KeyError("a bug of the decoder")
        self.done = b"." in data
        return [
            Chunk(letter, KINDS[letter]) for letter in (data[i : i + 1] for i in range(len(data))) if letter in KINDS
        ]

    def finish(self) -> Batch:
        if not self.done:
            raise StreamInterrupted("cut")
        return []


def stream_of(response: ScriptedResponse, decoder: Letters | None = None) -> tuple[UpstreamStream, AttemptRecord]:
    breaker = Breaker(BreakerSettings())
    ticket = breaker.admit(0.0)
    assert ticket is not None
    record = AttemptRecord(exchange_of(), Target("a", "model"), breaker, ticket, Seen())
    return UpstreamStream(record, response, decoder or Letters(), TimeoutSettings()), record


def letters(batch: Batch) -> bytes:
    return b"".join(chunk.data for chunk in batch)


async def test_it_reads_as_far_as_the_first_content_and_not_a_byte_further(autojump_clock):
    decoder = Letters()
    stream, record = stream_of(ScriptedResponse((0.0, b"h"), (0.0, b"hc"), (0.0, b"c"), (0.0, b"f.")), decoder)
    await stream.reach_content(100)
    assert [data for data in decoder.fed if data] == [b"h", b"hc"]
    assert record.attempt.first_content == 0.0
    assert [letters(batch) async for batch in stream] == [b"hhc", b"c", b"f"]


async def test_it_reads_only_when_asked_so_a_slow_client_holds_the_upstream_back(autojump_clock):
    decoder = Letters()
    stream, _ = stream_of(ScriptedResponse(*[(0.0, b"c")] * 1000), decoder)
    await stream.reach_content(100)
    for _ in range(3):
        await stream.__anext__()
        await trio.sleep(1.0)
    assert len([data for data in decoder.fed if data]) == 3


async def test_what_a_decoder_trips_over_is_the_providers_fault(autojump_clock):
    response = ScriptedResponse((0.0, b"c"), (0.0, b"x"))
    stream, record = stream_of(response)
    await stream.reach_content(100)
    await stream.__anext__()
    with pytest.raises(GatewayError, match="provider 'a' sent what makes no sense") as caught:
        await stream.__anext__()
    assert isinstance(caught.value.__cause__, KeyError)
    assert record.attempt.error is caught.value
    assert response.closed == 0.0


@pytest.mark.parametrize(
    ("rest", "closed"),
    [
        ([(0.0, b"")], 0.0),
        ([(0.03, b"")], 0.03),
        ([(0.0, b"x"), (0.03, b"")], 0.03),
        ([(0.03, StreamInterrupted("cut"))], 0.03),
        ([(0.02, b"x")] * 99, 0.05),
        ([(math.inf, b"")], 0.05),
    ],
)
async def test_closing_behind_a_clean_end_waits_a_little_for_the_messages_own_end(autojump_clock, rest, closed):
    response = ScriptedResponse((0.0, b"cf."), *rest)
    stream, record = stream_of(response)
    await stream.reach_content(100)
    assert [letters(batch) async for batch in stream] == [b"cf"]
    assert (record.attempt.ended, record.attempt.usage, response.closed) == (0.0, record.exchange.usage, None)
    assert record.exchange.usage is not None
    await stream.aclose()
    assert response.closed == closed


async def test_closing_amid_an_answer_does_not_wait(autojump_clock):
    response = ScriptedResponse((0.0, b"c"), (0.01, b""))
    stream, _ = stream_of(response)
    await stream.reach_content(100)
    await stream.aclose()
    assert response.closed == 0.0


async def test_closing_twice_counts_once(autojump_clock):
    response = ScriptedResponse((0.0, b"c"))
    stream, record = stream_of(response)
    await stream.reach_content(100)
    await stream.aclose()
    usage = record.exchange.usage
    await trio.sleep(5.0)
    await stream.aclose()
    assert (response.closed, record.attempt.ended) == (0.0, 0.0)
    assert record.exchange.usage is usage
