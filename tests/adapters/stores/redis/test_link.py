"""One connection with many callers, on memory streams in virtual time."""

from contextlib import suppress
from math import inf

import pytest
import trio
from redis.exceptions import ReadOnlyError, ResponseError
from trio.testing import MockClock, memory_stream_pair, wait_all_tasks_blocked

from sluicegate.adapters.stores.redis import link as module
from sluicegate.adapters.stores.redis.link import MAX_SLOTS, MAX_UNSENT, PAUSE, SLOW, Link, LinkLost, new_reader
from sluicegate.pipeline.errors import StoreUnavailable

TIMEOUT = 0.05


class Served:
    """A link whose server is the test."""

    def __init__(self, nursery):
        ours, self.server = memory_stream_pair()
        self.pushed = []
        self.lost = None
        self.nursery = nursery
        self.link = Link(ours, new_reader(), TIMEOUT, self.pushed.append, StoreUnavailable)
        nursery.start_soon(self._run)

    async def _run(self):
        try:
            await self.link.run()
        except LinkLost as lost:
            self.lost = lost

    async def ask(self, command, answers, name):
        try:
            answers.append((name, await self.link.ask(command)))
        except StoreUnavailable as error:
            answers.append((name, error))


@pytest.fixture
async def served():
    async with trio.open_nursery() as nursery:
        yield Served(nursery)
        nursery.cancel_scope.cancel()


async def test_replies_come_to_those_who_asked_in_their_order(autojump_clock, served):
    answers = []
    for name in "abc":
        served.nursery.start_soon(served.ask, name.encode(), answers, name)
        await wait_all_tasks_blocked()
    await served.server.send_all(b"+one\r\n$3\r\ntwo\r\n:3\r\n")
    await wait_all_tasks_blocked()
    assert sorted(answers) == [("a", b"one"), ("b", b"two"), ("c", 3)]


async def test_what_is_asked_in_one_tick_leaves_in_one_piece(autojump_clock, served):
    answers = []
    for name in "abc":
        served.nursery.start_soon(served.ask, name.encode(), answers, name)
    await wait_all_tasks_blocked()
    assert sorted(bytes(await served.server.receive_some(100))) == list(b"abc")


async def test_a_reply_in_pieces_is_one(autojump_clock, served):
    answers = []
    served.nursery.start_soon(served.ask, b"x", answers, "x")
    for piece in (b"$6\r", b"\nabc", b"def\r", b"\n"):
        await wait_all_tasks_blocked()
        assert answers == []
        await served.server.send_all(piece)
    await wait_all_tasks_blocked()
    assert answers == [("x", b"abcdef")]


async def test_an_error_is_a_reply(autojump_clock, served):
    answers = []
    served.nursery.start_soon(served.ask, b"x", answers, "x")
    await wait_all_tasks_blocked()
    await served.server.send_all(b"-ERR no\r\n")
    await wait_all_tasks_blocked()
    assert isinstance(answers[0][1], ResponseError)
    assert served.lost is None


async def test_who_stops_waiting_leaves_a_place_that_takes_the_reply(autojump_clock, served):
    answers = []
    scope = trio.CancelScope()

    async def gives_up():
        with scope:
            await served.ask(b"1", answers, "gave up")

    served.nursery.start_soon(gives_up)
    await wait_all_tasks_blocked()
    served.nursery.start_soon(served.ask, b"2", answers, "stayed")
    await wait_all_tasks_blocked()
    scope.cancel()
    await wait_all_tasks_blocked()
    await served.server.send_all(b"+first\r\n+second\r\n")
    await wait_all_tasks_blocked()
    assert answers == [("stayed", b"second")]


async def test_who_was_cancelled_before_asks_nothing(autojump_clock, served):
    with trio.CancelScope() as scope:
        scope.cancel()
        await served.link.ask(b"never")
    assert scope.cancelled_caught
    await wait_all_tasks_blocked()
    with trio.move_on_after(1.0) as waiting:
        await served.server.receive_some(100)
    assert waiting.cancelled_caught


async def test_push_messages_take_nobodys_place(autojump_clock, served):
    answers = []
    served.nursery.start_soon(served.ask, b"x", answers, "x")
    await wait_all_tasks_blocked()
    await served.server.send_all(b">2\r\n+invalidate\r\n*1\r\n+key\r\n+mine\r\n>1\r\n+later\r\n")
    await wait_all_tasks_blocked()
    assert answers == [("x", b"mine")]
    assert served.pushed == [[b"invalidate", [b"key"]], [b"later"]]


async def test_a_server_that_says_nothing_costs_one_timeout_and_ends_the_link(autojump_clock, served):
    answers = []
    served.nursery.start_soon(served.ask, b"1", answers, "first")
    await trio.sleep(TIMEOUT / 2)
    served.nursery.start_soon(served.ask, b"2", answers, "second")
    await trio.sleep(TIMEOUT / 2 - 0.001)
    assert answers == []
    await trio.sleep(0.002)
    assert {name for name, _ in answers} == {"first", "second"}
    assert all("no reply within 0.05 s" in error.message for _, error in answers)
    assert served.lost.hopeless
    with pytest.raises(StoreUnavailable, match="no reply"):
        await served.link.ask(b"3")


