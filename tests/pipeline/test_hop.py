"""A stage's bug ends its exchange alone; a worker's death ends the gateway loudly."""

from itertools import pairwise

import pytest
import trio

from sluicegate.pipeline.errors import GatewayError, Overloaded, RateLimited, StageCrashed
from sluicegate.pipeline.hop import BURST
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.stage import Lane, Verdict
from sluicegate.testing import SpyOutlet, answering, chat, gateway_of, judging, waiting
from tests.pipeline.rest import assert_at_rest, permits


class Half:
    """A stage with a ``judge`` alone that returns what it is told to."""

    def __init__(self, verdict):
        self._verdict = verdict

    def judge(self, exchange):
        return self._verdict


class Both:
    """A stage that waits with those who have time, and passes the others at once."""

    def judge(self, exchange):
        if exchange.request.timeout is None:
            return Verdict.PASS
        return Verdict.WAIT

    async def attend(self, exchange):
        await trio.sleep(exchange.request.timeout / 2)
        return Verdict.PASS


def crash(exchange):
    if exchange.request.timeout == 1:
        raise KeyError("a bug with sk-secret")


async def crash_late(exchange):
    await trio.lowlevel.checkpoint()
    crash(exchange)


@pytest.mark.parametrize("lane", [Lane.REQUEST, Lane.REPLY])
@pytest.mark.parametrize("make", [lambda lane: judging(crash, lane=lane), lambda lane: waiting(crash_late, lane=lane)])
async def test_bug_of_a_stage_ends_that_exchange_alone(autojump_clock, caplog, lane, make):
    stages = [answering(), make(lane)] if lane is Lane.REPLY else [make(lane), answering()]
    async with gateway_of(*stages) as gateway:
        before, ends = permits(gateway), []

        async def client(timeout):
            exchange, outlet = gateway.exchange(chat(timeout=timeout)), SpyOutlet()
            await gateway.serve(exchange, outlet)
            ends.append((timeout, exchange.outcome, outlet.texts))
            if timeout == 1:
                assert isinstance(exchange.error, StageCrashed)
                assert isinstance(exchange.error.__cause__, KeyError)
                assert "sk-secret" not in exchange.error.message

        async with trio.open_nursery() as nursery:
            for timeout in (1, 2, 3):
                nursery.start_soon(client, timeout)
        assert sorted(ends) == [
            (1, State.FAILED, ["open:stage_crashed"]),
            (2, State.OK, ["open"]),
            (3, State.OK, ["open"]),
        ]
        assert sum(gauge.crashed for gauge in gateway.gauges()) == 1
        await assert_at_rest(gateway, permits_before=before, settled=3)
    (record,) = caplog.records
    assert record.exc_info[0] is KeyError


@pytest.mark.parametrize("verdict", [None, True, "pass", Reply()])
async def test_judge_that_returns_no_verdict_is_a_bug(autojump_clock, verdict):
    async with gateway_of(Half(verdict), answering()) as gateway:
        with pytest.raises(StageCrashed) as raised:
            await gateway.ask(chat())
        assert str(raised.value.__cause__) == f"stage 'Half' returned a {type(verdict).__name__} instead of a Verdict"
        assert gateway.gauges()[0].crashed == 1


async def test_judge_that_asks_to_wait_without_attend_is_a_bug(autojump_clock):
    async with gateway_of(Half(Verdict.WAIT), answering()) as gateway:
        before = permits(gateway)
        with pytest.raises(StageCrashed) as raised:
            await gateway.ask(chat())
        assert str(raised.value.__cause__) == "stage 'Half' asked to wait but has no attend"
        await assert_at_rest(gateway, permits_before=before, settled=1)


async def test_attend_that_asks_to_wait_again_is_a_bug(autojump_clock):
    async def again(exchange):
        return Verdict.WAIT

    async with gateway_of(waiting(again), answering()) as gateway:
        with pytest.raises(StageCrashed) as raised:
            await gateway.ask(chat())
        assert "returned Verdict.WAIT from attend" in str(raised.value.__cause__)


@pytest.mark.parametrize("stage", [Half(Verdict.PASS), Half(Verdict.REPLY)])
async def test_pipeline_that_answers_nothing_fails_before_the_reply_lane_sees_it(autojump_clock, stage):
    seen = []
    look = judging(lambda exchange: seen.append(exchange.error.code), name="look", lane=Lane.REPLY)
    async with gateway_of(stage, look) as gateway:
        with pytest.raises(StageCrashed, match="no stage of the pipeline answered this request"):
            await gateway.ask(chat())
        assert seen == ["stage_crashed"]


async def test_reply_lane_that_takes_the_reply_away_fails_the_exchange(autojump_clock):
    def take_away(exchange):
        exchange.reply = None

    async with gateway_of(answering(), judging(take_away, lane=Lane.REPLY)) as gateway:
        outlet = SpyOutlet()
        await gateway.serve(gateway.exchange(chat()), outlet)
        assert outlet.texts == ["open:stage_crashed"]


