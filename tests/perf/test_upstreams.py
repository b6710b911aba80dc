"""The measure of a call to an upstream. Its limits are held by `make test`, which runs it by itself."""

import pytest

from sluicegate.perf import upstreams
from sluicegate.perf.processes import simulator
from sluicegate.perf.simulate.server import CHAT


@pytest.fixture(scope="module")
def url():
    with simulator() as upstream:
        yield upstream.url + CHAT


@pytest.mark.parametrize("kind", upstreams.KINDS)
async def test_every_kind_of_call_is_answered_and_takes_time(kind, url):
    async with upstreams.KINDS[kind](url) as call:
        assert 0 < await upstreams.per_call(call, 4, 40) < 0.1


async def test_every_kind_is_measured_at_every_number_in_flight(url):
    best = await upstreams.measure(url, calls=64, repeats=1)
    assert set(best) == {(kind, count) for kind in upstreams.KINDS for count in upstreams.IN_FLIGHT}
