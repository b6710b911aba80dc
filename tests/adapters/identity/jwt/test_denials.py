"""Revoked tokens, in this process and in others."""

import math
import time

import pytest
import trio

from sluicegate.adapters.database.database import open_database
from sluicegate.adapters.identity.jwt import denials as module
from sluicegate.adapters.identity.jwt.denials import Denial, Denials
from sluicegate.pipeline.errors import GatewayError, Overloaded, StoreUnavailable

FOREVER = 4e9


async def test_without_a_database_they_are_known_at_once(autojump_clock):
    denials = Denials(None, lambda: 100.0)
    assert denials.known
    await denials.deny(Denial("token a", math.inf, 200.0))
    await denials.deny(Denial("subject b", 100.0, 200.0))
    assert denials.denies("token a", 5.0)
    assert denials.denies("subject b", 100.0)
    assert not denials.denies("subject b", 100.5)
    assert not denials.denies("token b", 5.0)


async def test_there_are_only_so_many_and_old_ones_make_room(autojump_clock, monkeypatch):
    now = [0.0]
    denials = Denials(None, lambda: now[0])
    monkeypatch.setattr(module, "MOST", 2)
    for name in "ab":
        await denials.deny(Denial(name, math.inf, 10.0))
    with pytest.raises(Overloaded):
        await denials.deny(Denial("c", math.inf, 30.0))
    now[0] = 11.0
    await denials.deny(Denial("c", math.inf, 30.0))
    assert denials.denies("c", 0.0)
    assert not denials.denies("a", 0.0)


async def test_others_hear_of_them_within_a_second_and_after_a_restart(url):
    databases = [open_database(url) for _ in range(3)]
    one, two, later = (Denials(database, time.time) for database in databases)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one.run)
        nursery.start_soon(two.run)
        await one.wait()
        await two.wait()
        for number in range(3):
            name = f"token '; DROP TABLE x; -- {number}"
            await one.deny(Denial(name, math.inf, FOREVER))
            assert one.denies(name, 1e9)
            with trio.fail_after(1.0):
                while not two.denies(name, 1e9):  # noqa: ASYNC110  # nothing tells when it has heard
                    await trio.sleep(0.01)
        await two.deny(Denial("token gone", math.inf, time.time() - 1))
        nursery.start_soon(later.run)
        await later.wait()
        assert later.denies(name, 1e9)
        nursery.cancel_scope.cancel()
    for database in databases:
        await database.aclose()


async def test_as_long_as_nobody_knows_nothing_is_accepted(tmp_path, autojump_clock, caplog):
    denials = Denials(open_database(f"sqlite:///{tmp_path}/no/such/folder/\x7f/keys.db"), time.time)
    assert not denials.known
    with pytest.raises(StoreUnavailable):
        await denials.wait()


async def test_what_cannot_be_written_is_not_said_to_be_revoked(tmp_path):
    (tmp_path / "file").write_text("no database at all" * 100)
    denials = Denials(open_database(f"sqlite:///{tmp_path}/file"), time.time)
    with pytest.raises(GatewayError):
        await denials.deny(Denial("token a", math.inf, FOREVER))
    assert not denials.denies("token a", 0.0)