async def test_refusal_jumps_over_the_stages_after_it(autojump_clock):
    seen = []

    def refuse(exchange):
        raise RateLimited("no more", retry_after=7.0)

    stages = [judging(refuse), judging(seen.append, name="never"), answering()]
    async with gateway_of(*stages) as gateway:
        with pytest.raises(RateLimited) as raised:
            await gateway.ask(chat())
        assert (raised.value.retry_after, seen) == (7.0, [])
        assert [(gauge.refused, gauge.crashed) for gauge in gateway.gauges()[:1]] == [(1, 0)]


async def test_crash_that_a_stage_reports_itself_is_counted_and_logged_as_one(autojump_clock, caplog):
    def report(exchange):
        raise StageCrashed("a store that calls itself immediate has waited")

    async with gateway_of(judging(report)) as gateway:
        with pytest.raises(StageCrashed):
            await gateway.ask(chat())
        assert (gateway.gauges()[0].refused, gateway.gauges()[0].crashed) == (0, 1)
    assert "stage report crashed" in caplog.text


async def test_stage_with_judge_and_attend_decides_for_each_exchange(autojump_clock):
    async with gateway_of(Both(), answering()) as gateway:
        await gateway.ask(chat())
        assert trio.current_time() == 0.0
        await gateway.ask(chat(timeout=8))
        assert trio.current_time() == 4.0
        assert gateway.gauges()[0].passed == 2


async def test_permits_bound_how_many_wait_in_a_stage_and_all_get_their_turn(autojump_clock):
    inside, most, ends = [], [], []

    async def slow(exchange):
        inside.append(exchange)
        most.append(len(inside))
        await trio.sleep(1)
        inside.remove(exchange)

    async def client():
        await gateway.ask(chat())
        ends.append(trio.current_time())

    async with gateway_of(waiting(slow, permits=3), answering()) as gateway:
        before = permits(gateway)
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(client)
        assert max(most) == 3
        assert ends == [1.0] * 3 + [2.0] * 3 + [3.0] * 3 + [4.0]
        await assert_at_rest(gateway, permits_before=before, settled=10)


async def test_full_inbox_does_not_starve_the_rest_of_the_program(autojump_clock):
    """Between two turns of another task a worker has at most two, since trio shuffles tasks: each is one burst."""
    judged, seen = [], []

    async def bystander():
        while len(judged) < 1000:
            seen.append(len(judged))
            await trio.lowlevel.checkpoint()

    stages = [judging(judged.append, name="count"), answering()]
    async with gateway_of(*stages, max_in_flight=1000) as gateway, trio.open_nursery() as nursery:
        for _ in range(1000):
            nursery.start_soon(gateway.ask, chat())
        nursery.start_soon(bystander)
    assert len(judged) == 1000
    assert max(after - before for before, after in pairwise(seen)) <= 2 * BURST


class Dying:
    def judge(self, exchange):
        raise SystemExit("a worker died")


@pytest.mark.parametrize("inside", [False, True])
async def test_workers_death_ends_the_gateway_loudly_and_what_is_under_way_is_told(autojump_clock, inside):
    served = []

    async def slow(exchange):
        if exchange.request.timeout is None:
            await trio.sleep_forever()

    async def serve(gateway, request):
        exchange, outlet = gateway.exchange(request), SpyOutlet()
        await gateway.serve(exchange, outlet)
        served.append((outlet.written, exchange.outcome))
        assert not gateway.ready

    async def fatal(outside):
        async with gateway_of(waiting(slow), Dying()) as gateway, trio.open_nursery() as block:
            nursery = block if inside else outside
            nursery.start_soon(serve, gateway, chat())
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(serve, gateway, chat(timeout=100))
            await trio.sleep_forever()

    async with trio.open_nursery() as outside:
        with pytest.raises(SystemExit, match="a worker died"):
            await fatal(outside)
    assert served == [([(0.0, "close:shutting_down")], State.FAILED)] * 2


async def test_caller_in_the_block_is_told_beside_the_workers_death(autojump_clock):
    async def fatal():
        async with gateway_of(Dying()) as gateway:
            await gateway.ask(chat())

    with pytest.raises(BaseExceptionGroup) as raised:
        await fatal()
    assert raised.group_contains(SystemExit)
    assert raised.group_contains(Overloaded, match="the gateway is ending")


async def test_refusal_of_a_child_task_is_a_crash_since_it_comes_in_a_group(autojump_clock):
    async def child():
        raise GatewayError("no")

    async def hedge(exchange):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)

    async with gateway_of(waiting(hedge)) as gateway:
        with pytest.raises(StageCrashed) as raised:
            await gateway.ask(chat())
        assert isinstance(raised.value.__cause__, ExceptionGroup)
