"""The truths of `call` on real sockets: the real transport before upstreams that break in real ways."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from sluicegate.adapters.upstream.http import HttpTransport
from sluicegate.pipeline.life import State
from sluicegate.testing import SpyOutlet, chat
from tests.upstreams.faulty import (
    LAST_CHUNK,
    STREAM_HEAD,
    Break,
    FaultyUpstream,
    Script,
    Wait,
    answer,
    chunked,
    head,
)
from tests.upstreams.faulty import refusing as refusing_port
from tests.upstreams.faulty import stream as stream_of

from .calling import COMMENT, DONE, END, FINISH, ROLE, Bench, body_of, calling, error_event, texts, word

Times = dict[str, float]
PATIENT: Times = {"connect": 10.0, "response": 10.0, "first_token": 10.0, "idle": 10.0, "total": 60.0}
BRIEF = 0.3
"""Seconds that a provider has where the test waits for its timeout."""
TIMED: dict[str, Times] = {
    "upstream_response_timeout": PATIENT | {"response": BRIEF},
    "upstream_first_token_timeout": PATIENT | {"first_token": BRIEF},
    "upstream_idle_timeout": PATIENT | {"idle": BRIEF},
}
AT_ONCE = 1.0
"""Seconds within which the upstream must learn that its client has left, much less than any timeout."""
PAGE = b"<html><title>Welcome</title></html>"
GOOD = [ROLE + word("fi"), word("ne"), END]


@asynccontextmanager
async def before(
    *scripts: list[Script], times: Sequence[Times] = (), **settings: object
) -> AsyncIterator[tuple[Bench, list[FaultyUpstream]]]:
    """Run a gateway before upstreams that follow these scripts; ``times`` are the first ones' timeouts."""
    upstreams = [FaultyUpstream(*each) for each in scripts]
    async with trio.open_nursery() as nursery:
        for upstream in upstreams:
            await nursery.start(_serve, upstream)
        transport = HttpTransport()
        transports = [transport] * len(upstreams)
        urls = [upstream.url for upstream in upstreams]
        async with calling(*transports, urls=urls, timeout=[*times, *[PATIENT] * len(upstreams)], **settings) as bench:
            yield bench, upstreams
        nursery.cancel_scope.cancel()


async def _serve(upstream: FaultyUpstream, *, task_status: trio.TaskStatus[None]) -> None:
    async with upstream.serving():
        task_status.started()
        await trio.sleep_forever()


EARLY: dict[str, tuple[Script, str]] = {
    "500": (answer(b'{"error":{"message":"it broke"}}', 500), "upstream_error"),
    "429": (answer(b"{}", 429, retry_after="7"), "rate_limit_exceeded"),
    "429 in milliseconds": (answer(b"{}", 429, retry_after_ms="7000"), "rate_limit_exceeded"),
    "429 until a date": (answer(b"{}", 429, retry_after="Fri, 31 Dec 2100 23:59:59 GMT"), "rate_limit_exceeded"),
    "own bad key": (answer(b"{}", 401), "upstream_auth_error"),
    "page": (answer(PAGE, media_type="text/html"), "upstream_error"),
    "closed before the head": ([Break.FIN], "upstream_error"),
    "reset before the head": ([Break.RST], "upstream_error"),
    "closed in the head": ([b"HTTP/1.1 200 OK\r\ncontent-ty", Break.FIN], "upstream_error"),
    "not HTTP": ([b"SSH-2.0-OpenSSH_9.2\r\n", Break.FIN], "upstream_error"),
}
EARLY_STREAM: dict[str, tuple[Script, str]] = {
    "error event behind a role": (stream_of(ROLE, error_event()), "upstream_error"),
    "error event in the first content's bytes": (stream_of(ROLE + word("no") + error_event()), "upstream_error"),
    "malformed frame": (stream_of(ROLE, b"data: {nonsense\n\n"), "upstream_error"),
    "empty stream": (stream_of(), "stream_interrupted"),
    "terminator alone": (stream_of(DONE), "empty_stream"),
    "clean end behind a role": (stream_of(ROLE), "stream_interrupted"),
    "closed behind a role": (stream_of(ROLE, Break.FIN, ends=False), "stream_interrupted"),
    "reset behind a role": (stream_of(ROLE, Wait.READ, Break.RST, ends=False), "stream_interrupted"),
    "closed in a frame": (stream_of(ROLE + b'data: {"cho', Break.FIN, ends=False), "stream_interrupted"),
    "closed in a chunk": ([STREAM_HEAD + chunked(ROLE)[:-9], Break.FIN], "stream_interrupted"),
    "broken chunk header": ([STREAM_HEAD + b"zz\r\n" + ROLE, Break.FIN], "stream_interrupted"),
    "stall before the head": ([Break.STALL], "upstream_first_token_timeout"),
    "stall behind a role": (stream_of(ROLE, Break.STALL, ends=False), "upstream_first_token_timeout"),
    "comments for ever": (stream_of(*[COMMENT, 0.02] * 1000), "upstream_first_token_timeout"),
}
EARLY_PLAIN: dict[str, tuple[Script, str]] = {
    "malformed JSON": (answer(b'{"choices": [}'), "upstream_error"),
    "body shorter than its length": ([head(content_length="500") + body_of(), Break.FIN], "stream_interrupted"),
    "half a chunked body": (
        [head(transfer_encoding="chunked") + chunked(body_of()[:20]), Break.FIN],
        "stream_interrupted",
    ),
    "reset in the body": ([head(content_length="500") + body_of(), Wait.READ, Break.RST], "stream_interrupted"),
    "slow head": ([20.0, *answer(body_of())], "upstream_response_timeout"),
    "stalled body": ([head(content_length="500"), Break.STALL], "upstream_response_timeout"),
}


