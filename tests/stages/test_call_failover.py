"""What fails over unseen, what never does, and that the commit point lies between."""

import logging
import math

import pytest
import trio

from sluicegate.pipeline.errors import StreamInterrupted, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.life import State
from sluicegate.stages.call import CallSettings
from sluicegate.stages.parts.upstream_stream import LAST_BYTES_TIME
from sluicegate.testing import ScriptedResponse, ScriptedTransport

from .calling import (
    COMMENT,
    DONE,
    END,
    FINISH,
    KEY,
    ROLE,
    USAGE,
    body_of,
    calling,
    error_event,
    good_stream,
    refusal,
    script,
    streamed,
    texts,
    whole,
    word,
)

PAGE = b"<html><title>Welcome</title></html>"
CUT = StreamInterrupted("a.test closed the connection in the middle of its answer")
HANG = math.inf


def page() -> ScriptedResponse:
    return ScriptedResponse((0.0, PAGE), headers={"content-type": "text/html"})


BOTH = {
    "refused connection": (lambda: UpstreamError("no connection to a.test: refused"), "upstream_error"),
    "500": (lambda: refusal(500), "upstream_error"),
    "503": (lambda: refusal(503), "upstream_error"),
    "429": (lambda: refusal(429), "rate_limit_exceeded"),
    "own bad key, 401": (lambda: refusal(401), "upstream_auth_error"),
    "own bad key, 403": (lambda: refusal(403), "upstream_auth_error"),
    "no quota": (lambda: refusal(402), "insufficient_quota"),
    "redirect": (lambda: refusal(307), "upstream_error"),
    "page": (page, "upstream_error"),
}
STREAMS = {
    "error event": (lambda: streamed((0.0, error_event())), "upstream_error"),
    "error event behind a role": (lambda: streamed((0.0, ROLE), (0.0, error_event())), "upstream_error"),
    "error event in the role's bytes": (lambda: streamed((0.0, ROLE + error_event())), "upstream_error"),
    "error event in the first content's bytes": (
        lambda: streamed((0.0, ROLE + word("lost") + error_event())),
        "upstream_error",
    ),
    "own bad key in-band": (lambda: streamed((0.0, error_event("invalid_api_key"))), "upstream_auth_error"),
    "malformed frame": (lambda: streamed((0.0, ROLE), (0.0, b"data: {nonsense\n\n")), "upstream_error"),
    "frame of another API": (lambda: streamed((0.0, b'data: {"choices": 1}\n\n')), "upstream_error"),
    "silent stall": (lambda: streamed((0.0, ROLE), (HANG, b"")), "upstream_first_token_timeout"),
    "no head": (lambda: streamed(wait=HANG), "upstream_first_token_timeout"),
    "nothing at all": (lambda: streamed(), "stream_interrupted"),
    "only comments": (lambda: streamed((0.0, COMMENT)), "stream_interrupted"),
    "only a terminator": (lambda: streamed((0.0, DONE)), "empty_stream"),
    "role and terminator": (lambda: streamed((0.0, ROLE + DONE)), "empty_stream"),
    "end behind the role": (lambda: streamed((0.0, ROLE)), "stream_interrupted"),
    "cut behind the role": (lambda: streamed((0.0, ROLE), (0.0, CUT)), "stream_interrupted"),
    "cut in a frame": (lambda: streamed((0.0, ROLE + b'data: {"cho'), (0.0, CUT)), "stream_interrupted"),
}
PLAIN = {
    "cut body": (lambda: ScriptedResponse((0.0, body_of()[:20]), (0.0, CUT)), "stream_interrupted"),
    "half a body": (lambda: ScriptedResponse((0.0, body_of()[:20])), "upstream_error"),
    "empty body": (lambda: ScriptedResponse(), "upstream_error"),
    "error in a 200": (lambda: whole(body=b'{"error": {"message": "it broke"}}'), "upstream_error"),
    "stalled body": (lambda: ScriptedResponse((0.0, b"{"), (HANG, b"")), "upstream_response_timeout"),
}


def params(*tables):
    return [pytest.param(*row, id=name) for table in tables for name, row in table.items()]


@pytest.mark.parametrize(("broken", "code"), params(BOTH, STREAMS))
async def test_a_stream_that_breaks_before_content_fails_over_unseen(autojump_clock, broken, code):
    answer = broken()
    async with calling(script(answer), script(good_stream())) as bench:
        exchange, outlet = await bench.stream()
    assert outlet.texts[0] == "open"
    assert texts(outlet) == "fine"
    assert outlet.texts[-1] == "close"
    assert exchange.outcome is State.OK
    first, second = exchange.attempts
    assert (first.target, second.target) == (Target("a", "model"), Target("b", "model"))
    assert first.error is not None
    assert (first.error.code, first.first_content, first.ended) == (code, None, second.started)
    assert "provider 'a'" in first.error.message
    assert (second.error, second.first_content) == (None, second.started)
    assert exchange.notes == {"provider": "b", "model": "model"}
    if isinstance(answer, ScriptedResponse) and answer.wait != HANG:
        assert answer.closed == first.ended


