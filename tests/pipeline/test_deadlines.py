"""One deadline for the whole journey: wherever it finds an exchange, the client is told at exactly that time."""

import pytest
import trio

from sluicegate.pipeline.errors import DeadlineExceeded
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.stage import Lane
from sluicegate.testing import ScriptedStream, SpyOutlet, answering, chat, gateway_of, judging, waiting
from tests.pipeline.rest import assert_at_rest, permits

TOLD = (5.0, "close:deadline_exceeded")


def sleeping(seconds, **where):
    async def sleeper(exchange):
        await trio.sleep(seconds)

    return waiting(sleeper, **where)


async def serve(gateway, outlet=None, **asked):
    outlet = outlet or SpyOutlet()
    exchange = gateway.exchange(chat(**asked))
    await gateway.serve(exchange, outlet)
    return exchange, outlet


async def test_deadline_ends_a_stage_that_waits(autojump_clock):
    async with gateway_of(sleeping(100), answering(), timeout=5) as gateway:
        before = permits(gateway)
        exchange, outlet = await serve(gateway)
        assert outlet.written == [TOLD]
        assert (exchange.outcome, exchange.ended, exchange.error.status) == (State.FAILED, 5.0, 504)
        assert exchange.error.message == "the request took longer than its deadline of 5 s"
        assert [(mark.started, mark.ended) for mark in exchange.marks] == [(0.0, 5.0)]
        await assert_at_rest(gateway, permits_before=before, settled=1)


async def test_deadline_is_raised_to_a_caller_in_the_same_program(autojump_clock):
    async with gateway_of(sleeping(100), answering(), timeout=5) as gateway:
        with pytest.raises(DeadlineExceeded):
            await gateway.ask(chat())
        assert trio.current_time() == 5.0


@pytest.mark.parametrize(("asked", "ends"), [(3, 3.0), (7, 5.0), (None, 5.0), (0, 0.0)])
async def test_client_may_shorten_the_deadline_and_never_lengthen_it(autojump_clock, asked, ends):
    async with gateway_of(sleeping(100), answering(), timeout=5) as gateway:
        exchange, outlet = await serve(gateway, timeout=asked)
        assert outlet.written == [(ends, "close:deadline_exceeded")]
        assert (exchange.outcome, exchange.ended) == (State.FAILED, ends)


async def test_deadline_covers_queue_wait(autojump_clock):
    """The second exchange is with the worker, which waits for a permit for it; the third stands in the inbox."""
    async with gateway_of(sleeping(10, permits=1), answering()) as gateway:
        before = permits(gateway)
        ended = {}

        async def client(timeout):
            exchange, outlet = await serve(gateway, timeout=timeout)
            ended[timeout] = (outlet.written, exchange.outcome)

        async with trio.open_nursery() as nursery:
            for timeout in (50, 3, 4):
                nursery.start_soon(client, timeout)
                await trio.testing.wait_all_tasks_blocked()
            await trio.sleep(9)
            assert gateway.gauges()[0].ghosts == 0
            assert (gateway.in_flight, gateway.gauges()[0].depth) == (1, 1)
        assert ended == {
            3: ([(3.0, "close:deadline_exceeded")], State.FAILED),
            4: ([(4.0, "close:deadline_exceeded")], State.FAILED),
            50: ([(10.0, "open")], State.OK),
        }
        assert gateway.gauges()[0].ghosts == 2
        await assert_at_rest(gateway, permits_before=before, settled=3)
        _, outlet = await serve(gateway)
        assert outlet.written == [(20.0, "open")]