async def test_a_server_that_talks_and_is_late_for_one_fails_that_one_alone(autojump_clock, served):
    """A long reply comes in pieces, for longer than a timeout; the command after it waits behind."""
    answers = []
    served.nursery.start_soon(served.ask, b"1", answers, "long")
    await trio.sleep(0.04)
    served.nursery.start_soon(served.ask, b"2", answers, "short")
    await served.server.send_all(b"$4\r\nab")
    await trio.sleep(0.02)
    assert [name for name, _ in answers] == ["long"]
    await served.server.send_all(b"cd\r\n+quick\r\n")
    await wait_all_tasks_blocked()
    assert answers[1] == ("short", b"quick")
    assert served.lost is None


async def test_a_server_that_replies_and_is_too_slow_for_all_ends_the_link(autojump_clock, served):
    async def work():
        while True:
            await trio.sleep(TIMEOUT / 5.5)
            with suppress(trio.BrokenResourceError):
                await served.server.send_all(b"+done\r\n")

    served.nursery.start_soon(work)
    answers = []
    for at in range(5 + SLOW):
        served.nursery.start_soon(served.ask, b"x", answers, at)
    await trio.sleep(TIMEOUT + 2 * PAUSE)
    assert [answer for _, answer in answers[:5]] == [b"done"] * 5
    assert all(isinstance(answer, StoreUnavailable) for _, answer in answers[5:])
    assert len(answers) == 5 + SLOW
    assert "8 replies in a row" in str(served.lost)
    assert served.lost.hopeless


async def test_a_program_that_was_busy_for_longer_than_a_timeout_blames_nobody(autojump_clock: MockClock, served):
    autojump_clock.autojump_threshold = inf
    answers = []
    served.nursery.start_soon(served.ask, b"x", answers, "x")
    await wait_all_tasks_blocked()
    await served.server.send_all(b"+there\r\n")
    autojump_clock.jump(1.0)
    await wait_all_tasks_blocked()
    assert answers == [("x", b"there")]


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"+nobody asked\r\n", "nobody has asked for"),
        (b"HTTP/1.1 400 Bad Request\r\n", "no reply"),
        (b"", "closed by the server"),
    ],
)
async def test_a_link_that_is_out_of_step_ends(autojump_clock, served, sent, why):
    if sent:
        await served.server.send_all(sent)
    else:
        await served.server.send_eof()
    await wait_all_tasks_blocked()
    assert why in str(served.lost)
    assert not served.lost.hopeless


async def test_the_end_of_a_link_is_told_to_all_who_wait(autojump_clock, served):
    answers = []
    for name in "ab":
        served.nursery.start_soon(served.ask, name.encode(), answers, name)
    await wait_all_tasks_blocked()
    await served.server.aclose()
    await wait_all_tasks_blocked()
    assert [(name, error.message) for name, error in sorted(answers)] == [
        ("a", "the connection was closed by the server"),
        ("b", "the connection was closed by the server"),
    ]


async def test_a_server_that_has_become_a_replica_is_left_once_it_has_said_so(autojump_clock, served):
    answers = []
    served.nursery.start_soon(served.ask, b"x", answers, "x")
    await wait_all_tasks_blocked()
    await served.server.send_all(b"-READONLY You can't write against a read only replica.\r\n")
    await wait_all_tasks_blocked()
    assert isinstance(answers[0][1], ReadOnlyError)
    assert served.lost.hopeless


async def test_one_command_too_many_fails_at_once(autojump_clock: MockClock, served):
    autojump_clock.autojump_threshold = inf
    answers = []
    for _ in range(MAX_SLOTS):
        served.nursery.start_soon(served.ask, b"x", answers, "x")
    await wait_all_tasks_blocked()
    with pytest.raises(StoreUnavailable, match="10000 commands wait"):
        await served.link.ask(b"x")
    assert answers == []


async def test_bytes_that_would_wait_to_be_sent_are_bounded(autojump_clock, served):
    with pytest.raises(StoreUnavailable, match="bytes would wait"):
        await served.link.ask(bytes(MAX_UNSENT + 1))


async def test_a_command_that_cannot_leave_fails_after_twice_the_time(autojump_clock):
    """The server goes on replying to another command, piece by piece, and takes nothing in."""

    class Stuck(trio.abc.Stream):
        def __init__(self, inner):
            self.inner = inner
            self.sends = 0

        async def send_all(self, data):
            self.sends += 1
            if self.sends > 1:
                await trio.sleep_forever()

        async def wait_send_all_might_not_block(self):
            raise NotImplementedError

        async def receive_some(self, max_bytes=None):
            return await self.inner.receive_some(max_bytes)

        async def aclose(self):
            await self.inner.aclose()

    async with trio.open_nursery() as nursery:
        served = Served(nursery)
        served.link._stream = Stuck(served.link._stream)
        answers = []
        nursery.start_soon(served.ask, b"1", answers, "first")
        await trio.sleep(0.01)
        nursery.start_soon(served.ask, b"2", answers, "stuck")
        await trio.sleep(0.01)
        begun = trio.current_time()
        nursery.start_soon(served.ask, b"3", answers, "unsent")
        await served.server.send_all(b"$100\r\n")
        while len(answers) < 3 and trio.current_time() < begun + 1.0:
            await trio.sleep(0.01)
            await served.server.send_all(b"x")
        assert [name for name, _ in answers] == ["first", "stuck", "unsent"]
        assert trio.current_time() - begun == pytest.approx(2 * TIMEOUT, abs=0.011)
        nursery.cancel_scope.cancel()


def test_its_bounds_are_known():
    assert (module.MAX_SLOTS, module.MAX_UNSENT, module.SLOW) == (10_000, 64 * 1024 * 1024, 8)
