"""Tokens of an answer: the provider's own figures where there are any, an estimate that says so where there are not."""

import math

import pytest
import trio

from sluicegate.pipeline.reply import Usage
from sluicegate.testing import chat, embedding

from .calling import END, FINISH, USAGE, body_of, calling, error_event, frame, refusal, script, streamed, whole, word

HANG = math.inf
REPORTED = Usage(input=7, output=3)
ASKED = chat("x" * 41, stream=True)  # 41 bytes are 11 tokens


async def test_a_plain_answer_costs_what_the_provider_reports(autojump_clock):
    body = body_of("fine", {"prompt_tokens": 7, "completion_tokens": 3})
    async with calling(script(whole(body=body))) as bench:
        exchange, _ = await bench.plain()
    assert exchange.usage == exchange.attempts[0].usage == REPORTED


async def test_a_plain_answer_without_a_report_is_estimated_by_its_text(autojump_clock):
    async with calling(script(whole("y" * 17))) as bench:
        exchange, _ = await bench.plain(chat("x" * 41))
    assert exchange.usage == exchange.attempts[0].usage == Usage(input=11, output=5, estimated=True)


async def test_an_embedding_without_a_report_has_no_output(autojump_clock):
    body = b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.25,0.5]}]}'
    async with calling(script(whole(body=body))) as bench:
        exchange, _ = await bench.plain(embedding("x" * 41))
    assert exchange.usage == Usage(input=11, output=0, estimated=True)


async def test_a_stream_costs_what_the_provider_reports(autojump_clock):
    async with calling(script(streamed((0.0, word("a") * 9), (0.0, FINISH + USAGE + b"data: [DONE]\n\n")))) as bench:
        exchange, _ = await bench.stream(request=ASKED)
    assert exchange.usage == exchange.attempts[0].usage == REPORTED


async def test_a_stream_without_a_report_is_estimated_by_its_chunks(autojump_clock):
    async with calling(script(streamed((0.0, word("a") * 4), (0.0, word("b") + END)))) as bench:
        exchange, _ = await bench.stream(request=ASKED)
    assert exchange.usage == exchange.attempts[0].usage == Usage(input=11, output=5, estimated=True)


async def test_tokens_streamed_before_the_client_left_are_accounted(autojump_clock):
    async with calling(script(streamed((0.0, word("a") * 2), (1.0, word("b")), (HANG, b"")))) as bench:
        with trio.move_on_after(5.0):
            async with bench.gateway.stream(ASKED) as flow:
                async for _ in flow:
                    pass
    exchange = flow.exchange
    assert exchange.usage == exchange.attempts[0].usage == Usage(input=11, output=3, estimated=True)


@pytest.mark.parametrize(
    ("reported", "expected"),
    [(1, Usage(input=20, output=3, cached=5, estimated=True)), (4, Usage(input=20, output=4, cached=5))],
    ids=["only of the beginning", "of all so far"],
)
async def test_a_report_from_the_middle_of_a_broken_stream_is_completed(autojump_clock, reported, expected):
    usage = {"prompt_tokens": 20, "completion_tokens": reported, "prompt_tokens_details": {"cached_tokens": 5}}
    early = frame({"id": "c", "choices": [{"index": 0, "delta": {"content": "a"}}], "usage": usage})
    async with calling(script(streamed((0.0, early + word("b") + word("c"))))) as bench:
        exchange, _ = await bench.stream()
    assert exchange.failure.code == "stream_interrupted"
    assert exchange.usage == exchange.attempts[0].usage == expected


async def test_only_the_attempt_that_answers_is_accounted_to_the_exchange(autojump_clock):
    async with calling(script(refusal(500)), script(streamed((0.0, word("a") + END)))) as bench:
        exchange, _ = await bench.stream(request=ASKED)
    assert [row.usage for row in exchange.attempts] == [None, exchange.usage]


async def test_an_answer_that_never_began_costs_nothing(autojump_clock):
    async with calling(script(streamed((0.0, error_event())))) as bench:
        exchange, _ = await bench.stream()
    assert exchange.usage is None
