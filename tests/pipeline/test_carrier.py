"""The carrier takes an exchange through the lanes, and each lane sees what it is there for, once."""

import pytest
import trio

from sluicegate.pipeline.errors import InvalidRequest, RateLimited
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.stage import Lane, Verdict
from sluicegate.testing import ScriptedStream, SpyOutlet, answering, chat, gateway_of, judging, waiting
from tests.pipeline.rest import assert_at_rest, permits


def looking(seen, name="look"):
    def look(exchange):
        seen.append((name, exchange.error.code if exchange.error else exchange.reply.body))

    return judging(look, name=name, lane=Lane.REPLY)


async def sleeper(exchange):
    await trio.sleep(1)


async def test_answer_passes_all_stages_in_order_and_marks_each(autojump_clock):
    stages = [
        judging(lambda _: None, name="a"),
        waiting(sleeper, name="b"),
        judging(lambda _: None, name="c"),
        waiting(sleeper, name="d"),
        answering(b"[]"),
        judging(lambda _: None, name="e", lane=Lane.REPLY),
        waiting(sleeper, name="f", lane=Lane.REPLY),
    ]
    async with gateway_of(*stages) as gateway:
        exchange = await gateway.ask(chat())
        assert exchange.reply.body == b"[]"
        marks = [(mark.hop, mark.queued, mark.started, mark.ended) for mark in exchange.marks]
        assert marks == [
            ("a", 0.0, 0.0, 0.0),
            ("b", 0.0, 0.0, 1.0),
            ("c", 1.0, 1.0, 1.0),
            ("d", 1.0, 1.0, 2.0),
            ("answer", 2.0, 2.0, 2.0),
            ("e", 2.0, 2.0, 2.0),
            ("f", 2.0, 2.0, 3.0),
        ]


async def test_life_goes_through_the_states_of_the_table(autojump_clock):
    states = []

    def note(exchange):
        states.append(exchange.state)

    async def note_late(exchange):
        note(exchange)
        await trio.lowlevel.checkpoint()

    class Noting(SpyOutlet):
        async def open(self, exchange):
            note(exchange)

    stages = [
        judging(note),
        waiting(note_late),
        judging(note),
        answering(),
        judging(note, lane=Lane.REPLY),
        waiting(note_late, lane=Lane.REPLY),
    ]
    async with gateway_of(*stages) as gateway:
        exchange = gateway.exchange(chat())
        note(exchange)
        await gateway.serve(exchange, Noting())
        note(exchange)
        await gateway.topology.settle.idle()
        note(exchange)
    assert states == [
        State.QUEUED,
        State.JUDGED,
        State.WAITING,
        State.JUDGED,
        State.REPLYING,
        State.REPLYING,
        State.SENDING,
        State.OK,
        State.SETTLED,
    ]


async def test_hit_of_a_cache_jumps_over_the_call(autojump_clock):
    seen = []
    hit = judging(lambda exchange: Reply(body=b"hit") if exchange.request.timeout else None, name="cache")
    async with gateway_of(hit, waiting(sleeper, name="call"), answering(b"miss"), looking(seen)) as gateway:
        assert (await gateway.ask(chat(timeout=9))).reply.body == b"hit"
        assert (trio.current_time(), seen) == (0.0, [("look", b"hit")])
        assert (await gateway.ask(chat())).reply.body == b"miss"
        assert (trio.current_time(), seen) == (1.0, [("look", b"hit"), ("look", b"miss")])
        assert gateway.gauges()[0].replied == 1


@pytest.mark.parametrize("late", [False, True])
async def test_reply_lane_sees_answers_refusals_and_deadlines_once_each(autojump_clock, late):
    seen = []

    async def by_timeout(exchange):
        match exchange.request.timeout:
            case 1:
                await trio.sleep_forever()
            case 2:
                raise RateLimited("no")

    first = [waiting(sleeper, name="slow", lane=Lane.REPLY)] if late else []
    stages = [waiting(by_timeout), answering(), *first, looking(seen), looking(seen, "again")]
    async with gateway_of(*stages) as gateway:
        for timeout in (1, 2, 50):
            await gateway.serve(gateway.exchange(chat(timeout=timeout)), SpyOutlet())
    told = ["deadline_exceeded", "rate_limit_exceeded", b"{}"]
    # Where the first stage of the lane takes a second, it takes all that is left for telling of a deadline.
    told = told[1:] if late else told
    assert seen == [(name, what) for what in told for name in ("look", "again")]


