"""What the tests of shared counters run as processes of their own: ``python -m tests.adapters.stores.hammer``."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sluicegate.adapters.stores.shared import SharedStore
from sluicegate.adapters.stores.stripes import Stripes
from sluicegate.pipeline.store import Slot, Window, at_once

AGES = 1e9
"""Seconds, of which no machine has been up so many: all hits fall into the first bucket."""
SLOT = Slot("limit:concurrency:{key:one}", 100)
WINDOWS = [Window("one", 1500, AGES), Window("one", 10_000, 2 * AGES), Window("two", 10_000, AGES)]


@contextmanager
def process(what: str, descriptor: int, *arguments: int) -> Iterator["subprocess.Popen[str]"]:
    """Run one of the functions below in another process, from when it is ready, and kill it at the end."""
    command = [sys.executable, "-m", "tests.adapters.stores.hammer", what, str(descriptor), *map(str, arguments)]
    with subprocess.Popen(
        command, pass_fds=[descriptor], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            await_ready(child)
            yield child
        finally:
            child.kill()


def await_ready(child: "subprocess.Popen[str]") -> None:
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"


def tell(child: "subprocess.Popen[str]") -> None:
    """Tell a process to begin with what it waits to do."""
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()


def ready() -> None:
    print("ready", flush=True)


def hit(descriptor: int, times: int, backwards: int) -> None:
    """Hit when told to, and print how often that was admitted."""
    store, windows = SharedStore(descriptor), WINDOWS[::-1] if backwards else WINDOWS
    ready()
    sys.stdin.readline()
    print(sum(at_once(store.hit(windows)).refused_by is None for _ in range(times)), flush=True)


def hit_and_refund(descriptor: int) -> None:
    """Hit for ever, and take each hit back."""
    store = SharedStore(descriptor)
    ready()
    while True:
        at_once(store.adjust(WINDOWS, at_once(store.hit(WINDOWS)), -1))


def hold(descriptor: int, stripe: int) -> None:
    """Lock a stripe for ever, or, when told to, until a timer ends this process a little later."""
    Stripes(descriptor).take([stripe])
    ready()
    sys.stdin.readline()
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    ready()
    signal.pause()


def occupy(descriptor: int, times: int, ttl: int) -> None:
    """Hold a place of a slot as often as there is one when told to, print how often, and give one back when told to."""
    store = SharedStore(descriptor)
    ready()
    sys.stdin.readline()
    owners = [owner for owner in map(str, range(times)) if at_once(store.hold([SLOT], owner, ttl)) is None]
    print(len(owners), flush=True)
    sys.stdin.readline()
    at_once(store.release([SLOT], owners[0]))
    ready()
    sys.stdin.readline()


if __name__ == "__main__":
    {"hit": hit, "hit_and_refund": hit_and_refund, "hold": hold, "occupy": occupy}[sys.argv[1]](*map(int, sys.argv[2:]))
