"""One journey, ended after each step that any task takes: nothing stays lent out, and nothing is untold or unsettled.

The journey meets all that can be waited for: a permit that a rival holds, room in a full inbox, stages of both lanes,
hooks, a stream, an outlet, closing and settling. An instrument counts the scheduler's steps, the workers' too, and ends
the journey after the n-th. Trio shuffles its tasks, so each sweep is made several times.
"""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trio

from sluicegate.pipeline.config.sections import ServerSettings
from sluicegate.pipeline.errors import GatewayError, Overloaded
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Lane
from sluicegate.pipeline.topology import compile_topology
from sluicegate.testing import ScriptedStream, SpyOutlet, chat, gateway_of, judging, settling, waiting
from tests.pipeline.rest import assert_at_rest, permits

RIVALS = 3
WHOLE = ["open", '"a"', '"b"', "close"]


class AfterStep(trio.abc.Instrument):
    """Calls ``end`` after the n-th step that any task takes."""

    def __init__(self, number, end):
        self._left = number
        self._end = end
        self.fired = False

    def after_task_step(self, task):
        self._left -= 1
        if self._left == 0:
            self.fired = True
            self._end()


@dataclass
class Journey:
    """What one exchange left behind."""

    request: object = field(default_factory=lambda: chat(stream=True))
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    outlet: SpyOutlet = field(default_factory=lambda: SpyOutlet(seconds=0.125))
    stream: ScriptedStream | None = None
    exchange: object = None
    seen: list[str] = field(default_factory=list)
    raised: GatewayError | None = None


def stages(journeys):
    def journey(exchange):
        return journeys[id(exchange.request)]

    def note(what):
        return lambda exchange: journey(exchange).seen.append(what)

    def slow_note(what):
        async def slow(exchange):
            await trio.lowlevel.checkpoint()
            await trio.sleep(0.125)
            journey(exchange).seen.append(what)

        return slow

    async def closing(exchange):
        await trio.lowlevel.checkpoint()
        journey(exchange).seen.append("closed")

    async def settled(exchange):
        await trio.sleep(0.125)
        journey(exchange).exchange = exchange
        journey(exchange).seen.append("settled")

    def first(exchange):
        exchange.stack.push_async_callback(closing, exchange)
        exchange.on_reply += [note("reply hook"), slow_note("slow reply hook")]
        exchange.on_settle += [note("settle hook"), slow_note("slow settle hook")]

    def answer(exchange):
        stream = ScriptedStream((0.125, "a"), (0.125, "b"))
        journey(exchange).stream = stream
        return Reply(stream=stream)

    return [
        judging(first),
        waiting(slow_note("wait"), name="wait", permits=1),
        waiting(slow_note("wait again"), name="wait again", permits=1),
        judging(answer),
        waiting(slow_note("reply wait"), name="reply wait", lane=Lane.REPLY, permits=1),
        judging(note("reply"), name="reply", lane=Lane.REPLY),
        settling(settled),
    ]


@asynccontextmanager
async def wide_gateway(journeys):
    async with gateway_of(*stages(journeys), max_in_flight=10) as gateway:
        yield gateway


@asynccontextmanager
async def narrow_gateway(journeys):
    """One whose inboxes hold a single exchange, though ten are admitted: workers and carriers wait for room."""
    topology = compile_topology(stages(journeys), max_in_flight=1)
    gateway = Gateway(topology, ServerSettings(max_in_flight=10), Resources())
    async with trio.open_nursery() as nursery:
        await nursery.start(gateway.run)
        yield gateway
        nursery.cancel_scope.cancel()


async def by_edge(gateway, journey):
    await gateway.serve(gateway.exchange(journey.request), journey.outlet)


async def by_program(gateway, journey):
    try:
        async with gateway.stream(journey.request) as flow:
            journey.outlet.written.append((0.0, "open"))
            async for batch in flow:
                journey.outlet.written.append((0.0, batch[0].data.decode()))
        journey.outlet.written.append((0.0, "close"))
    except GatewayError as error:
        journey.raised = error
        journey.outlet.written.append((0.0, f"close:{error.code}"))


def from_outside(gateway, journey):
    journey.scope.cancel()


def by_interruption(gateway, journey):
    for exchange in gateway._open:
        if exchange.request is journey.request:
            exchange.interrupt(Overloaded("told to", code="interrupted"))


def by_deadline(gateway, journey):
    for exchange in gateway._open:
        if exchange.request is journey.request:
            exchange.scope.deadline = trio.current_time()


def assert_told_and_closed(journey, end):
    texts, exchange, cut = journey.outlet.texts, journey.exchange, journey.scope.cancelled_caught
    if end is from_outside:
        assert not any(":" in text for text in texts)
        if cut:
            assert exchange.outcome is State.CANCELLED
    elif exchange.outcome is State.FAILED:
        code = "interrupted" if end is by_interruption else "deadline_exceeded"
        assert texts[-1] == f"close:{code}"
        assert texts[:-1] == WHOLE[: len(texts) - 1]
    if not cut and exchange.outcome is State.OK:
        assert texts == WHOLE
    assert journey.stream is None or journey.stream.closed
    seen = journey.seen
    assert len(seen) == len(set(seen))
    assert seen[-1:] == ["settled"]
    if "closed" in seen:
        hooks = ["slow settle hook", "settle hook", "settled"]
        assert seen[seen.index("closed") + 1 :] == hooks


@pytest.mark.parametrize("end", [from_outside, by_interruption, by_deadline])
@pytest.mark.parametrize("door", [by_edge, by_program])
@pytest.mark.parametrize("kind", [wide_gateway, narrow_gateway])
@pytest.mark.parametrize("sweep", range(2))
async def test_journey_may_end_after_any_step(autojump_clock, sweep, kind, door, end):
    journeys, outcomes, number, fired = {}, set(), 0, True
    async with kind(journeys) as gateway:
        before = permits(gateway)

        async def travel(journey):
            journeys[id(journey.request)] = journey
            with journey.scope:
                await door(gateway, journey)

        while fired:
            number += 1
            journey, rivals = Journey(), [Journey() for _ in range(RIVALS)]
            async with trio.open_nursery() as nursery:
                for rival in rivals:
                    nursery.start_soon(travel, rival)
                    await trio.sleep(0.0625)
                nursery.start_soon(travel, journey)
                instrument = AfterStep(number, lambda j=journey: end(gateway, j))
                trio.lowlevel.add_instrument(instrument)
            trio.lowlevel.remove_instrument(instrument)
            fired = instrument.fired
            await assert_at_rest(gateway, permits_before=before, settled=(1 + RIVALS) * number)
            assert [rival.outlet.texts for rival in rivals] == [WHOLE] * RIVALS
            assert_told_and_closed(journey, end)
            outcomes.add(journey.exchange.outcome)
    cut = State.CANCELLED if end is from_outside else State.FAILED
    assert {State.OK, cut} <= outcomes
    assert number > 100
