"""A client that leaves and a caller's own cancel scope reach the work as ordinary cancellation, wherever it is."""

import pytest
import trio

from sluicegate.pipeline.errors import ClientGone, GatewayError
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Reply
from sluicegate.testing import ScriptedStream, SpyOutlet, answering, chat, gateway_of, judging, settling, waiting
from tests.pipeline.rest import assert_at_rest, permits


class Upstream:
    """What a stage opens and leaves on the exchange's stack."""

    closed: float | None = None

    async def aclose(self):
        await trio.lowlevel.checkpoint()
        self.closed = trio.current_time()


def calling(upstream, seconds=100):
    async def call(exchange):
        exchange.stack.push_async_callback(upstream.aclose)
        await trio.sleep(seconds)

    return waiting(call)


def booking(book):
    return settling(lambda e: book.append((trio.current_time(), e.outcome, e.error)), name="book")


async def test_callers_own_scope_ends_the_upstream_call(autojump_clock):
    upstream, book = Upstream(), []
    async with gateway_of(calling(upstream), answering(), booking(book)) as gateway:
        before = permits(gateway)
        with trio.move_on_after(3) as scope:
            await gateway.ask(chat())
        assert scope.cancelled_caught
        assert upstream.closed == trio.current_time() == 3.0
        await assert_at_rest(gateway, permits_before=before, settled=1)
        assert book == [(3.0, State.CANCELLED, None)]
        assert gateway.gauges()[0].cut == 1


async def test_cancelled_handler_task_is_a_client_that_left(autojump_clock):
    stream, book = ScriptedStream((1, "a"), (100, "b")), []
    async with gateway_of(judging(lambda _: Reply(stream=stream)), booking(book)) as gateway:
        outlet = SpyOutlet()
        with trio.move_on_after(3):
            await gateway.serve(gateway.exchange(chat()), outlet)
        await gateway.topology.settle.idle()
        assert outlet.written == [(0.0, "open"), (1.0, '"a"')]
        assert (book, stream.closed) == ([(3.0, State.CANCELLED, None)], True)


@pytest.mark.parametrize(
    ("gone_at", "written"), [(0, []), (1, ["open"]), (2, ["open", '"a"']), (3, ["open", '"a"', '"b"'])]
)
async def test_client_gone_at_any_write_cancels_the_exchange(autojump_clock, gone_at, written):
    stream, book, upstream = ScriptedStream((1, "a"), (1, "b")), [], Upstream()

    def answer(exchange):
        exchange.stack.push_async_callback(upstream.aclose)
        return Reply(stream=stream)

    async with gateway_of(judging(answer), booking(book)) as gateway:
        before, outlet = permits(gateway), SpyOutlet(gone_at=gone_at)
        exchange = gateway.exchange(chat())
        await gateway.serve(exchange, outlet)
        assert outlet.texts == written
        assert (exchange.outcome, type(exchange.error)) == (State.CANCELLED, ClientGone)
        assert upstream.closed == trio.current_time() == min(gone_at, 2)
        assert stream.closed
        await assert_at_rest(gateway, permits_before=before, settled=1)
        assert [outcome for _, outcome, _ in book] == [State.CANCELLED]


async def test_client_gone_when_it_is_told_of_a_deadline(autojump_clock):
    async with gateway_of(calling(Upstream()), answering(), timeout=5) as gateway:
        exchange = gateway.exchange(chat())
        await gateway.serve(exchange, SpyOutlet(gone_at=0))
        assert (exchange.outcome, exchange.error.code) == (State.CANCELLED, "deadline_exceeded")


async def test_callers_own_scope_goes_before_a_deadline_at_the_same_time(autojump_clock):
    async with gateway_of(calling(Upstream()), answering()) as gateway:
        before = permits(gateway)
        with trio.move_on_after(5) as scope:
            await gateway.ask(chat(timeout=5))
        assert scope.cancelled_caught
        await assert_at_rest(gateway, permits_before=before, settled=1)


async def test_exchange_cancelled_in_the_inbox_is_dropped_there(autojump_clock):
    entered = []

    async def slow(exchange):
        entered.append(exchange)
        await trio.sleep(10)

    async with gateway_of(waiting(slow, permits=1), answering()) as gateway:
        before = permits(gateway)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gateway.ask, chat())
            await trio.testing.wait_all_tasks_blocked()
            for _ in range(2):
                with trio.move_on_after(1):
                    await gateway.ask(chat())
        assert len(entered) == 1
        assert gateway.gauges()[0].ghosts == 2
        await assert_at_rest(gateway, permits_before=before, settled=3)


