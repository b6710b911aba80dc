"""Draining: what is under way may end, then is told to; nothing new comes in; everything is settled."""

from functools import partial

import pytest
import trio

from sluicegate.pipeline.config.sections import ProviderSettings
from sluicegate.pipeline.ending import CLOSED, ENDING, LEFT, SETTLED
from sluicegate.pipeline.errors import Overloaded
from sluicegate.pipeline.life import State
from sluicegate.pipeline.provider import Provider
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Lane, Verdict
from sluicegate.testing import ScriptedStream, SpyOutlet, answering, chat, gateway_of, judging, settling, waiting
from tests.pipeline.rest import assert_at_rest, permits
from tests.stages.exchanges import KnownModels


def sleeping(seconds):
    async def sleeper(exchange):
        await trio.sleep(seconds)

    return waiting(sleeper)


async def test_drain_of_an_idle_gateway_takes_no_time(autojump_clock):
    async with gateway_of(answering()) as gateway:
        await gateway.drain(30)
        assert (trio.current_time(), gateway.draining) == (0.0, True)


async def test_drain_waits_for_what_is_under_way_and_flushes_settling(autojump_clock):
    book = []

    async def slow_booking(exchange):
        await trio.sleep(2)
        book.append((trio.current_time(), exchange.outcome))

    async with gateway_of(sleeping(10), answering(), settling(slow_booking)) as gateway, trio.open_nursery() as nursery:
        outlet = SpyOutlet()
        nursery.start_soon(gateway.serve, gateway.exchange(chat()), outlet)
        await trio.testing.wait_all_tasks_blocked()
        await gateway.drain(30)
        assert trio.current_time() == 12.0
        assert (outlet.written, book) == ([(10.0, "open")], [(12.0, State.OK)])


async def test_drain_refuses_what_is_new_and_says_when_to_come_back(autojump_clock):
    async with gateway_of(sleeping(10), answering()) as gateway, trio.open_nursery() as nursery:
        nursery.start_soon(gateway.ask, chat())
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(gateway.drain, 30)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(Overloaded) as refused:
            await gateway.ask(chat())
        assert (refused.value.status, refused.value.code, refused.value.retry_after) == (503, "draining", 1.0)
        assert trio.current_time() == 0.0


async def test_drain_interrupts_what_takes_longer_with_an_error_of_its_own(autojump_clock):
    """A stream is told in-band, a plain call gets a whole error, a caller in the program gets it raised."""
    stream, ends = ScriptedStream((1, "a"), (100, "b")), {}

    async def call(exchange):
        if exchange.request.stream:
            return Reply(stream=stream)
        return await trio.sleep(100)

    async def client(name, **asked):
        outlet, exchange = SpyOutlet(), gateway.exchange(chat(**asked))
        await gateway.serve(exchange, outlet)
        ends[name] = (outlet.written, exchange.outcome)

    async def program():
        with pytest.raises(Overloaded, match="the gateway is ending"):
            await gateway.ask(chat())
        ends["program"] = trio.current_time()

    async def block():
        with pytest.raises(Overloaded, match="the gateway is ending"):
            async with gateway.stream(chat()):
                await trio.sleep_forever()
        ends["block"] = trio.current_time()

    async with gateway_of(waiting(call), answering()) as gateway:
        before = permits(gateway)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client, "stream")
            nursery.start_soon(client, "plain")
            nursery.start_soon(program)
            nursery.start_soon(block)
            nursery.cancel_scope.deadline = 50
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(partial(client, "streamed", stream=True))
            await trio.testing.wait_all_tasks_blocked()
            await gateway.drain(5)
        assert ends == {
            "stream": ([(5.0, "close:shutting_down")], State.FAILED),
            "plain": ([(5.0, "close:shutting_down")], State.FAILED),
            "streamed": ([(0.0, "open"), (1.0, '"a"'), (5.0, "close:shutting_down")], State.FAILED),
            "program": 5.0,
            "block": 5.0,
        }
        await assert_at_rest(gateway, permits_before=before, settled=5)
        assert trio.current_time() == 5.0


