"""The same load as tasks, in virtual time."""

import signal
from collections import Counter
from itertools import islice

import pytest
import trio

from sluicegate.perf.load.engine import Rules
from sluicegate.perf.load.library import asking
from sluicegate.perf.load.measurement import Measurement, quantile
from sluicegate.perf.load.shots import Shot, at_once, chats, evenly
from sluicegate.perf.load.tasks import Outcome, TaskLoad

ONE = Rules(closed=False, connections=1)
MANY = Rules(closed=False, connections=100)


def run(ask, timed, rules, tick=None):
    return TaskLoad(ask, timed, rules, Measurement(), tick).run()


def stalling(at, seconds):
    """Answer at once, but the request that comes first after ``at`` only after ``seconds``."""
    waits = [seconds]

    async def ask(shot):
        await trio.sleep(waits.pop() if waits and trio.current_time() >= at else 0)
        return Outcome()

    return ask


async def test_requests_scheduled_during_a_stall_count_their_waiting(autojump_clock):
    """100 requests a second for 3 s, and a stall of 1 s: those 100 wait 1.00, 0.99, 0.98... seconds."""
    began = trio.current_time()
    measured = await run(stalling(began + 1, 1.0), islice(evenly(chats("m"), 100), 300), ONE)
    assert measured.answers == 300
    # 200 were answered at once; the others are spread over the second. Three digits are kept.
    assert quantile(measured.latency, 66) == pytest.approx(1e-6)
    for percent in (70, 80, 90, 99):
        assert quantile(measured.latency, percent) == pytest.approx(1 - (100 - percent) * 3 / 100, abs=0.015)
    assert measured.latency.get_max_value() == pytest.approx(1_000_000, rel=0.001)
    late = measured.late.get_max_value()
    assert late == pytest.approx(990_000, rel=0.001)


async def test_a_closed_loop_hides_what_an_open_one_shows(autojump_clock):
    began = trio.current_time()
    rules = Rules(closed=True, connections=1)
    measured = await run(stalling(began, 1.0), at_once(chats("m"), 300), rules)
    assert quantile(measured.latency, 99) == pytest.approx(1e-6)


async def test_requests_leave_at_their_times_whatever_the_answers_do(autojump_clock):
    sent = []

    async def ask(shot):
        sent.append(trio.current_time())
        await trio.sleep(10)
        return Outcome()

    began = trio.current_time()
    measured = await run(ask, islice(evenly(chats("m"), 10), 20), MANY)
    assert [at - began for at in sent] == pytest.approx([number / 10 for number in range(20)])
    assert measured.duration == pytest.approx(11.9)


async def test_a_time_limit_ends_a_request_and_the_sending(autojump_clock):
    async def ask(shot):
        await trio.sleep_forever()

    rules = Rules(closed=True, connections=2, timeout=1.0, seconds=2.5)
    measured = await run(ask, at_once(chats("m")), rules)
    assert measured.errors == Counter(timeout=6)
    assert measured.duration == 3.0


async def test_a_stall_shows_in_the_timeline_where_it_was(autojump_clock):
    began = trio.current_time()
    measured = await run(stalling(began + 1, 1.0), islice(evenly(chats("m"), 100), 300), ONE)
    line = measured.timeline
    assert line.width == 0.25
    high = [interval.percentile(0.99) > 0.1 for interval in line.intervals]
    assert high == [False] * 4 + [True] * 4 + [False] * 4


async def test_a_signal_ends_a_run_with_what_it_has(autojump_clock):
    async def ask(shot):
        await trio.sleep(1)
        return Outcome()

    def interrupt(measured):
        if measured.answers == 4:
            signal.raise_signal(signal.SIGINT)

    measured = await run(ask, at_once(chats("m")), Rules(closed=True, connections=2), interrupt)
    assert (measured.interrupted, measured.answers, measured.unfinished) == (True, 4, 2)


SIMULATED = "providers: { sim: { type: simulator, first_token: 100ms, tokens_per_second: 100, tokens: 21 } }"


async def test_a_gateway_in_this_process_is_asked_through_its_pipeline(autojump_clock):
    from sluicegate import open_gateway
    from sluicegate.pipeline.config.load import load
    from sluicegate.pipeline.registry import Registry

    async with open_gateway(load(SIMULATED, {}, Registry()).config, environ={}) as client:
        ask = asking(client.gateway)
        shots = [next(chats("sim/any", stream=stream)) for stream in (False, True)]
        whole, stream = [await ask(shot) for shot in shots]
        wrong = await ask(Shot("chat", b"{}"))
        listed = await ask(Shot("models"))
    assert whole == listed == Outcome()
    assert stream.error is None
    assert stream.chunks == 1 + 21 + 1
    assert wrong == Outcome("http_400")
