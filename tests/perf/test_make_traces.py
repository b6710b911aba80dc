"""The shipped cassettes: made as they are, valid, small, and of the kind that they say."""

import gzip

import pytest

from sluicegate.adapters.stores.cassette import read_cassette
from sluicegate.perf.make_traces import LONG, MAKERS, make
from sluicegate.perf.shelf import SHELF, TRACES, find_cassette
from sluicegate.pipeline.schemas.chat import ChatRequest
from sluicegate.pipeline.schemas.decode import parse, type_body
from sluicegate.pipeline.schemas.rules import check


@pytest.fixture(scope="module", params=TRACES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def takes(name):
    return list(read_cassette(find_cassette(name)))


def test_it_is_made_byte_for_byte_as_it_ships(name):
    assert gzip.decompress(find_cassette(name).read_bytes()) == make(name)


def test_every_body_is_a_good_request(takes):
    for take in takes:
        parse(take.body)
        typed = type_body(take.operation, take.body)
        check(typed)
        assert typed.model == take.model == "demo"
        assert bool(getattr(typed, "stream", None)) == take.stream


def test_every_prompt_is_different(takes):
    assert len({take.body for take in takes}) == len(takes) > 10


def test_arrivals_are_in_the_head_and_tail_of_one_minute_and_times_fit(takes):
    arrivals = sorted(take.arrival for take in takes)
    assert 0.0 <= arrivals[0] < 15.0 < arrivals[-1] < 90.0
    for take in takes:
        (attempt,) = take.attempts
        assert 0.0 < attempt.started < attempt.ended <= take.duration
        times = [chunk.at for chunk in take.chunks]
        assert times == sorted(times)
        assert bool(times) == take.stream == (attempt.first_content is not None)


def test_all_of_them_are_well_under_a_megabyte():
    assert sum(path.stat().st_size for path in SHELF.iterdir()) < 600_000
    assert {path.name for path in SHELF.iterdir()} == {f"{name}.cassette.gz" for name in MAKERS}


def test_long_prompts_are_long():
    assert min(len(take.body) for take in read_cassette(find_cassette("long_prompts"))) > LONG


def test_agents_call_tools_and_get_answers():
    roles = [
        [message.role for message in type_body("chat", take.body).messages]
        for take in read_cassette(find_cassette("agent"))
    ]
    assert max(map(len, roles)) >= 8
    assert all(turn[2:] == ["assistant", "tool"] * (len(turn) // 2 - 1) for turn in roles)
    typed = type_body("chat", next(read_cassette(find_cassette("agent"))).body)
    assert isinstance(typed, ChatRequest)
    assert len(typed.tools or ()) == 4


def test_embeddings_are_of_one_text_and_of_many():
    sizes = {
        len(given) if isinstance(given, list) else 1
        for given in (type_body("embedding", take.body).input for take in read_cassette(find_cassette("embeddings")))
    }
    assert 1 in sizes
    assert max(sizes) > 10
