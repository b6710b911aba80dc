"""Many connections, tried with few: idle ones that are used again, and streams whose chunks are counted."""

import socket
import sys

import pytest

from sluicegate.perf.bench.crowd import Crowd, InOrder, token
from sluicegate.perf.bench.idle import ask, hold_all, processes_for
from sluicegate.perf.bench.stand import Stand, upstream
from sluicegate.perf.distributions import always
from sluicegate.perf.load.target import target_of
from sluicegate.perf.processes import cores, pin
from sluicegate.perf.simulate.behaviour import Behaviour
from tests.perf.simulated import simulated

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's /proc")


@pytest.fixture
def stand():
    """A stand on these cores; whatever it does to this process is undone."""
    found = cores()
    yield Stand()
    pin(found)


def test_connections_leave_room_for_uneven_accepting():
    assert processes_for(100_000, 20_000) == 7
    assert processes_for(15_000, 20_000) == 1
    assert processes_for(15_001, 20_000) == 2
    assert processes_for(0, 20_000) == 1


@linux
def test_idle_connections_are_counted_weighed_and_used_again(stand):
    with simulated() as url, stand.serve(upstream(url)) as served:
        weights = iter([1_000_000, 2_650_000])
        held = hold_all(served.target, served.pid, [150, 150], sample=40, weigh=lambda pid: next(weights))
        refused = hold_all(target_of(served.running.url, "a wrong key"), served.pid, [5], sample=5)
    assert (refused.connections, refused.answered) == (0, 0)
    assert held.connections == 300
    assert (held.asked, held.answered) == (40, 40)
    assert held.each == 5500.0


def test_an_answer_that_ends_with_its_connection_keeps_none():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}")
        assert not ask(ours, b"")


def streamed(*texts):
    watch = InOrder()
    for text in texts:
        watch.feed(b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n' % text.encode(), 0.0)
    return watch


@pytest.mark.parametrize(
    ("places", "right", "wrong"),
    [([0, 1, 2], 3, False), ([0, 2], 1, True), ([0, 1, 1], 2, True), ([0, 2, 1], 2, True), ([], 0, False)],
    ids=["in order", "one lost", "one twice", "two swapped", "none"],
)
def test_each_chunk_has_its_place(places, right, wrong):
    watch = streamed(*map(token, places))
    assert (watch.right, watch.wrong) == (right, wrong)


def test_a_chunk_may_come_in_pieces():
    watch = InOrder()
    data = b'data: {"choices":[{"delta":{"content":"the"}}]}\n\n'
    for at in range(len(data)):
        watch.feed(data[at : at + 1], 0.0)
    assert (watch.right, watch.chunks) == (1, 1)


def test_a_crowd_hears_every_chunk_and_tells_how_many_are_open():
    seen = []
    with simulated(Behaviour(tokens=always(30), tokens_per_second=always(10))) as url:
        crowd = Crowd(target_of(url), 20, ramp=0.3, until=20, look=seen.append)
        crowd.run()
    assert [one.delivered for one in crowd.listeners] == [30] * 20
    assert all(one.reader.done and one.reader.error is None for one in crowd.listeners)
    assert seen[0] == 20


def test_a_crowd_tells_streams_that_break_off():
    with simulated(Behaviour(tokens=always(30), tokens_per_second=always(300), cut_rate=1.0)) as url:
        crowd = Crowd(target_of(url), 4, ramp=0.1, until=20)
        crowd.run()
    assert [one.delivered for one in crowd.listeners] == [15] * 4
    assert {one.reader.error for one in crowd.listeners} == {"cut"}


def test_a_crowd_gives_up_what_does_not_come():
    with simulated(Behaviour(tokens=always(30), stall_rate=1.0, tokens_per_second=always(300))) as url:
        crowd = Crowd(target_of(url), 2, ramp=0.1, until=1.0)
        crowd.run()
    assert not any(one.reader.done for one in crowd.listeners)


def test_a_crowd_survives_a_server_that_is_not_there():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    crowd = Crowd(target_of(f"http://127.0.0.1:{port}"), 3, ramp=0.1, until=5)
    crowd.run()
    assert [one.delivered for one in crowd.listeners] == [0] * 3
