"""A worker's end of the channel, with a supervisor that is a test."""

import signal

import pytest
import trio
import trio.lowlevel
import trio.testing

from sluicegate.adapters.http.orders import Order, Orders
from sluicegate.adapters.http.reloading import CannotReload
from sluicegate.adapters.telemetry.packing import pack, unpack
from sluicegate.adapters.telemetry.view import OwnView
from sluicegate.adapters.workers.bond import ANSWER, PERIOD, RELOADING, Bond
from sluicegate.adapters.workers.control import Channel
from sluicegate.adapters.workers.reread import refused
from sluicegate.assembly import build
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.problems import Mark, Problem, Severity
from sluicegate.pipeline.errors import Overloaded
from sluicegate.pipeline.registry import Registry


class Other:
    """The other end."""

    def __init__(self, stream):
        self.got = []
        self.answers = True
        self.stream = stream
        self.channel = Channel(stream)

    def take(self, kind, value):
        self.got.append((kind, value))
        if kind == "reload" and self.answers:
            self.channel.post("reloaded", lambda: [value, self.told])
        if kind == "ask" and self.answers:
            self.channel.post("answer", lambda: [value, self.figures])

    def of(self, kind):
        return [value for found, value in self.got if found == kind]


@pytest.fixture
async def bound():
    """Give both ends, and the worker's orders. No alarm that an order sets may outlive its test."""
    config = load("providers: {sim: {type: simulator}}", {}, Registry()).config
    gateway = build(config)
    ours, theirs = trio.testing.memory_stream_pair()
    other, orders = Other(theirs), Orders()
    bond = Bond(Channel(ours), orders, OwnView(gateway), config.server)
    other.figures = pack(OwnView(gateway).take())
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bond.run)
            nursery.start_soon(other.channel.send_posted)
            nursery.start_soon(other.channel.receive_all, other.take)
            yield bond, other, orders
            nursery.cancel_scope.cancel()
    finally:
        signal.alarm(0)


async def test_it_reports_when_it_serves_and_then_again_and_again(autojump_clock, bound):
    bond, other, _ = bound
    bond.serving()
    await trio.sleep(PERIOD * 2.5)
    assert [kind for kind, _ in other.got] == ["ready", "figures", "figures", "figures"]
    first, *later = [changes for _, changes in other.of("figures")]
    assert len(first["hops"]) == 10
    assert all(changes["hops"] == [] for changes in later)


async def test_a_look_is_answered_at_once_with_its_number(autojump_clock, bound):
    _, other, _ = bound
    other.channel.post("look", lambda: 3)
    await trio.lowlevel.checkpoint()
    await trio.testing.wait_all_tasks_blocked()
    assert [looked for looked, _ in other.of("figures")] == [3]


async def test_an_order_is_passed_on_and_the_kernel_ends_the_process_if_it_is_not_obeyed(autojump_clock, bound):
    _, other, orders = bound
    other.channel.post("order", lambda: int(Order.DRAIN))
    assert await orders.next() is Order.DRAIN
    assert 30 < signal.alarm(0) <= 37


async def test_without_its_supervisor_the_worker_drains(autojump_clock, bound, caplog):
    _, other, orders = bound
    await other.stream.aclose()
    assert await orders.next() is Order.DRAIN
    assert "the supervisor has ended" in caplog.text


async def test_the_figures_are_those_that_the_supervisor_tells(autojump_clock, bound):
    bond, other, _ = bound
    assert (await bond.look()).hops[0].name == "validate"
    other.figures = {**other.figures, "hops": []}
    assert (await bond.look()).hops == ()
    assert other.of("ask") == [1, 2]


async def test_a_supervisor_that_is_silent_is_an_error_in_time_and_not_for_ever(autojump_clock, bound):
    bond, other, _ = bound
    other.answers = False
    began = trio.current_time()
    with pytest.raises(Overloaded, match="has not told the figures of all workers within 2 s") as caught:
        await bond.look()
    assert caught.value.code == "no_figures"
    assert trio.current_time() - began == ANSWER
    other.answers = True
    assert (await bond.look()).workers == unpack(other.figures).workers


async def test_a_reload_is_the_supervisors_and_what_became_of_it_comes_back(autojump_clock, bound):
    bond, other, _ = bound
    other.told = {"changed": ["providers.sim"], "needs_restart": [], "problems": []}
    assert await bond.reload() == other.told
    problems = (
        Problem("unknown key 'a'", "unknown-key", Mark(3, 5), hint="did you mean 'b'?", path="server", file="c.yaml"),
        Problem("not nice", "odd", severity=Severity.WARNING),
    )
    other.told = refused(problems).told
    with pytest.raises(CannotReload) as caught:
        await bond.reload()
    assert caught.value.problems == problems
    assert str(caught.value) == "\n".join(map(str, problems))
    other.answers = False
    began = trio.current_time()
    with pytest.raises(Overloaded, match="has not read the configuration"):
        await bond.reload()
    assert trio.current_time() - began == RELOADING
    assert other.of("reload") == [1, 2, 3]