@pytest.mark.parametrize(("broken", "code"), params(BOTH, PLAIN))
async def test_a_plain_answer_that_breaks_fails_over_unseen(autojump_clock, broken, code):
    answer = broken()
    async with calling(script(answer), script(whole()), timeout={"response": 9.0}) as bench:
        exchange, outlet = await bench.plain()
    assert outlet.texts == ["open"]
    assert exchange.reply is not None
    assert exchange.reply.body == body_of()
    first, second = exchange.attempts
    assert first.error is not None
    assert (first.error.code, first.ended) == (code, second.started)
    assert second.error is None
    if isinstance(answer, ScriptedResponse):
        assert answer.closed == first.ended


@pytest.mark.parametrize(
    ("rest", "code", "seen"),
    [
        ([(1.0, error_event())], "upstream_error", "one"),
        ([(1.0, word(" two") + error_event() + word("no")), (HANG, b"")], "upstream_error", "one two"),
        ([(1.0, word(" two") + b"data: {nonsense\n\n"), (HANG, b"")], "upstream_error", "one two"),
        ([(1.0, b"data: {nonsense\n\n")], "upstream_error", "one"),
        ([(1.0, CUT)], "stream_interrupted", "one"),
        ([(1.0, b"")], "stream_interrupted", "one"),
        ([(1.0, word(" two") + b'data: {"cho'), (0.0, CUT)], "stream_interrupted", "one two"),
        ([(1.0, ROLE), (HANG, b"")], "upstream_idle_timeout", "one"),
        ([(1.0, error_event("invalid_api_key"))], "upstream_auth_error", "one"),
        ([(1.0, error_event("invalid_request_error"))], "invalid_value", "one"),
        ([(1.0, USAGE), (0.0, CUT)], "stream_interrupted", "one"),
    ],
)
async def test_behind_the_commit_point_every_break_is_told_and_nobody_else_is_asked(autojump_clock, rest, code, seen):
    answer, second = streamed((0.0, word("one")), *rest), script(good_stream())
    async with calling(script(answer), second, max_retries=5) as bench:
        exchange, outlet = await bench.stream()
    assert texts(outlet) == seen
    assert outlet.texts[-1] == f"close:{code}"
    assert exchange.outcome is State.FAILED
    assert second.requests == []
    (row,) = exchange.attempts
    assert row.error is exchange.error
    assert (row.first_content, row.ended) == (0.0, answer.closed)
    assert row.ended == (31.0 if code == "upstream_idle_timeout" else 1.0)


async def test_a_provider_without_the_operation_is_passed_over_and_named_where_none_has_it(autojump_clock):
    first, second = script(), script(whole())
    async with calling(first, second) as bench:
        bench.resources.providers["a"].operations = frozenset({"embedding"})
        exchange, _ = await bench.plain()
        assert (exchange.error, first.requests, len(exchange.attempts)) == (None, [], 1)
        bench.resources.providers["b"].operations = frozenset({"embedding"})
        exchange, _ = await bench.plain()
    assert (exchange.failure.status, exchange.failure.code) == (400, "unsupported_endpoint")
    assert exchange.failure.message == (
        "provider 'b' has no operation 'chat'; no answer from the other targets either: a/model (unsupported_endpoint)"
    )


@pytest.mark.parametrize("status", [400, 404, 413, 422])
@pytest.mark.parametrize("streaming", [False, True])
async def test_what_the_caller_did_wrong_is_told_at_once(autojump_clock, status, streaming):
    first, second = script(refusal(status, "messages[0] is wrong")), script()
    async with calling(first, second, max_retries=5, failures=1) as bench:
        exchange, _ = await (bench.stream() if streaming else bench.plain())
        assert exchange.failure.status == status
        assert exchange.failure.message == "messages[0] is wrong"
        assert len(first.requests) == 1
        assert second.requests == []
        assert bench.breaker("a").failures == 0


async def test_the_callers_fault_in_band_before_content_is_told_as_a_whole_error(autojump_clock):
    async with calling(script(streamed((0.0, ROLE + error_event("invalid_request_error")))), script()) as bench:
        exchange, outlet = await bench.stream()
    assert outlet.texts == ["open:invalid_value"]
    assert exchange.failure.status == 400


