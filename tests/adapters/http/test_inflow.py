import pytest
import trio

from sluicegate.adapters.http.inflow import Inflow
from sluicegate.adapters.http.uploads import FREE, Uploads
from sluicegate.pipeline.errors import ClientGone, Overloaded, TooLarge

MIB = 1024 * 1024


def receiver(*messages):
    """Return a ``receive`` that gives these messages and then waits for ever."""
    left = list(messages)

    async def receive():
        if not left:
            await trio.sleep_forever()
        return left.pop(0)

    return receive


def uploads(most=10, room=64 * MIB):
    return Uploads(most, room)


def part(data, *, more=True):
    return {"type": "http.request", "body": data, "more_body": more}


CHUNKED = [(b"transfer-encoding", b"chunked")]
GONE = {"type": "http.disconnect"}


async def test_a_body_is_all_its_parts():
    inflow = Inflow(receiver(part(b"ab"), part(b"c"), part(b"", more=False)), [])
    assert await inflow.read(3, uploads()) == b"abc"
    assert inflow.complete
    assert not inflow.gone


async def test_a_declared_body_over_the_limit_is_refused_before_any_of_it_is_read():
    inflow = Inflow(receiver(), [(b"content-length", str(11 * MIB + 400_000).encode())])
    with pytest.raises(TooLarge, match=r"^body is 11.4 MiB, limit 10 MiB$"):
        await inflow.read(10 * MIB, uploads())


async def test_sizes_that_read_the_same_are_told_in_bytes():
    inflow = Inflow(receiver(), [(b"content-length", str(10 * MIB + 1).encode())])
    with pytest.raises(TooLarge, match=r"^body is 10485761 bytes, limit 10485760 bytes$"):
        await inflow.read(10 * MIB, uploads())


async def test_an_undeclared_body_is_refused_once_it_is_over_the_limit():
    inflow = Inflow(receiver(part(b"x" * 1024), part(b"x")), [])
    with pytest.raises(TooLarge, match=r"^body is over 1 KiB$"):
        await inflow.read(1024, uploads())


@pytest.mark.parametrize("declared", [b"", b"-1", b"9" * 30, b"1e9", b"\xb2"])
async def test_a_length_that_is_no_number_is_left_to_the_count(declared):
    inflow = Inflow(receiver(part(b"x", more=False)), [(b"content-length", declared)])
    assert await inflow.read(1, uploads()) == b"x"


async def test_of_a_body_that_is_coming_in_only_what_is_beyond_the_first_bytes_takes_room():
    counted = uploads(room=1000)
    seen = []

    async def receive():
        seen.append((counted.count, counted.held))
        return parts.pop(0)

    parts = [part(bytes(FREE)), part(bytes(600)), part(bytes(400)), part(b"", more=False)]
    assert len(await Inflow(receive, []).read(MIB, counted)) == FREE + 1000
    assert seen == [(1, 0), (1, 0), (1, 600), (1, 1000)]
    assert (counted.count, counted.held) == (0, 0)


async def test_a_body_that_finds_no_room_is_refused_and_what_was_held_of_it_let_go():
    counted = uploads(room=1000)
    counted.enter()
    counted.take(500)
    inflow = Inflow(receiver(part(bytes(FREE + 500)), part(b"x")), [])
    with pytest.raises(Overloaded, match=r"take 1000 bytes together, their limit") as refused:
        await inflow.read(MIB, counted)
    assert (refused.value.status, refused.value.retry_after) == (503, 1.0)
    assert (counted.count, counted.held) == (1, 500)


async def test_more_bodies_at_once_than_there_may_be_are_refused_before_any_byte():
    counted = uploads(most=1)
    counted.enter()
    with pytest.raises(Overloaded, match="is reading 1 requests, its limit"):
        await Inflow(receiver(), CHUNKED).read(MIB, counted)
    counted.leave(0)
    assert await Inflow(receiver(part(b"x", more=False)), []).read(MIB, counted) == b"x"


@pytest.mark.parametrize("last", [{"type": "http.disconnect"}, part(bytes(MIB))], ids=["left", "too large"])
async def test_however_a_body_ends_its_room_is_free_again(last):
    counted = uploads()
    inflow = Inflow(receiver(part(bytes(MIB)), last), [])
    with pytest.raises((ClientGone, TooLarge)):
        await inflow.read(MIB, counted)
    assert (counted.count, counted.held) == (0, 0)


async def test_a_client_that_leaves_in_mid_body_is_gone():
    inflow = Inflow(receiver(part(b"x"), GONE), [])
    with pytest.raises(ClientGone):
        await inflow.read(10, uploads())
    assert inflow.gone


async def test_until_gone_reads_past_whatever_still_comes():
    inflow = Inflow(receiver(part(b"x"), part(b"y", more=False), GONE), [])
    await inflow.until_gone()
    assert inflow.gone


async def test_what_nobody_wants_is_read_for_five_seconds_at_most(autojump_clock):
    inflow = Inflow(receiver(part(b"x")), CHUNKED)
    started = trio.current_time()
    await inflow.discard()
    assert trio.current_time() == started + 5.0
    assert not inflow.complete


async def test_what_nobody_wants_is_read_to_its_end():
    inflow = Inflow(receiver(part(b"x"), part(b"", more=False)), CHUNKED)
    await inflow.discard()
    assert inflow.complete


async def test_what_nobody_wants_is_not_read_without_end():
    taken = 0

    async def receive():
        nonlocal taken
        taken += 1
        return part(bytes(MIB))

    await Inflow(receive, CHUNKED).discard()
    assert taken == 64


async def test_where_no_body_is_announced_nothing_is_waited_for():
    inflow = Inflow(receiver(), [(b"content-length", b"0")])
    await inflow.discard()
    assert not inflow.expected