async def test_deadline_while_the_worker_holds_the_exchange_before_a_full_inbox(autojump_clock):
    """Ghosts fill the inner inbox, the first worker's hands and the front inbox; the front refuses; all recover."""
    stages = [judging(lambda _: None, name="front"), sleeping(100, permits=1), answering()]
    async with gateway_of(*stages, max_in_flight=2) as gateway:
        before = permits(gateway)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, gateway)
            await trio.testing.wait_all_tasks_blocked()
            # One with the second worker, two in its inbox, one with the first worker, two in the front inbox.
            for number in range(6):
                exchange, outlet = await serve(gateway, timeout=1)
                assert outlet.written == [(number + 1.0, "close:deadline_exceeded")]
                assert gateway.in_flight == 1
            exchange, outlet = await serve(gateway, timeout=1)
            assert (exchange.error.code, outlet.written) == ("overloaded", [(6.0, "open:overloaded")])
        assert trio.current_time() == 100.0
        assert [gauge.ghosts for gauge in gateway.gauges()[:3]] == [2, 4, 0]
        await assert_at_rest(gateway, permits_before=before, settled=8)
        exchange, outlet = await serve(gateway)
        assert outlet.written == [(200.0, "open")]


async def test_deadline_in_the_middle_of_a_stream_is_told_in_band(autojump_clock):
    stream = ScriptedStream((0, "a"), (100, "b"))
    async with gateway_of(judging(lambda _: Reply(stream=stream)), timeout=5) as gateway:
        exchange, outlet = await serve(gateway)
        assert outlet.written == [(0.0, "open"), (0.0, '"a"'), TOLD]
        assert (exchange.outcome, stream.closed) == (State.FAILED, True)
        assert exchange.first_content == 0.0


async def test_deadline_in_the_request_lane_is_seen_once_by_the_reply_lane(autojump_clock):
    seen = []

    def look(exchange):
        seen.append((trio.current_time(), exchange.error.code, exchange.state))

    async with gateway_of(sleeping(100), answering(), judging(look, lane=Lane.REPLY), timeout=5) as gateway:
        exchange, outlet = await serve(gateway)
        assert seen == [(5.0, "deadline_exceeded", State.REPLYING)]
        assert outlet.written == [TOLD]
        assert [(mark.hop, mark.queued) for mark in exchange.marks] == [("sleeper", 0.0), ("look", 5.0)]


async def test_reply_lane_does_not_count_what_the_deadline_spent_in_another_queue(autojump_clock):
    look = judging(lambda _: None, name="look", lane=Lane.REPLY)
    async with gateway_of(sleeping(10, permits=1), answering(), look) as gateway, trio.open_nursery() as nursery:
        nursery.start_soon(serve, gateway)
        await trio.testing.wait_all_tasks_blocked()
        exchange, _ = await serve(gateway, timeout=3)
        assert [(mark.hop, mark.queued) for mark in exchange.marks] == [("look", 3.0)]


async def test_deadline_in_the_reply_lane_gives_the_permit_back_and_calls_the_hooks(autojump_clock):
    called = []

    def promise(exchange):
        exchange.on_reply.append(lambda e: called.append((trio.current_time(), e.error.code)))

    stages = [judging(promise), answering(), sleeping(100, lane=Lane.REPLY, permits=1)]
    async with gateway_of(*stages, timeout=5) as gateway:
        before = permits(gateway)
        exchange, outlet = await serve(gateway)
        assert (outlet.written, called) == ([TOLD], [(5.0, "deadline_exceeded")])
        assert exchange.outcome is State.FAILED
        await assert_at_rest(gateway, permits_before=before, settled=1)


async def test_deadline_in_the_queue_of_the_reply_lane_leaves_a_ghost(autojump_clock):
    """No worker touches the exchange while the hooks of its reply run in its own task."""

    async def slow_hook(exchange):
        await trio.sleep(0.5)

    stages = [
        judging(lambda exchange: exchange.on_reply.append(slow_hook), name="promise"),
        answering(),
        sleeping(5.25, lane=Lane.REPLY, permits=1),
    ]
    async with gateway_of(*stages, timeout=50) as gateway:
        before = permits(gateway)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, gateway)
            await trio.testing.wait_all_tasks_blocked()
            exchange, outlet = await serve(gateway, timeout=5)
            assert outlet.written == [(5.5, "close:deadline_exceeded")]
            assert [mark.hop for mark in exchange.marks] == ["promise", "answer"]
        assert gateway.gauges()[2].ghosts == 1
        await assert_at_rest(gateway, permits_before=before, settled=2)


