"""The SETTLE lane sees every exchange exactly once, and what it cannot settle is counted and logged."""

from contextlib import asynccontextmanager

import pytest
import trio

from sluicegate.pipeline.config.sections import ServerSettings
from sluicegate.pipeline.ending import ENDING, LEFT, SETTLED
from sluicegate.pipeline.errors import RateLimited
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.life import State
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Lane, Verdict
from sluicegate.pipeline.topology import SETTLERS, Placed, compile_topology
from sluicegate.testing import SpyOutlet, answering, chat, gateway_of, judging, settling, waiting
from tests.pipeline.rest import assert_at_rest, permits


@asynccontextmanager
async def gateway_with_room(room, *stages):
    topology = compile_topology(stages, max_in_flight=1, settle_room=room)
    gateway = Gateway(topology, ServerSettings(max_in_flight=100), Resources())
    async with trio.open_nursery() as nursery:
        await nursery.start(gateway.run)
        yield gateway
        nursery.cancel_scope.cancel()


async def test_every_end_is_settled_once(autojump_clock):
    book = []

    async def by_timeout(exchange):
        if exchange.request.timeout == 1:
            raise RateLimited("no")
        await trio.sleep(10)

    stages = [waiting(by_timeout), answering(), settling(lambda e: book.append((e.outcome, e.state)), name="book")]
    async with gateway_of(*stages, max_in_flight=1) as gateway:
        for timeout in (1, 2, 50):
            await gateway.serve(gateway.exchange(chat(timeout=timeout)), SpyOutlet())
        await gateway.serve(gateway.exchange(chat(timeout=50)), SpyOutlet(gone_at=0))
        gateway.draining = True
        await gateway.serve(gateway.exchange(chat()), SpyOutlet())
        await gateway.topology.settle.idle()
    ends = [State.FAILED, State.FAILED, State.OK, State.CANCELLED, State.FAILED]
    assert book == [(end, end) for end in ends]
    assert gateway.topology.settle.settled == 5


async def test_exchange_is_settled_at_the_end_of_the_lane(autojump_clock):
    async with gateway_of(answering()) as gateway:
        exchange = await gateway.ask(chat())
        assert exchange.state is State.OK
        await gateway.topology.settle.idle()
        assert (exchange.state, exchange.outcome) == (State.SETTLED, State.OK)


async def test_hooks_are_called_last_added_first_and_before_the_stages_of_the_lane(autojump_clock):
    order = []

    async def slowly(exchange):
        await trio.sleep(1)
        order.append(("slowly", trio.current_time()))

    def promise(exchange):
        exchange.on_settle += [
            lambda _: order.append("first"),
            slowly,
            lambda _: order.append("third"),
        ]

    async with gateway_of(judging(promise), answering(), settling(lambda _: order.append("stage"))) as gateway:
        await gateway.ask(chat())
        assert order == []
        await gateway.topology.settle.idle()
    assert order == ["third", ("slowly", 1.0), "first", "stage"]


async def test_hook_that_raises_or_hangs_does_not_keep_others_from_their_turn(autojump_clock, caplog):
    order = []

    def raises(exchange):
        raise ValueError("a bug at once")

    async def raises_late(exchange):
        await trio.sleep(1)
        raise ValueError("a bug after a while")

    async def hangs(exchange):
        await trio.sleep_forever()

    def promise(exchange):
        exchange.on_settle += [lambda _: order.append(trio.current_time()), raises, hangs, raises_late, raises]

    async with gateway_of(judging(promise), answering(), settle_timeout=7) as gateway:
        before = permits(gateway)
        exchange = await gateway.ask(chat())
        await assert_at_rest(gateway, permits_before=before, settled=1)
        assert (order, exchange.outcome) == ([8.0], State.OK)
    assert caplog.text.count("an on_settle hook failed") == 4
    assert "it took longer than 7 s" in caplog.text


async def test_settle_stage_that_waits_too_long_is_cut_counted_and_passed(autojump_clock, caplog):
    order = []

    async def hangs(exchange):
        await trio.sleep_forever()

    stages = [answering(), settling(hangs), settling(lambda _: order.append(trio.current_time()), name="next")]
    async with gateway_of(*stages, settle_timeout=7) as gateway:
        before = permits(gateway)
        await gateway.ask(chat())
        assert trio.current_time() == 0.0
        await assert_at_rest(gateway, permits_before=before, settled=1)
        assert order == [7.0]
        gauge = next(gauge for gauge in gateway.gauges() if gauge.name == "hangs")
        assert (gauge.crashed, gauge.passed) == (1, 0)
    assert "stage hangs could not settle exchange" in caplog.text
    assert "it took longer than 7 s" in caplog.text


@pytest.mark.parametrize("late", [False, True])
async def test_bug_in_a_settle_stage_changes_nothing_for_the_exchange(autojump_clock, caplog, late):
    order = []

    async def crash_late(exchange):
        await trio.lowlevel.checkpoint()
        raise ValueError("a bug")

    def crash(exchange):
        raise ValueError("a bug")

    stages = [answering(), settling(crash_late if late else crash), settling(order.append, name="next")]
    async with gateway_of(*stages) as gateway:
        before = permits(gateway)
        exchange = await gateway.ask(chat())
        await assert_at_rest(gateway, permits_before=before, settled=1)
        assert (exchange.outcome, exchange.error, order) == (State.OK, None, [exchange])
        assert [gauge.crashed for gauge in gateway.gauges()] == [0, 0, 1, 0]
    assert caplog.text.count("could not settle exchange") == 1


