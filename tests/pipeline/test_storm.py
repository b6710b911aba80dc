"""Four hundred requests, each ended in a way and at a time of its own, through few permits in every lane."""

import logging
import random
from collections import Counter

import pytest
import trio

from sluicegate.pipeline.errors import GatewayError, RateLimited
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.stage import Lane, Verdict
from sluicegate.pipeline.topology import Placed
from sluicegate.testing import ScriptedStream, SpyOutlet, chat, gateway_of, judging, settling, waiting
from tests.pipeline.rest import assert_at_rest, permits

COUNT = 400


class Storm:
    """Stages that wait, refuse, crash and answer at random, and keep books of what they open and promise."""

    def __init__(self, rng):
        self.rng = rng
        self.opened = Counter()
        self.closed = Counter()
        self.promised = Counter()
        self.kept = Counter()
        self.booked = Counter()
        self.streams = []

    def first(self, exchange):
        async def keep(exchange):
            await trio.sleep(self.rng.choice((0, 0.5)))
            self.kept[exchange.id] += 1

        self.promised[exchange.id] += 1
        exchange.on_settle.append(keep)
        exchange.on_reply.append(self.pause)
        if self.rng.random() < 0.05:
            raise RateLimited("no")
        if self.rng.random() < 0.05:
            raise ValueError("a bug")

    async def pause(self, exchange):
        await trio.sleep(self.rng.choice((0, 0, 0.25, 1)))

    def judge(self, exchange):
        return self.rng.choice((Verdict.PASS, Verdict.WAIT))

    async def attend(self, exchange):
        await self.pause(exchange)
        return Verdict.PASS

    async def call(self, exchange):
        async def close(exchange):
            await trio.sleep(self.rng.choice((0, 0.25)))
            self.closed[exchange.id] += 1

        self.opened[exchange.id] += 1
        exchange.stack.push_async_callback(close, exchange)
        await self.pause(exchange)
        if not exchange.request.stream:
            return Reply(body=b"{}")
        stream = ScriptedStream(*((self.rng.choice((0, 0.5)), "a") for _ in range(5)))
        self.streams.append(stream)
        return Reply(stream=stream)

    async def book(self, exchange):
        await trio.sleep(self.rng.choice((0, 0.25)))
        self.booked[exchange.id, exchange.outcome] += 1

    def stages(self):
        return [
            judging(self.first),
            Placed("maybe", Lane.REQUEST, self, permits=2),
            waiting(self.pause, name="narrow", permits=3),
            waiting(self.call, permits=20),
            waiting(self.pause, name="late", lane=Lane.REPLY, permits=2),
            judging(lambda _: None, name="last", lane=Lane.REPLY),
            settling(self.book),
        ]


async def read(gateway, request, rng):
    async with gateway.stream(request) as flow:
        async for _ in flow:
            if rng.random() < 0.1:
                break


async def client(gateway, rng, ends):
    """Ask as an edge or as a program, in a scope that ends it, with a deadline, or a client that leaves or is stuck."""
    await trio.sleep(rng.uniform(0, 20))
    streamed = rng.random() < 0.5
    request = chat(timeout=rng.choice((None, rng.uniform(0, 4))), stream=streamed)
    with trio.move_on_after(rng.uniform(0, 6)) as scope:
        if rng.random() < 0.3:
            try:
                await (read(gateway, request, rng) if streamed else gateway.ask(request))
            except GatewayError as error:
                ends[error.code] += 1
        else:
            outlet = SpyOutlet(
                seconds=rng.choice((0, 0.1)),
                gone_at=rng.choice((None, None, 0, 2)),
                stall_at=rng.choice((None, None, None, 1)),
            )
            await gateway.serve(gateway.exchange(request), outlet)
    ends["cancelled" if scope.cancelled_caught else "ended"] += 1


@pytest.mark.parametrize("seed", range(5))
async def test_storm_of_cancellations_leaves_everything_at_home(autojump_clock, caplog, seed):
    print(f"seed {seed}")
    caplog.set_level(logging.CRITICAL, "sluicegate.pipeline")
    storm, ends = Storm(random.Random(seed)), Counter()
    async with gateway_of(*storm.stages(), max_in_flight=40, timeout=30) as gateway:
        before = permits(gateway)
        async with trio.open_nursery() as nursery:
            for number in range(COUNT):
                nursery.start_soon(client, gateway, random.Random(f"{seed} {number}"), ends)
        await assert_at_rest(gateway, permits_before=before, settled=COUNT)
        overloads, gauges = gateway.overloads, gateway.gauges()
    print(dict(ends), dict(Counter(outcome.name for _, outcome in storm.booked)), f"{overloads} overloads")
    assert ends["cancelled"] + ends["ended"] == COUNT
    assert sum(storm.booked.values()) == len(storm.booked) == COUNT
    assert {outcome for _, outcome in storm.booked} == {State.OK, State.FAILED, State.CANCELLED}
    assert storm.opened == storm.closed
    assert storm.promised == storm.kept
    assert all(stream.closed for stream in storm.streams)
    first = gauges[0]
    assert first.passed + first.refused + first.crashed + first.ghosts == COUNT - overloads
    assert min(ends["cancelled"], ends["deadline_exceeded"], overloads) > 0
