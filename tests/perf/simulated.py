"""A simulated upstream in a thread of the test's own process, on a free port."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sluicegate.perf.loop import READ, Loop
from sluicegate.perf.simulate.behaviour import Behaviour
from sluicegate.perf.simulate.run import listen
from sluicegate.perf.simulate.server import Server


@contextmanager
def simulated(behaviour: Behaviour | None = None, seed: int = 0) -> Iterator[str]:
    """Give the URL of an upstream that serves for as long as the block runs."""
    loop, listener = Loop(), listen("127.0.0.1", 0)
    server = Server(loop, listener, behaviour or Behaviour(), seed)
    ours, theirs = socket.socketpair()
    loop.watch(theirs, READ, lambda events: loop.stop())
    thread = threading.Thread(target=loop.run)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread.start()
    try:
        yield url
    finally:
        ours.close()
        thread.join()
        server.close()
        loop.close()
        theirs.close()
