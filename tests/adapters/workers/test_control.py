"""Frames between two processes, and an outbox that never grows."""

import os
import socket

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.workers.control import MAX_FRAME, BadFrame, Channel, Frames, encode, receive_first

MESSAGES = [("order", 2), ("figures", [0, {"head": [True, b"\x00\xff"]}]), ("ready", None), ("text", "é" * 1000)]


@given(st.lists(st.integers(0, 4000)))
def test_frames_are_found_however_their_bytes_come(cuts):
    data = b"".join(encode(*message) for message in MESSAGES)
    frames, found = Frames(), []
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        found += frames.feed(data[begin:end])
    assert found == MESSAGES


@pytest.mark.parametrize("data", [(MAX_FRAME + 1).to_bytes(4, "big"), b"\0\0\0\1\xc1", b"\0\0\0\0"])
def test_what_is_no_frame_is_told(data):
    with pytest.raises(BadFrame):
        list(Frames().feed(data))


def test_a_frame_that_is_too_large_is_not_made():
    with pytest.raises(BadFrame, match=r"kind figures has \d+ bytes, the limit is 67108864"):
        encode("figures", bytes(MAX_FRAME))


def test_the_first_frame_is_read_without_the_next_one():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(encode("post", b"x" * 10_000) + encode("order", 1))
        assert receive_first(theirs) == ("post", b"x" * 10_000)
        assert receive_first(theirs) == ("order", 1)
        ours.close()
        assert receive_first(theirs) is None


async def test_the_latest_of_a_kind_replaces_one_that_has_not_left_and_is_made_as_it_leaves():
    ours, theirs = trio.testing.lockstep_stream_pair()
    channel, got, value = Channel(ours), [], {"now": 0}
    async with trio.open_nursery() as nursery:
        for at in range(100):
            channel.post("figures", lambda at=at: (at, value["now"]))
        channel.post("order", lambda: 1)
        value["now"] = 7
        nursery.start_soon(channel.send_posted)
        nursery.start_soon(Channel(theirs).receive_all, lambda *message: got.append(message))
        await channel.flush()
        await trio.testing.wait_all_tasks_blocked()
        assert got == [("figures", [99, 7]), ("order", 1)]
        nursery.cancel_scope.cancel()


async def test_who_does_not_read_holds_up_nobody_who_posts(autojump_clock):
    ours, _ = trio.testing.lockstep_stream_pair()
    channel = Channel(ours)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(channel.send_posted)
        for at in range(1000):
            channel.post("figures", lambda at=at: at)
            await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(1) as patience:
            await channel.flush()
        assert patience.cancelled_caught
        nursery.cancel_scope.cancel()


async def test_an_oversized_value_is_logged_and_the_next_one_leaves(caplog):
    ours, theirs = trio.testing.memory_stream_pair()
    channel, got = Channel(ours), []
    async with trio.open_nursery() as nursery:
        channel.post("figures", lambda: bytes(MAX_FRAME))
        channel.post("order", lambda: 1)
        nursery.start_soon(channel.send_posted)
        nursery.start_soon(Channel(theirs).receive_all, lambda *message: got.append(message))
        await channel.flush()
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert got == [("order", 1)]
    assert [record.getMessage()[:28] for record in caplog.records] == ["not sent: a frame of kind fi"]


async def test_when_the_other_side_goes_both_directions_end_and_nothing_is_waited_for():
    ours, theirs = trio.testing.memory_stream_pair()
    channel = Channel(ours)
    await theirs.aclose()
    with trio.fail_after(5):
        await channel.receive_all(lambda *_: None)
        channel.post("order", lambda: 1)
        await channel.send_posted()
        channel.post("order", lambda: 2)
        await channel.flush()


async def test_it_works_on_a_pair_of_sockets():
    ours, theirs = map(trio.SocketStream, trio.socket.socketpair())
    blob, got = os.urandom(3_000_000), []
    async with trio.open_nursery() as nursery:
        channel = Channel(ours)
        nursery.start_soon(channel.send_posted)
        channel.post("figures", lambda: blob)
        nursery.start_soon(channel.flush)
        with trio.move_on_after(5) as patience:
            await Channel(theirs).receive_all(lambda *message: (got.append(message), patience.cancel()))
        nursery.cancel_scope.cancel()
    await channel.aclose()
    await theirs.aclose()
    assert got == [("figures", blob)]
