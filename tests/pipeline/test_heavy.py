"""What is small is worked on at once, what is large in a thread; in real time, for a virtual clock knows no threads."""

import threading

import pytest
import trio

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.heavy import LARGE, compute


def where():
    return threading.current_thread()


def at_once(waiting):
    with pytest.raises(StopIteration) as end:
        waiting.send(None)
    return end.value.value


def test_what_is_small_is_worked_on_at_once_without_a_checkpoint():
    assert at_once(compute(LARGE, where)) is threading.current_thread()


async def test_what_is_large_is_worked_on_in_a_thread():
    assert await compute(LARGE + 1, where) is not threading.current_thread()


@pytest.mark.parametrize("size", [1, LARGE + 1])
async def test_errors_arrive_as_themselves(size):
    error = InvalidRequest("so")

    def refuse():
        raise error

    with pytest.raises(InvalidRequest) as raised:
        await compute(size, refuse)
    assert raised.value is error


async def test_cancelled_task_does_not_wait_for_its_thread():
    started, go_on = trio.Event(), threading.Event()
    token = trio.lowlevel.current_trio_token()

    def work():
        token.run_sync_soon(started.set)
        go_on.wait(30)

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(compute, LARGE + 1, work)
            await started.wait()
            nursery.cancel_scope.cancel()
    go_on.set()