def params(*tables: dict[str, tuple[Script, str]]) -> list[object]:
    return [pytest.param(*row, id=name) for table in tables for name, row in table.items()]


def times_for(code: str) -> list[Times]:
    """The first upstream's timeouts: short where one of them is awaited."""
    return [TIMED.get(code, PATIENT)]


@pytest.mark.parametrize(("broken", "code"), params(EARLY, EARLY_STREAM))
async def test_a_stream_that_breaks_before_content_fails_over_unseen(broken, code):
    async with before([broken], [stream_of(*GOOD)], times=times_for(code)) as (bench, (first, _)):
        exchange, outlet = await bench.stream()
        assert texts(outlet) == "fine"
        assert outlet.texts[-1] == "close"
        assert [each.error.code if each.error else None for each in exchange.attempts] == [code, None]
        await _let_go(broken, first)


@pytest.mark.parametrize(("broken", "code"), params(EARLY, EARLY_PLAIN))
async def test_a_plain_answer_that_breaks_fails_over_unseen(broken, code):
    async with before([broken], [answer(body_of())], times=times_for(code)) as (bench, (first, _)):
        exchange, outlet = await bench.plain()
        assert outlet.texts == ["open"]
        assert exchange.reply is not None
        assert exchange.reply.body == body_of()
        assert [each.error.code if each.error else None for each in exchange.attempts] == [code, None]
        await _let_go(broken, first)


async def _let_go(script: Script, upstream: FaultyUpstream) -> None:
    """Check that an upstream which would hang for ever has seen us leave."""
    assert len(upstream.visits) == 1
    if script[-1] is Break.STALL:
        with trio.fail_after(10.0):
            await upstream.visits[0].gone.wait()


async def test_a_refused_connection_fails_over_unseen():
    good = FaultyUpstream(stream_of(*GOOD))
    with refusing_port() as url:
        async with good.serving(), calling(HttpTransport(), HttpTransport(), urls=[url, good.url]) as bench:
            exchange, outlet = await bench.stream()
    assert texts(outlet) == "fine"
    assert exchange.attempts[0].error is not None
    assert exchange.attempts[0].error.message.startswith("provider 'a': no connection to 127.0.0.1:")


LATE: dict[str, tuple[list[object], str]] = {
    "error event": ([error_event()], "upstream_error"),
    "malformed frame": ([b"data: {nonsense\n\n"], "upstream_error"),
    "closed": ([Break.FIN], "stream_interrupted"),
    "reset": ([Wait.READ, Break.RST], "stream_interrupted"),
    "closed in a frame": ([b'data: {"cho', Break.FIN], "stream_interrupted"),
    "clean end of the message alone": ([], "stream_interrupted"),
    "stall": ([Break.STALL], "upstream_idle_timeout"),
    "comments for ever": ([COMMENT, 0.02] * 1000, "upstream_idle_timeout"),
}


