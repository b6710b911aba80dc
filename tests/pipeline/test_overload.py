"""What is over the limit is refused at once, and exactly that."""

import pytest
import trio

from sluicegate.pipeline.config.sections import ServerSettings
from sluicegate.pipeline.errors import Overloaded
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.life import State
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.topology import compile_topology
from sluicegate.testing import SpyOutlet, answering, chat, gateway_of, judging, waiting
from tests.pipeline.rest import assert_at_rest, permits


async def slow(exchange):
    await trio.sleep(10)


@pytest.mark.parametrize(("limit", "over"), [(1, 1), (5, 3), (64, 200)])
async def test_exactly_what_is_over_the_limit_is_refused_at_once(autojump_clock, limit, over):
    async with gateway_of(waiting(slow), answering(), max_in_flight=limit) as gateway:
        before = permits(gateway)
        ends, seen = [], []

        async def client():
            exchange, outlet = gateway.exchange(chat()), SpyOutlet()
            await gateway.serve(exchange, outlet)
            error = exchange.error
            ends.append((exchange.outcome, *outlet.written, *((error.status, error.retry_after) if error else ())))

        async with trio.open_nursery() as nursery:
            for _ in range(limit + over):
                nursery.start_soon(client)
            await trio.testing.wait_all_tasks_blocked()
            seen.append((len(ends), gateway.in_flight))
        assert seen == [(over, limit)]
        assert ends[:over] == [(State.FAILED, (0.0, "open:overloaded"), 503, 1.0)] * over
        assert ends[over:] == [(State.OK, (10.0, "open"))] * limit
        assert gateway.overloads == over
        await assert_at_rest(gateway, permits_before=before, settled=limit + over)


async def test_refusal_names_the_limit(autojump_clock):
    async with gateway_of(waiting(slow), answering(), max_in_flight=1) as gateway, trio.open_nursery() as nursery:
        nursery.start_soon(gateway.ask, chat())
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(Overloaded, match="the gateway has 1 requests under way, its limit") as refused:
            await gateway.ask(chat())
        assert (refused.value.retry_after, trio.current_time()) == (1.0, 0.0)
        with pytest.raises(Overloaded):
            async with gateway.stream(chat()):
                pytest.fail("a refused request has no stream")


async def test_room_is_free_again_when_an_exchange_ends_however_it_ends(autojump_clock):
    async with gateway_of(waiting(slow), answering(), max_in_flight=1) as gateway:
        for end in (10.0, 3.0, 1.0):
            start = trio.current_time()
            with trio.move_on_after(1 if end == 1.0 else 100):
                exchange = gateway.exchange(chat(timeout=3 if end == 3.0 else None))
                await gateway.serve(exchange, SpyOutlet())
            assert trio.current_time() - start == end
            assert gateway.in_flight == 0
        assert gateway.overloads == 0


async def test_gateway_that_does_not_run_refuses(autojump_clock):
    async with gateway_of(answering()) as gateway:
        assert gateway.ready
    assert not gateway.ready
    with pytest.raises(Overloaded, match="not ready") as refused:
        await gateway.ask(chat())
    assert refused.value.code == "not_ready"


async def test_refused_client_that_does_not_read_is_left_behind(autojump_clock):
    async with gateway_of(waiting(slow), answering(), max_in_flight=1) as gateway, trio.open_nursery() as nursery:
        nursery.start_soon(gateway.ask, chat())
        await trio.testing.wait_all_tasks_blocked()
        exchange = gateway.exchange(chat())
        await gateway.serve(exchange, SpyOutlet(stall_at=0))
        assert (exchange.outcome, exchange.error.code) == (State.FAILED, "overloaded")
        assert trio.current_time() == 2.0


async def test_ghosts_are_not_in_flight_but_fill_the_front_inbox(autojump_clock):
    async with gateway_of(waiting(slow, permits=1), answering(), max_in_flight=3) as gateway:
        before = permits(gateway)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gateway.ask, chat())
            await trio.testing.wait_all_tasks_blocked()
            for _ in range(4):  # one with the worker, three in its inbox
                with trio.move_on_after(1):
                    await gateway.ask(chat())
            assert (gateway.in_flight, gateway.gauges()[0].depth) == (1, 3)
            with pytest.raises(Overloaded):
                await gateway.ask(chat())
        assert gateway.gauges()[0].ghosts == 4
        await gateway.ask(chat())
        await assert_at_rest(gateway, permits_before=before, settled=7)


async def test_full_inner_inbox_makes_the_worker_wait_and_loses_nothing(autojump_clock):
    """Inboxes hold all that is admitted; these are made smaller, since only ghosts could fill them otherwise."""
    done = []

    async def one_second(exchange):
        await trio.sleep(1)
        done.append(exchange)

    stages = [judging(lambda _: None, name="front"), waiting(one_second, permits=1), answering()]
    gateway = Gateway(compile_topology(stages, max_in_flight=2), ServerSettings(max_in_flight=50), Resources())
    before = permits(gateway)
    async with trio.open_nursery() as workers:
        await workers.start(gateway.run)
        async with trio.open_nursery() as nursery:
            # One waits in the stage, its worker has one, its inbox two, the first worker one, and its inbox two.
            for _ in range(7):
                nursery.start_soon(gateway.ask, chat())
                await trio.testing.wait_all_tasks_blocked()
            assert [gauge.depth for gauge in gateway.gauges()[:2]] == [2, 2]
            assert gateway.gauges()[0].passed == 5
            with pytest.raises(Overloaded):
                await gateway.ask(chat())
        assert (len(done), trio.current_time()) == (7, 7.0)
        await assert_at_rest(gateway, permits_before=before, settled=8)
        workers.cancel_scope.cancel()
