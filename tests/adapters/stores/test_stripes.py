"""Locks between processes, seen from two of them."""

import fcntl
import logging
import os
import signal
import time
from collections.abc import Iterator

import pytest

from sluicegate.adapters.stores.stripes import PATIENCE, Stripes
from sluicegate.adapters.stores.table import create_memory
from tests.adapters.stores.hammer import await_ready, process, tell


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = create_memory()
    yield descriptor
    os.close(descriptor)


def is_free(descriptor: int, stripe: int) -> bool:
    """Say whether another process could have the lock, by taking it."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, stripe)
    except BlockingIOError:
        return False
    fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, stripe)
    return True


def seconds_to_take(stripes: Stripes, stripe: int) -> float:
    began = time.monotonic()
    stripes.take([stripe])
    stripes.give()
    return time.monotonic() - began


def test_a_stripe_is_locked_for_other_processes_and_the_rest_is_not(memory: int) -> None:
    with process("hold", memory, 7):
        assert [is_free(memory, stripe) for stripe in (6, 7, 8)] == [True, False, True]


def test_a_lock_goes_with_the_process_that_was_killed(memory: int) -> None:
    with process("hold", memory, 7) as holder:
        assert not is_free(memory, 7)
        holder.kill()
        holder.wait()
        assert is_free(memory, 7)


def test_giving_gives_all(memory: int) -> None:
    stripes = Stripes(memory)
    stripes.take([1, 200])
    stripes.give()
    with process("hold", memory, 1), process("hold", memory, 200):
        assert not is_free(memory, 1)
        assert not is_free(memory, 200)


def test_a_process_that_keeps_its_lock_holds_others_up_once_and_not_for_long(
    memory: int, caplog: pytest.LogCaptureFixture
) -> None:
    stripes = Stripes(memory)
    with process("hold", memory, 7):
        assert PATIENCE <= seconds_to_take(stripes, 7) < 10.0
        assert seconds_to_take(stripes, 7) < PATIENCE
        assert seconds_to_take(stripes, 8) < PATIENCE
    assert [(record.levelno, record.message) for record in caplog.records] == [
        (logging.WARNING, "counting without a lock: another process has held it for over 0.2 s")
    ]


def test_a_stripe_that_was_found_free_is_waited_for_again(memory: int) -> None:
    stripes = Stripes(memory)
    with process("hold", memory, 7):
        assert seconds_to_take(stripes, 7) >= PATIENCE
    assert seconds_to_take(stripes, 7) < PATIENCE
    with process("hold", memory, 7):
        assert seconds_to_take(stripes, 7) >= PATIENCE


def test_a_lock_is_waited_for_while_there_is_patience(memory: int, caplog: pytest.LogCaptureFixture) -> None:
    stripes = Stripes(memory, patience=30.0)
    with process("hold", memory, 7) as holder:
        tell(holder)
        await_ready(holder)
        assert seconds_to_take(stripes, 7) < 30.0
        assert holder.wait() == -signal.SIGALRM
    assert not caplog.records
