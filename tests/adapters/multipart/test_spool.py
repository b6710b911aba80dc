"""What is kept, where, and for how long."""

import os
from contextlib import suppress

import pytest

from sluicegate.adapters.multipart.spool import Spool, SpoolFailed

BYTES = bytes(range(256)) * 64


def nameless() -> int:
    """How many files without a name this process has open."""
    count = 0
    for fd in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # that of the list itself
            count += os.readlink(f"/proc/self/fd/{fd}").endswith("(deleted)")
    return count


async def filled(spool: Spool, step: int = 1000) -> Spool:
    for start in range(0, len(BYTES), step):
        await spool.write(BYTES[start : start + step])
    return spool


@pytest.mark.parametrize("keep", [0, 1000, 5000, len(BYTES)])
async def test_any_stretch_comes_back_wherever_it_lies(keep):
    spool = await filled(Spool(keep=keep))
    assert spool.size == len(BYTES)
    assert spool.on_disk is (keep < len(BYTES))
    for start, size in ((0, len(BYTES)), (0, 1), (4999, 2), (len(BYTES) - 1, 1), (77, 0)):
        assert await spool.read(start, size) == BYTES[start : start + size]
    spool.close()


async def test_a_file_has_no_name_and_is_gone_when_it_is_closed():
    before = nameless()
    spool = await filled(Spool(keep=0))
    assert nameless() == before + 1
    spool.close()
    assert nameless() == before


async def test_closing_twice_tells_once_and_nothing_is_read_after():
    told = []
    spool = await filled(Spool(on_close=lambda: told.append(1)))
    spool.close()
    spool.close()
    assert told == [1]
    with pytest.raises(SpoolFailed, match="after its request had ended"):
        await spool.read(0, 1)


async def test_a_stretch_that_is_not_there_is_an_error_and_not_less_bytes():
    for keep in (0, len(BYTES)):
        spool = await filled(Spool(keep=keep))
        with pytest.raises(SpoolFailed, match="shorter"):
            await spool.read(len(BYTES) - 1, 2)
        spool.close()
