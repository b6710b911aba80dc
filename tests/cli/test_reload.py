"""The configuration anew, in a process that serves alone."""

import gc
import logging
import weakref
from contextlib import asynccontextmanager

import pytest
import trio

from sluicegate.adapters.http.generations import Generations
from sluicegate.adapters.http.reloading import CannotReload
from sluicegate.assembly import build
from sluicegate.cli.reload import Reloader
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.errors import Overloaded
from sluicegate.pipeline.registry import Registry

SIMULATED = "providers:\n  sim: { type: simulator, tokens: %d }\n"


async def nobody(scope, receive, send):
    pass


async def until(what):
    for _ in range(1000):
        if what():
            return
        await trio.sleep(0.01)
    raise AssertionError


class Gateways:
    """A reloader whose configuration is a text, and all the gateways that it has made."""

    def __init__(self):
        self.text = SIMULATED % 1
        self.registry = Registry()
        self.loaded = self.read()
        self.bug = None
        gateway = build(self.loaded.config)
        self.made = [weakref.ref(gateway)]
        self.generations = Generations(gateway, self.loaded.config.server)
        self.reloader = Reloader(self.loaded, self.generations, read=self.read, open_gateway=self.open)

    def read(self):
        return load(self.text, {}, self.registry, name="text")

    def open(self, config, before):
        if self.bug is not None:
            raise self.bug
        gateway = build(config, before=before)
        self.made.append(weakref.ref(gateway))
        return gateway, nobody


@asynccontextmanager
async def running():
    gateways = Gateways()
    async with trio.open_nursery() as nursery:
        await nursery.start(gateways.generations.run)
        nursery.start_soon(gateways.reloader.run)
        yield gateways
        nursery.cancel_scope.cancel()


async def test_nothing_is_kept_of_a_hundred_gateways_that_were_replaced():
    async with running() as gateways:
        for number in range(100):
            gateways.text = SIMULATED % (number % 2 + 2) + f"models: {{ m: {{ targets: [sim/{number % 3}] }} }}\n"
            assert (await gateways.reloader.reload())["changed"]
        await until(lambda: not gateways.generations.lingering)
        gc.collect()
        assert len(gateways.made) == 101
        assert [made for made in gateways.made if made() is not None] == [gateways.made[-1]]


async def test_the_same_again_makes_no_new_gateway():
    async with running() as gateways:
        gateways.text += "# a remark\n"
        assert await gateways.reloader.reload() == {"changed": [], "needs_restart": [], "problems": []}
        assert len(gateways.made) == 1


async def test_however_many_want_it_at_once_it_is_done_once(caplog):
    caplog.set_level(logging.INFO, "sluicegate.reload")
    async with running() as gateways:
        gateways.text = SIMULATED % 2
        for _ in range(20):
            gateways.reloader.want()
        await until(lambda: caplog.messages)
        assert caplog.messages == ["configuration reloaded; changed: providers.sim"]
        assert len(gateways.made) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("providers: { sim: { type: simulatr } }\nserver: { prot: 1 }\n", "text:2:11: error: unknown key 'prot'"),
        ("server: { host: 0.0.0.0 }\n" + SIMULATED % 2, None),
        ("pipeline: [call, route]\n" + SIMULATED % 1, "error:"),
    ],
)
async def test_what_cannot_be_used_leaves_the_old_one_running(caplog, text, said):
    async with running() as gateways:
        before = gateways.generations.gateway
        gateways.text = text
        if said is None:  # the address that is listened on stays, so nobody new can reach the gateway
            assert (await gateways.reloader.reload())["needs_restart"] == ["server.host"]
            return
        with pytest.raises(CannotReload) as caught:
            await gateways.reloader.reload()
        assert said in str(caught.value)
        assert [f"the configuration stays as it is: {one}" for one in caught.value.problems] == caplog.messages
        assert gateways.generations.gateway is before


async def test_a_bug_in_a_stage_leaves_the_old_one_running_and_a_better_one_comes_after_it(caplog):
    async with running() as gateways:
        before = gateways.generations.gateway
        gateways.text, gateways.bug = SIMULATED % 2, ZeroDivisionError()
        with pytest.raises(CannotReload, match="failed at its start"):
            await gateways.reloader.reload()
        assert "a stage or provider failed at its start" in caplog.messages
        assert gateways.generations.gateway is before
        gateways.bug = None
        assert (await gateways.reloader.reload())["changed"] == ["providers.sim"]


async def test_at_the_end_it_comes_too_late():
    async with running() as gateways:
        await gateways.generations.drain(0.0)
        gateways.text = SIMULATED % 2
        with pytest.raises(Overloaded):
            await gateways.reloader.reload()
