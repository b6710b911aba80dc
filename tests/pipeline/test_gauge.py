import random

import pytest
import trio
from hdrh.histogram import HdrHistogram

from sluicegate.pipeline.errors import RateLimited
from sluicegate.pipeline.gauge import Spread
from sluicegate.pipeline.metrics import HIGHEST_MICROSECONDS
from sluicegate.pipeline.stage import Lane
from sluicegate.testing import SpyOutlet, answering, chat, gateway_of, judging, settling, waiting

SEED = 20
PERCENTILES = (0, 1, 25, 50, 75, 90, 99, 99.9, 100)


def times(count: int) -> list[float]:
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    return [10 ** rng.uniform(-6, 3) for _ in range(count)]


def test_spread_tells_what_a_histogram_of_the_uncut_times_tells():
    spread, plain = Spread(), HdrHistogram(1, HIGHEST_MICROSECONDS, 2)
    for seconds in times(5000):
        spread.record(seconds)
        plain.record_value(max(1, int(seconds * 1e6)))
    assert spread.histogram.total_count == 5000
    for percentile in PERCENTILES:
        assert spread.histogram.get_value_at_percentile(percentile) == plain.get_value_at_percentile(percentile)


@pytest.mark.parametrize("seconds", times(200))
def test_spread_is_within_one_percent_of_one_time(seconds):
    spread = Spread()
    spread.record(seconds)
    assert spread.histogram.get_value_at_percentile(50) == pytest.approx(seconds * 1e6, rel=0.01, abs=1.0)


def test_spread_can_be_looked_at_while_it_is_written():
    spread = Spread()
    for count in range(1, 4):
        spread.record(0.001)
        assert spread.histogram.total_count == count


@pytest.mark.parametrize(("seconds", "told"), [(0.0, 1), (1e-9, 1), (-1.0, 1), (1e9, HIGHEST_MICROSECONDS)])
def test_spread_takes_times_beyond_its_ends(seconds, told):
    spread = Spread()
    spread.record(seconds)
    assert spread.histogram.get_value_at_percentile(50) == pytest.approx(told, rel=0.01)


def test_spread_bounds_what_it_holds_back():
    spread = Spread()
    for n in range(100_000):
        spread.record(n * n * 1e-6)
        assert len(spread._times) < 256
        assert len(spread._counts) < 1024
    assert spread.histogram.total_count == 100_000


async def test_gauges_count_each_exchange_once_in_each_stage(autojump_clock):
    def mixed(exchange):
        match exchange.request.timeout:
            case 1:
                raise RateLimited("no")
            case 2:
                raise ValueError("a bug")
        return

    async def slow(exchange):
        await trio.sleep(10)

    stages = [
        judging(mixed),
        waiting(slow),
        answering(),
        judging(lambda _: None, name="last", lane=Lane.REPLY),
        settling(lambda _: None, name="book"),
    ]
    async with gateway_of(*stages) as gateway:
        for timeout in (1, 2, 3, 100):
            await gateway.serve(gateway.exchange(chat(timeout=timeout)), SpyOutlet())
        await gateway.topology.settle.idle()
        found = {
            g.name: (g.passed, g.replied, g.refused, g.crashed, g.cut, g.ghosts, g.work.histogram.total_count)
            for g in gateway.gauges()
        }
    assert found == {
        "mixed": (2, 0, 1, 1, 0, 0, 4),
        "slow": (1, 0, 0, 0, 1, 0, 2),
        "answer": (0, 1, 0, 0, 0, 0, 1),
        "last": (4, 0, 0, 0, 0, 0, 4),
        "hooks": (4, 0, 0, 0, 0, 0, 4),
        "book": (4, 0, 0, 0, 0, 0, 4),
    }


async def test_gauge_parts_time_in_the_queue_from_time_at_work(autojump_clock):
    async def slow(exchange):
        await trio.sleep(2)

    async with gateway_of(waiting(slow, permits=1), answering()) as gateway, trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(gateway.ask, chat())
    slow_gauge = gateway.gauges()[0]
    assert slow_gauge.work.histogram.get_value_at_percentile(0) == pytest.approx(2e6, rel=0.01)
    assert slow_gauge.queue.histogram.get_value_at_percentile(0) == 1
    assert slow_gauge.queue.histogram.get_value_at_percentile(100) == pytest.approx(2e6, rel=0.01)


async def test_crash_in_the_reply_lane_is_no_refusal_and_refusals_before_it_are_not_its_own(autojump_clock):
    def refuse(exchange):
        raise RateLimited("no")

    def crash(exchange):
        raise ValueError("a bug")

    stages = [judging(refuse), judging(crash, lane=Lane.REPLY)]
    async with gateway_of(*stages) as gateway:
        await gateway.serve(gateway.exchange(chat()), SpyOutlet())
        found = {g.name: (g.refused, g.crashed, g.replied) for g in gateway.gauges()}
    assert found["refuse"] == (1, 0, 0)
    assert found["crash"] == (0, 1, 0)
