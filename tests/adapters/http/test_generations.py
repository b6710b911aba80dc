"""Gateways that take each other's place."""

import gc
import weakref
from contextlib import asynccontextmanager

import trio

from sluicegate.adapters.http.generations import LINGERING, Generations
from sluicegate.pipeline.config.sections import ServerSettings
from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.metrics import Series
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.topology import compile_topology
from sluicegate.testing import chat, waiting

SETTINGS = ServerSettings(drain=10.0)


def made(name, inside=0.0):
    """Return a gateway whose answers are its name, and the application in front of it."""
    resources = Resources()

    async def answer(exchange):
        await trio.sleep(inside)
        resources.metrics.figures(Series("chat", name, "")).requests += 1
        return Reply(body=name.encode())

    gateway = Gateway(compile_topology([waiting(answer)], max_in_flight=1000), SETTINGS, resources)

    async def app(scope, receive, send):
        await trio.sleep(scope["door"])
        try:
            scope["said"] = (await gateway.ask(chat())).reply.body.decode()
        except GatewayError as error:
            scope["said"] = error.code

    return gateway, app


@asynccontextmanager
async def running(name="one", inside=0.0, **arguments):
    gateway, app = made(name, inside)
    generations = Generations(gateway, SETTINGS, **arguments)
    generations.open(app)
    del gateway, app
    async with trio.open_nursery() as nursery:
        await nursery.start(generations.run)
        yield generations
        nursery.cancel_scope.cancel()


async def ask(generations, door=0.0):
    scope = {"type": "http", "door": door}
    await generations(scope, None, None)
    return scope["said"]


def requests(snapshot):
    return {series.provider: figures.requests for series, figures in snapshot.series}


async def test_new_requests_go_to_the_newest_and_those_at_the_door_or_inside_to_the_one_that_they_came_to(
    autojump_clock,
):
    said = {}

    async def tell(generations, name, door):
        said[name] = await ask(generations, door)

    async with running("one", inside=4.0) as generations, trio.open_nursery() as nursery:
        nursery.start_soon(tell, generations, "inside", 0.0)
        nursery.start_soon(tell, generations, "at the door", 5.0)
        await trio.sleep(1)
        assert await generations.move_to(*made("two"))
        assert await ask(generations) == "two"
        assert (await generations.look()).in_flight == 1
    assert said == {"inside": "one", "at the door": "one"}


async def test_what_takes_longer_than_the_drain_is_told_so(autojump_clock):
    async with running("one", inside=60.0) as generations, trio.open_nursery() as nursery:
        said = []

        async def tell():
            said.append((await ask(generations), trio.current_time()))

        begun = trio.current_time()
        nursery.start_soon(tell)
        await trio.sleep(0.1)
        await generations.move_to(*made("two"))
        await trio.sleep(11)
        assert said == [("shutting_down", begun + 0.1 + SETTINGS.drain)]
        assert generations.lingering == 0


async def test_no_figure_ever_goes_back(autojump_clock):
    async with running("one") as generations:
        seen = []
        for name in ("one", "two", "one"):
            await generations.move_to(*made(name))
            snapshot = await generations.look()
            await trio.sleep(1)
            assert requests(await generations.look()) == requests(snapshot)
            seen.append(snapshot.settled)
            await ask(generations)
            await trio.testing.wait_all_tasks_blocked()  # until it has settled
        assert seen == sorted(seen)
        last = await generations.look()
        assert requests(last) == {"one": 2, "two": 1}
        assert last.settled == 3
        assert sum(hop.counts["replied"] for hop in last.hops) == 3
        assert (last.ready, last.draining, len(last.workers), last.in_flight) == (True, False, 1, 0)


async def test_gateways_that_were_replaced_are_gone(autojump_clock):
    told = []
    async with running("first", alone=lambda: told.append(generations.lingering)) as generations:
        gone = [weakref.ref(generations.gateway)]
        for number in range(100):
            await ask(generations)
            gateway, app = made(f"number {number % 3}")
            await generations.move_to(gateway, app)
            gone.append(weakref.ref(gateway))
            del gateway, app
            await trio.sleep(0.1)
        gc.collect()
        assert [found for found in gone if found() is not None] == [gone[-1]]
        assert told == [0] * 100


async def test_only_so_many_that_were_replaced_serve_at_once(autojump_clock):
    async with running("one", inside=5.0) as generations, trio.open_nursery() as nursery:
        begun = trio.current_time()
        for number in range(LINGERING + 1):
            nursery.start_soon(ask, generations)
            await trio.testing.wait_all_tasks_blocked()
            await generations.move_to(*made(str(number), inside=5.0))
        assert trio.current_time() - begun >= 5.0
        assert generations.lingering <= LINGERING


async def test_once_all_are_draining_none_comes_after_them(autojump_clock):
    async with running("one", inside=2.0) as generations, trio.open_nursery() as nursery:
        nursery.start_soon(ask, generations)
        await trio.sleep(0.1)
        await generations.move_to(*made("two", inside=1.0))
        begun = trio.current_time()
        await generations.drain(5.0)
        assert trio.current_time() - begun == 1.9
        late = made("three")
        assert not await generations.move_to(*late)
        assert not late[0].ready
        assert await ask(generations) == "draining"
