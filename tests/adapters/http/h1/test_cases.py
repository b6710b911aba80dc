"""The table of cases, over real sockets: whole, byte by byte, and cut at random places."""

import random
from contextlib import suppress

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.adapters.http.h1.errors import BadHttp
from sluicegate.adapters.http.h1.limits import Limits
from sluicegate.adapters.http.h1.parser import Parser
from tests.adapters.http.h1.body_cases import BODIES, CHUNKS, SEQUENCES
from tests.adapters.http.h1.cases import HEADERS, LINES, Case
from tests.adapters.http.h1.edge import serving

CASES = [*LINES, *HEADERS, *BODIES, *CHUNKS, *SEQUENCES]


def test_the_table_is_as_long_as_it_should_be_and_names_each_case_once():
    assert len(CASES) >= 80
    assert len({case.name for case in CASES}) == len(CASES)


async def check(client, case: Case):
    answers = [await client.final(method) for _, method in zip(case.answers, case.methods, strict=False)]
    seen = [(one.status, one.body.decode() if one.status == 200 else one.message) for one in answers]
    assert seen == case.answers
    for answer in answers:
        if answer.status != 200:
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["connection"] == "close"
    assert ("connection" in answers[-1].headers and answers[-1].headers["connection"] == "close") != case.serves_on
    await (client.assert_open() if case.serves_on else client.assert_closed())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_what_comes_back(case):
    async with serving() as served:
        async with served.client() as client:
            await client.send(case.sent)
            await check(client, case)
        async with served.client() as another:
            await another.assert_open()


WHOLE = [case for case in (*LINES, *HEADERS, *BODIES, *CHUNKS) if case.answers[0][0] == 200]


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case.name)
async def test_a_request_that_lacks_its_last_byte_is_never_answered(case):
    async with serving() as served:
        async with served.client() as client:
            await client.send(case.sent[:-1])
            await client.stream.send_eof()
            await client.assert_closed()
        async with served.client() as another:
            await another.assert_open()


# Behind an answered request, instead of one in flight, another protocol may begin.
DRIPPED = [case for case in CASES if len(case.sent) < 400 and not case.name.endswith("behind a request")]


@pytest.mark.parametrize("case", DRIPPED, ids=lambda case: case.name)
async def test_the_same_comes_back_when_the_bytes_come_one_by_one(case):
    async with serving() as served, served.client() as client, trio.open_nursery() as nursery:
        nursery.start_soon(drip, client, case.sent)
        if case.name in WORDED_OTHERWISE:
            assert (await client.answer()).status == case.answers[0][0]
            await client.assert_closed()
        else:
            await check(client, case)


WORDED_OTHERWISE = {
    # What is wrong is seen before the head is complete.
    "bare LF after a value",
    "bare CR in a value",
    "nul in a value",
    "no method",
    "tab",
    "nul in target",
}


async def drip(client, data):
    with suppress(trio.BrokenResourceError):
        for at in range(len(data)):
            await client.send(data[at : at + 1])
            await trio.lowlevel.checkpoint()


def run_through(pieces):
    """Return all requests that the parser finds, with their bodies."""
    parser = Parser(Limits())
    found = []
    for piece in pieces:
        parser.feed(piece)
        while True:
            if parser.in_body:
                found[-1][1] += parser.body()
                if parser.in_body:
                    break
            head = parser.head()
            if head is None:
                break
            found.append([head, b""])
    return [(head, body) for head, body in found]


GOOD = [
    case.sent for case in (*LINES, *HEADERS, *BODIES, *CHUNKS, *SEQUENCES) if all(s == 200 for s, _ in case.answers)
]


@settings(max_examples=200)
@given(st.lists(st.sampled_from(GOOD), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_pipelined_requests_are_the_same_wherever_they_are_cut(requests, source: random.Random):
    whole = b"".join(requests)
    cuts = sorted(source.sample(range(len(whole) + 1), k=min(len(whole), source.randint(0, 20))))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert run_through(pieces) == run_through([whole])
    assert len(run_through([whole])) >= len(requests)


@settings(max_examples=300)
@given(st.sampled_from(GOOD), st.data())
def test_damaged_bytes_are_refused_or_read_and_nothing_else_happens(request, data):
    at = data.draw(st.integers(0, len(request) - 1))
    damage = data.draw(st.binary(max_size=3))
    with suppress(BadHttp):
        assert isinstance(run_through([request[:at] + damage + request[at + 1 :]]), list)