async def test_second_drain_hurries_the_first(autojump_clock):
    async with gateway_of(sleeping(100), answering()) as gateway, trio.open_nursery() as nursery:
        outlet, ended = SpyOutlet(), []
        nursery.start_soon(gateway.serve, gateway.exchange(chat()), outlet)
        await trio.testing.wait_all_tasks_blocked()

        async def drain(patience):
            await gateway.drain(patience)
            ended.append((patience, trio.current_time()))

        nursery.start_soon(drain, 30)
        await trio.sleep(2)
        await drain(0)
        await trio.testing.wait_all_tasks_blocked()
        assert sorted(ended) == [(0, 2.0), (30, 2.0)]
        assert outlet.written == [(2.0, "close:shutting_down")]


async def test_drain_after_a_drain_is_harmless(autojump_clock):
    async with gateway_of(answering()) as gateway:
        await gateway.drain(5)
        await gateway.drain(5)
        assert trio.current_time() == 0.0


async def test_drain_does_not_wait_for_ever_for_a_client_that_does_not_read(autojump_clock):
    stream = ScriptedStream((0, "a"))
    async with gateway_of(judging(lambda _: Reply(stream=stream))) as gateway, trio.open_nursery() as nursery:
        exchange = gateway.exchange(chat())
        nursery.start_soon(gateway.serve, exchange, SpyOutlet(stall_at=1))
        await trio.testing.wait_all_tasks_blocked()
        await gateway.drain(5)
        assert (trio.current_time(), exchange.outcome, stream.closed) == (6.0, State.FAILED, True)


async def test_gateway_whose_run_is_cancelled_interrupts_what_is_under_way(autojump_clock):
    """The request is in another nursery than the workers: nothing else would end it before its deadline."""
    outlet = SpyOutlet()
    async with trio.open_nursery() as nursery:
        async with gateway_of(sleeping(100), answering()) as gateway:
            before = permits(gateway)
            nursery.start_soon(gateway.serve, gateway.exchange(chat()), outlet)
            await trio.sleep(2)
        assert trio.current_time() == 2.0
    assert outlet.written == [(2.0, "close:shutting_down")]
    await assert_at_rest(gateway, permits_before=before, settled=1)


async def test_patience_is_also_for_settling(autojump_clock):
    book = []

    async def slow_booking(exchange):
        await trio.sleep(8)
        book.append(trio.current_time())

    async with gateway_of(answering(), settling(slow_booking)) as gateway:
        await gateway.ask(chat())
        await gateway.drain(30)
        assert (book, trio.current_time()) == ([8.0], 8.0)


class Stuck:
    """A transport whose connections do not close."""

    async def aclose(self):
        await trio.sleep_forever()


@pytest.mark.parametrize("ending", [1.0, ENDING])
async def test_end_is_over_within_its_budget_whatever_hangs(autojump_clock, caplog, ending):
    """The REPLY lane, a client, an upstream, a hook, a stage, a transport: each of them takes its share and no more."""

    async def hang(exchange):
        await trio.sleep_forever()

    async def hang_in_reply(exchange):
        if exchange.error is not None:
            await trio.sleep_forever()

    def hold(exchange):
        exchange.stack.push_async_callback(trio.sleep_forever)
        exchange.on_settle.append(hang)
        return Verdict.PASS

    settings = ProviderSettings(type="stuck")
    resources = Resources(providers={"stuck": Provider("stuck", "stuck", settings, KnownModels(), Stuck())})
    stages = [
        judging(hold),
        waiting(hang, name="upstream"),
        waiting(hang_in_reply, lane=Lane.REPLY),
        settling(hang, name="ledger"),
    ]
    async with trio.open_nursery() as nursery:
        async with gateway_of(*stages, resources=resources) as gateway:
            nursery.start_soon(gateway.serve, gateway.exchange(chat()), SpyOutlet(stall_at=0))
            await trio.testing.wait_all_tasks_blocked()
            await gateway.drain(0.5, ending=ending)
            assert trio.current_time() == 0.5 + SETTLED * ending
        assert trio.current_time() == pytest.approx(0.5 + (SETTLED + 1 - LEFT) * ending)
        assert (gateway.topology.settle.settled, gateway.topology.settle.lost, gateway.in_flight) == (1, 0, 0)


async def test_end_that_comes_during_a_slow_close_hurries_it(autojump_clock):
    def hold(exchange):
        exchange.stack.push_async_callback(trio.sleep_forever)

    async with gateway_of(judging(hold), answering()) as gateway, trio.open_nursery() as nursery:
        nursery.start_soon(gateway.ask, chat())
        await trio.testing.wait_all_tasks_blocked()
        await gateway.drain(0.1, ending=1.0)
        assert trio.current_time() == 0.1 + CLOSED
        assert gateway.in_flight == 0