async def test_reply_lane_has_one_second_to_see_a_deadline(autojump_clock):
    stages = [sleeping(100), answering(), sleeping(100, name="stuck", lane=Lane.REPLY)]
    async with gateway_of(*stages, timeout=5) as gateway:
        exchange, outlet = await serve(gateway)
        assert outlet.written == [(6.0, "close:deadline_exceeded")]
        assert exchange.outcome is State.FAILED


async def test_deadline_in_a_reply_hook_still_calls_the_others(autojump_clock):
    called = []

    async def stuck(exchange):
        await trio.sleep_forever()

    def promise(exchange):
        exchange.on_reply += [lambda e: called.append(e.error.code), stuck]

    async with gateway_of(judging(promise), answering(), timeout=5) as gateway:
        _, outlet = await serve(gateway)
        assert (outlet.written, called) == ([TOLD], ["deadline_exceeded"])


async def test_deadline_while_the_head_leaves_is_told_by_close(autojump_clock):
    class SlowHead(SpyOutlet):
        async def open(self, exchange):
            await trio.sleep(100)

    async with gateway_of(answering(), timeout=5) as gateway:
        exchange, outlet = await serve(gateway, SlowHead())
        assert outlet.written == [TOLD]
        assert exchange.outcome is State.FAILED


async def test_deadline_while_the_end_leaves_is_told_by_another_close(autojump_clock):
    class SlowEnd(SpyOutlet):
        async def close(self, exchange):
            if exchange.error is None:
                await trio.sleep(100)
            await super().close(exchange)

    async with gateway_of(judging(lambda _: Reply(stream=ScriptedStream((0, "a")))), timeout=5) as gateway:
        exchange, outlet = await serve(gateway, SlowEnd())
        assert outlet.written == [(0.0, "open"), (0.0, '"a"'), TOLD]
        assert exchange.outcome is State.FAILED


async def test_client_that_reads_nothing_holds_its_exchange_one_second_beyond_the_deadline(autojump_clock):
    stream = ScriptedStream((0, "a"), (0, "b"))
    async with gateway_of(judging(lambda _: Reply(stream=stream)), timeout=5) as gateway:
        exchange, outlet = await serve(gateway, SpyOutlet(stall_at=1))
        assert outlet.written == [(0.0, "open")]
        assert (exchange.outcome, exchange.ended, stream.closed) == (State.FAILED, 6.0, True)


async def test_error_that_came_first_stands_against_the_deadline(autojump_clock):
    async def refuse_late(exchange):
        try:
            await trio.sleep(100)
        finally:
            raise ValueError("a bug in cleaning up")

    async with gateway_of(waiting(refuse_late), timeout=5) as gateway:
        before = permits(gateway)
        exchange, outlet = await serve(gateway)
        assert outlet.written == [(5.0, "close:stage_crashed")]
        assert isinstance(exchange.error.__cause__, ValueError)
        await assert_at_rest(gateway, permits_before=before, settled=1)


async def test_crash_beside_a_deadline_in_a_stage_with_a_nursery_comes_out_as_one_error(autojump_clock):
    async def crash_late():
        try:
            await trio.sleep_forever()
        finally:
            raise ValueError("a bug in cleaning up")

    async def hedge(exchange):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crash_late)
            nursery.start_soon(trio.sleep_forever)

    async with gateway_of(waiting(hedge), timeout=5) as gateway:
        before = permits(gateway)
        exchange, outlet = await serve(gateway)
        assert outlet.written == [(5.0, "close:stage_crashed")]
        assert exchange.outcome is State.FAILED
        await assert_at_rest(gateway, permits_before=before, settled=1)