@pytest.mark.parametrize(("rest", "code"), params(LATE))  # type: ignore[arg-type]  # steps in place of a script
async def test_behind_content_the_break_is_told_and_nobody_else_is_asked(rest, code):
    broken = [False for step in rest if isinstance(step, Break)]
    script = stream_of(ROLE, word("on"), word("e"), *rest, ends=not broken)
    async with before([script], [], times=times_for(code)) as (bench, (_, second)):
        exchange, outlet = await bench.stream()
    assert texts(outlet) == "one"
    assert outlet.texts[-1] == f"close:{code}"
    assert exchange.outcome is State.FAILED
    assert second.visits == []


async def test_patience_is_kept_where_nobody_else_answers():
    scripts = [answer(b"{}", 429, retry_after_ms="150"), answer(body_of())]
    async with before(scripts, max_retries=1, retry_delay=0.0) as (bench, (upstream,)):
        exchange, _ = await bench.plain()
        assert exchange.outcome is State.OK
        first, second = (visit.at for visit in upstream.visits)
        assert second - first >= 0.15


HANGING: dict[str, Script] = {
    "no head": [Break.STALL],
    "role": stream_of(ROLE, Break.STALL, ends=False),
    "content": stream_of(word("a"), Break.STALL, ends=False),
    "flowing content": stream_of(*[word("a"), 0.01] * 1000),
    "half a plain body": [head(content_length="500"), b"{", Break.STALL],
}


@pytest.mark.parametrize("place", HANGING)
async def test_a_client_that_leaves_takes_the_upstream_connection_with_it(place):
    request = chat(stream=place not in ("no head", "half a plain body"))
    async with before([HANGING[place]]) as (bench, (upstream,)):
        exchange = bench.gateway.exchange(request)
        async with trio.open_nursery() as client:
            client.start_soon(bench.gateway.serve, exchange, SpyOutlet())
            visit = await upstream.first_visit()
            await trio.testing.wait_all_tasks_blocked()
            left = trio.current_time()
            client.cancel_scope.cancel()
        with trio.fail_after(10.0):
            await visit.gone.wait()
        assert visit.left is not None
        assert visit.left - left < AT_ONCE
        assert exchange.outcome is State.CANCELLED


@pytest.mark.parametrize("chop", [lambda data: [data], lambda data: [data[i : i + 1] for i in range(len(data))]])
async def test_frames_may_come_all_at_once_or_byte_by_byte(chop: Callable[[bytes], list[bytes]]):
    data = ROLE + word("grüß") + COMMENT + word(" dich 🙂") + FINISH + DONE
    async with before([stream_of(*chop(data))]) as (bench, _):
        exchange, outlet = await bench.stream()
    assert exchange.outcome is State.OK
    assert texts(outlet) == "grüß dich 🙂"


async def test_a_character_may_be_split_over_two_segments():
    event = word("a🙂b")
    for place in range(event.index("🙂".encode()) + 1, event.index("🙂".encode()) + 4):
        async with before([stream_of(ROLE, event[:place], Wait.READ, event[place:], END)]) as (bench, _):
            _, outlet = await bench.stream()
        assert texts(outlet) == "a🙂b"


async def test_a_slow_client_holds_the_upstream_back():
    flood = chunked(word("x" * 1000) * 60) * 500  # 32 MB, several times what sockets buffer
    async with (
        before([[STREAM_HEAD, flood, chunked(END) + LAST_CHUNK]]) as (bench, (upstream,)),
        bench.gateway.stream(chat(stream=True)) as flow,
    ):
        await flow.__anext__()
        (visit,) = upstream.visits
        held = -1
        with trio.fail_after(30.0):
            while visit.sent != held:
                held = visit.sent
                await trio.testing.wait_all_tasks_blocked(0.1)
        assert held < len(flood) / 2


async def test_a_connection_is_used_again_after_a_stream_that_ended_well():
    late = stream_of(*GOOD, Wait.READ)  # the last chunk comes by itself, behind the end of the answer
    async with before([late, late]) as (bench, (upstream,)):
        for _ in range(2):
            exchange, _ = await bench.stream()
            assert exchange.outcome is State.OK
        assert upstream.connections == 1