async def test_settle_stage_that_asks_to_wait_without_attend_is_a_bug(autojump_clock, caplog):
    class Half:
        def judge(self, exchange):
            return Verdict.WAIT

    async with gateway_of(answering(), Placed("half", Lane.SETTLE, Half())) as gateway:
        before = permits(gateway)
        await gateway.ask(chat())
        await assert_at_rest(gateway, permits_before=before, settled=1)
    assert "asked to wait but has no attend" in caplog.text


async def test_what_hangs_when_the_gateway_ends_is_cut_and_the_exchange_goes_on(autojump_clock, caplog):
    order = []

    async def hangs(exchange):
        await trio.sleep_forever()

    def promise(exchange):
        exchange.on_settle += [lambda _: order.append(("hook", trio.current_time())), hangs]

    stages = [
        judging(promise),
        answering(),
        settling(hangs),
        settling(lambda _: order.append(("stage", trio.current_time())), name="next"),
    ]
    async with gateway_of(*stages) as gateway:
        before = permits(gateway)
        await gateway.ask(chat())
        await gateway.drain(0, ending=2.0)
        assert trio.current_time() == 2.0 * SETTLED
        await assert_at_rest(gateway, permits_before=before, settled=1)
    assert order == [("hook", 2.0 * SETTLED), ("stage", 2.0 * SETTLED)]
    assert trio.current_time() == 2.0 * SETTLED
    assert "it took longer than the gateway lives" in caplog.text


async def test_everything_is_settled_however_much_hangs_when_the_gateway_ends(autojump_clock):
    async def hangs(exchange):
        await trio.sleep_forever()

    async with gateway_of(answering(), settling(hangs)) as gateway:
        before = permits(gateway)
        for _ in range(3 * SETTLERS):
            await gateway.ask(chat())
    await assert_at_rest(gateway, permits_before=before, settled=3 * SETTLERS)
    assert trio.current_time() == SETTLED * ENDING


async def test_settling_does_not_hold_the_next_request(autojump_clock):
    async def slow(exchange):
        await trio.sleep(5)

    async with gateway_of(answering(), settling(slow), max_in_flight=1) as gateway:
        for _ in range(3):
            await gateway.ask(chat())
        assert (trio.current_time(), gateway.in_flight, gateway.topology.settle.pending) == (0.0, 0, 3)
        await gateway.topology.settle.idle()
        assert trio.current_time() == 5.0


async def test_settlers_are_bounded_and_the_rest_waits_in_the_inbox(autojump_clock):
    at_once = []

    async def slow(exchange):
        at_once.append(1)
        await trio.sleep(1)
        at_once.pop()

    spied = settling(slow)
    async with gateway_of(answering(), Placed(spied.name, spied.lane, spied.stage, permits=2)) as gateway:
        before = permits(gateway)
        for _ in range(5):
            await gateway.ask(chat())
        await trio.testing.wait_all_tasks_blocked()
        assert len(at_once) == 2
        await assert_at_rest(gateway, permits_before=before, settled=5)
        assert trio.current_time() == 3.0


async def test_overflow_of_the_lane_is_counted_and_logged_at_powers_of_two(autojump_clock, caplog):
    async def slow(exchange):
        await trio.sleep(1)

    spied = settling(slow)
    bounded = Placed(spied.name, spied.lane, spied.stage, permits=1)
    async with gateway_with_room(3, answering(), bounded) as gateway:
        before = permits(gateway)
        # One settles, one is with the worker, three stand in the inbox; seven find it full.
        for _ in range(12):
            await gateway.ask(chat())
            await trio.testing.wait_all_tasks_blocked()
        assert gateway.topology.settle.lost == 7
        await assert_at_rest(gateway, permits_before=before, settled=5, lost=7)
    lines = [record.getMessage() for record in caplog.records]
    assert [line.rpartition("; ")[2] for line in lines] == ["1 lost", "2 lost", "4 lost"]
    assert all("the inbox of slow is full" in line for line in lines)


async def test_burst_of_refusals_overflows_nothing(autojump_clock):
    async def slow(exchange):
        await trio.sleep(1)

    async with gateway_of(waiting(slow), answering(), max_in_flight=1) as gateway:
        before = permits(gateway)
        async with trio.open_nursery() as nursery:
            for _ in range(1000):
                nursery.start_soon(gateway.serve, gateway.exchange(chat()), SpyOutlet())
        await assert_at_rest(gateway, permits_before=before, settled=1000)


async def test_what_is_not_settled_when_the_gateway_ends_is_counted_and_logged(autojump_clock, caplog):
    """What cannot be cut does not hold up the gateway's end for ever."""

    async def hangs(exchange):
        with trio.CancelScope(shield=True):
            await trio.sleep(60)
        await trio.lowlevel.checkpoint()

    async with gateway_of(answering(), settling(hangs)) as gateway:
        await gateway.ask(chat())
        left = gateway.topology.settle
        await gateway.drain(0)
        assert (left.pending, trio.current_time()) == (1, LEFT * ENDING)
    assert (left.lost, trio.current_time()) == (1, 60.0)
    assert "1 exchanges are not settled: the gateway has ended" in caplog.text