@pytest.mark.parametrize("status", [401, 403])
async def test_our_own_bad_key_is_never_told_as_the_callers_and_is_logged(autojump_clock, caplog, status):
    async with calling(script(refusal(status, f"bad key {KEY}"))) as bench:
        exchange, _ = await bench.plain()
    assert (exchange.failure.status, exchange.failure.code) == (502, "upstream_auth_error")
    (line,) = [line for line in caplog.records if line.name == "sluicegate.stages.call"]
    assert line.levelno == logging.ERROR
    assert line.getMessage() == (
        f"exchange {exchange.id}: a/model: upstream_auth_error, 0.000 s: "
        f"provider 'a' did not accept the gateway's key ({status})"
    )


@pytest.mark.parametrize(
    "rest",
    [[(0.0, CUT)], [(HANG, b"")], [(0.125, b" " * 32_768)] * 100],
    ids=["cut", "stalled", "huge"],
)
@pytest.mark.parametrize(("status", "told"), [(400, 400), (500, 502)])
async def test_the_status_of_an_error_counts_whatever_becomes_of_its_body(autojump_clock, rest, status, told):
    answer = ScriptedResponse((0.0, b'{"error": {"mess'), *rest, status=status)
    async with calling(script(answer)) as bench:
        exchange, _ = await bench.plain()
    assert exchange.failure.status == told
    # A quarter of a megabyte a second: after two pieces there is enough.
    assert answer.closed == {0.0: 0.0, HANG: 2.0, 0.125: 0.25}[rest[0][0]]


async def test_a_provider_that_cannot_be_asked_for_this_leaves_it_to_the_next(autojump_clock):
    first, second = script(), script(whole())
    async with calling(first, second) as bench:
        translator = bench.resources.providers["a"].translator
        del translator._urls["chat"]  # as of a provider whose API lacks the operation
        exchange, _ = await bench.plain()
        assert exchange.outcome is State.OK
        assert [each.target.provider for each in exchange.attempts] == ["b"]
        assert first.requests == []


async def test_an_empty_answer_that_has_its_reason_to_finish_is_an_answer(autojump_clock):
    async with calling(script(streamed((0.0, ROLE), (2.0, END))), script()) as bench:
        exchange, outlet = await bench.stream()
    assert exchange.outcome is State.OK
    assert outlet.written[0] == (2.0, "open")
    assert exchange.attempts[0].first_content is None


async def test_nothing_leaves_before_the_first_content_and_then_all_leaves_in_one_write(autojump_clock):
    answer = streamed((1.0, ROLE), (1.0, COMMENT), (1.0, word("a")), (1.0, word("b")), (1.0, FINISH), (1.0, DONE))
    async with calling(script(answer)) as bench:
        _, outlet = await bench.stream()
    frames = [each.removeprefix(b"data: ").strip().decode() for each in (ROLE, word("a"), word("b"), FINISH)]
    assert outlet.written == [
        (3.0, "open"),
        (3.0, frames[0] + frames[1]),
        (4.0, frames[2]),
        (5.0, frames[3]),
        (6.0, "close"),
    ]


async def test_a_stream_that_fills_the_buffer_is_committed_with_all_of_it(autojump_clock):
    """One byte below the limit it would still fail over."""
    size = len(ROLE) - len(b"data: \n\n")
    for buffer, asked in ((3 * size - 1, 0), (3 * size, 1)):
        first: ScriptedTransport = script(streamed((0.0, ROLE * 3), (0.0, CUT)))
        second = script(good_stream())
        async with calling(first, second, call=CallSettings(commit_buffer=buffer)) as bench:
            exchange, outlet = await bench.stream()
        assert len(second.requests) == asked
        assert (exchange.outcome is State.OK) == bool(asked)
        assert outlet.texts[-1] == ("close" if asked else "close:stream_interrupted")


async def test_an_answer_over_the_limit_is_broken_off(autojump_clock):
    size = len(body_of())
    for limit, ended in ((size, 9.0), (size - 1, 1.0)):
        answer = ScriptedResponse((1.0, body_of()), (8.0, b""))
        async with calling(script(answer), call=CallSettings(max_reply=limit)) as bench:
            started = trio.current_time()
            exchange, _ = await bench.plain()
        assert answer.closed == started + ended
    assert exchange.failure.code == "upstream_reply_too_large"
    assert exchange.failure.message == f"provider 'a': the answer is over {size - 1} bytes, the limit"


async def test_no_client_waits_for_bytes_behind_the_terminator(autojump_clock):
    answer = streamed((0.0, word("a") + END), (HANG, b""))
    async with calling(script(answer)) as bench:
        exchange, outlet = await bench.stream()
    assert exchange.outcome is State.OK
    assert outlet.written[-1] == (0.0, "close")
    assert exchange.attempts[0].ended == 0.0
    assert answer.closed == LAST_BYTES_TIME