async def test_stage_of_the_reply_lane_may_answer_anew_and_the_next_one_sees_it(autojump_clock):
    seen = []

    async def replace(exchange):
        await trio.sleep(1)
        return Reply(body=b"new")

    async with gateway_of(answering(b"old"), waiting(replace, lane=Lane.REPLY), looking(seen)) as gateway:
        assert (await gateway.ask(chat())).reply.body == b"new"
        assert seen == [("look", b"new")]


async def test_stage_of_the_reply_lane_may_refuse_an_answer(autojump_clock):
    seen = []

    def refuse(exchange):
        raise InvalidRequest("not this", code="content_filter")

    async with gateway_of(answering(), judging(refuse, lane=Lane.REPLY), looking(seen)) as gateway:
        outlet = SpyOutlet()
        await gateway.serve(gateway.exchange(chat()), outlet)
        assert (outlet.texts, seen) == (["open:content_filter"], [("look", "content_filter")])


async def test_refused_stream_is_closed_unread(autojump_clock):
    stream = ScriptedStream((0, "a"))

    def refuse(exchange):
        raise InvalidRequest("not this")

    async with gateway_of(judging(lambda _: Reply(stream=stream)), judging(refuse, lane=Lane.REPLY)) as gateway:
        outlet = SpyOutlet()
        await gateway.serve(gateway.exchange(chat()), outlet)
        assert (outlet.texts, stream.closed) == (["open:invalid_value"], True)


async def test_reply_hooks_are_called_last_added_first_after_the_reply_lane(autojump_clock):
    order = []

    async def slowly(exchange):
        await trio.sleep(1)
        order.append(("slowly", trio.current_time()))

    def promise(exchange):
        exchange.on_reply += [lambda _: order.append("first"), slowly, lambda _: order.append("third")]

    stages = [judging(promise), answering(), judging(lambda _: order.append("lane"), name="lane", lane=Lane.REPLY)]
    async with gateway_of(*stages) as gateway:
        outlet = SpyOutlet()
        await gateway.serve(gateway.exchange(chat()), outlet)
    assert order == ["lane", "third", ("slowly", 1.0), "first"]
    assert outlet.written == [(1.0, "open")]


async def test_reply_hook_that_raises_fails_the_exchange_and_the_others_are_called(autojump_clock):
    order = []

    def crash(exchange):
        raise ValueError("a bug")

    def promise(exchange):
        exchange.on_reply += [lambda e: order.append(e.error.code), crash]

    async with gateway_of(judging(promise), answering()) as gateway:
        outlet = SpyOutlet()
        exchange = gateway.exchange(chat())
        await gateway.serve(exchange, outlet)
        assert (outlet.texts, order) == (["open:stage_crashed"], ["stage_crashed"])
        assert isinstance(exchange.error.__cause__, ValueError)


async def test_reply_hooks_see_the_refusal_of_a_later_stage(autojump_clock):
    refunds = []

    def refuse(exchange):
        raise RateLimited("no")

    count = judging(lambda exchange: exchange.on_reply.append(lambda e: refunds.append(e.error.code)), name="count")
    async with gateway_of(count, judging(refuse)) as gateway:
        await gateway.serve(gateway.exchange(chat()), SpyOutlet())
    assert refunds == ["rate_limit_exceeded"]


async def test_first_error_stands(autojump_clock):
    def refuse(exchange):
        raise RateLimited("first")

    def echo(exchange):
        raise InvalidRequest("second")

    async with gateway_of(judging(refuse), judging(echo, lane=Lane.REPLY)) as gateway:
        with pytest.raises(RateLimited, match="first"):
            await gateway.ask(chat())


async def test_stage_may_stand_in_both_ways_of_waiting_at_once(autojump_clock):
    """Sixty exchanges through judging and waiting stages in both lanes: each waits its own time and no longer."""

    class Both:
        def judge(self, exchange):
            return Verdict.WAIT if exchange.request.timeout % 2 else Verdict.PASS

        async def attend(self, exchange):
            await trio.sleep(exchange.request.timeout / 1024)
            return Verdict.PASS

    took = {}

    async def client(timeout):
        await gateway.ask(chat(timeout=timeout))
        took[timeout] = trio.current_time()

    async with gateway_of(Both(), Both(), answering(), judging(lambda _: None, name="r", lane=Lane.REPLY)) as gateway:
        before = permits(gateway)
        async with trio.open_nursery() as nursery:
            for timeout in range(100, 160):
                nursery.start_soon(client, timeout)
        assert took == {timeout: 2 * timeout / 1024 if timeout % 2 else 0.0 for timeout in range(100, 160)}
        await assert_at_rest(gateway, permits_before=before, settled=60)