async def test_scope_that_was_cancelled_before_the_call_starts_nothing(autojump_clock):
    entered = []

    async def slow(exchange):
        entered.append(exchange)

    async with gateway_of(waiting(slow), answering()) as gateway:
        before = permits(gateway)
        with trio.CancelScope() as scope:
            scope.cancel()
            await gateway.ask(chat())
        await assert_at_rest(gateway, permits_before=before, settled=1)
        assert entered == []


async def test_program_that_ends_around_the_gateway_still_settles_its_requests(autojump_clock):
    """The workers are cancelled together with the request, and the SETTLE lane outlives both."""
    upstream, book = Upstream(), []

    async def slow_booking(exchange):
        await trio.sleep(0.25)
        book.append(exchange.outcome)

    with trio.move_on_after(3):
        async with gateway_of(calling(upstream), answering(), settling(slow_booking)) as gateway:
            before = permits(gateway)
            await gateway.ask(chat())
    assert (upstream.closed, book, trio.current_time()) == (3.0, [State.CANCELLED], 3.25)
    await assert_at_rest(gateway, permits_before=before, settled=1)


async def test_stream_left_early_is_cancelled_and_closed(autojump_clock):
    stream, book = ScriptedStream((1, "a"), (100, "b")), []
    async with gateway_of(judging(lambda _: Reply(stream=stream)), booking(book)) as gateway:
        async with gateway.stream(chat()) as flow:
            async for batch in flow:
                assert batch[0].data == b'"a"'
                break
        assert (trio.current_time(), stream.closed, flow.exchange.outcome) == (1.0, True, State.CANCELLED)
        await gateway.topology.settle.idle()
        assert book == [(1.0, State.CANCELLED, None)]


async def test_stream_that_is_an_async_generator_is_ended_before_it_is_settled(autojump_clock):
    order = []

    async def generated():
        try:
            yield []
            await trio.sleep(1)
            yield [*()]
            await trio.sleep_forever()
        finally:
            order.append("generator ended")

    book = settling(lambda _: order.append("settled"), name="book")
    async with gateway_of(judging(lambda _: Reply(stream=generated())), book) as gateway:
        with trio.move_on_after(3):
            await gateway.serve(gateway.exchange(chat()), SpyOutlet())
        await gateway.topology.settle.idle()
    assert order == ["generator ended", "settled"]


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), GatewayError("mine too")])
async def test_exception_of_the_users_block_passes_unchanged(autojump_clock, error):
    stream = ScriptedStream((1, "a"), (100, "b"))
    async with gateway_of(judging(lambda _: Reply(stream=stream))) as gateway:
        before = permits(gateway)

        async def block():
            async with gateway.stream(chat()) as flow:
                async for _ in flow:
                    raise error

        with pytest.raises(type(error)) as raised:
            await block()
        assert raised.value is error
        assert stream.closed
        await assert_at_rest(gateway, permits_before=before, settled=1)


async def test_resource_that_does_not_close_holds_its_exchange_two_seconds(autojump_clock, caplog):
    async def stuck():
        await trio.sleep_forever()

    closed = Upstream()

    def hold(exchange):
        exchange.stack.push_async_callback(closed.aclose)
        exchange.stack.push_async_callback(stuck)

    async with gateway_of(judging(hold), answering()) as gateway:
        await gateway.ask(chat())
        assert trio.current_time() == 2.0
        assert "could not close what it held in time" in caplog.text
        assert gateway.in_flight == 0


async def test_resource_that_raises_in_closing_is_logged_and_the_others_are_closed(autojump_clock, caplog):
    async def broken():
        raise ValueError("a bug in closing")

    closed = Upstream()

    def hold(exchange):
        exchange.stack.push_async_callback(closed.aclose)
        exchange.stack.push_async_callback(broken)

    async with gateway_of(judging(hold), answering()) as gateway:
        exchange = await gateway.ask(chat())
        assert (exchange.outcome, closed.closed) == (State.OK, 0.0)
        assert "a bug in closing" in caplog.text


async def test_bug_of_an_edge_fails_its_exchange_and_comes_out(autojump_clock):
    class Broken(SpyOutlet):
        async def open(self, exchange):
            raise ValueError("a bug in the edge")

    async with gateway_of(answering()) as gateway:
        before = permits(gateway)
        exchange = gateway.exchange(chat())
        with pytest.raises(ValueError, match="a bug in the edge") as raised:
            await gateway.serve(exchange, Broken())
        assert (exchange.outcome, exchange.error.__cause__) == (State.FAILED, raised.value)
        await assert_at_rest(gateway, permits_before=before, settled=1)
