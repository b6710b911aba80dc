"""The load that only counts: every answer is looked at, and the first that is not as it must be ends the run."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat

import pytest

from sluicegate.perf.load.flood import flood, lacks
from sluicegate.perf.load.shots import chats
from sluicegate.perf.load.target import target_of
from sluicegate.perf.load.traffic import Failed
from tests.perf.simulated import simulated

LINE = b"\r\nx-cache: hit"
GOOD = b"HTTP/1.1 200 OK\r\nx-cache: hit\r\ncontent-length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("data", "missing"),
    [
        (GOOD, 0),
        (GOOD[:-1], 1),
        (GOOD[:-2], 2),
        (GOOD[:30], 1),
        (GOOD + b"H", -1),
        (GOOD.replace(b"200", b"500"), -1),
        (GOOD.replace(b"hit", b"miss"), -1),
        (GOOD.replace(b"content-length: 2", b"transfer-encoding: chunked"), -1),
        (GOOD.replace(b"x-cache: hit\r\n", b"").replace(b"{}", b"{}\r\nx-cache: hit"), -1),
    ],
)
def test_what_an_answer_lacks_is_known_from_its_bytes(data, missing):
    assert lacks(data, LINE) == missing


@contextmanager
def answering(*parts: bytes) -> Iterator[str]:
    """Give the URL of a server that answers the first request of its only connection with these parts, and closes."""

    def serve() -> None:
        sock, _ = listener.accept()
        with sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for part in parts:
                sock.recv(65536)
                sock.sendall(part)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_answers_of_a_server_are_counted():
    with simulated() as url:
        target = target_of(url)
        found = flood(target, map(target.encode, chats("m")), 4, 0.3, b"content-type: application/json")
    assert found.answers > 10
    assert 0.3 <= found.duration < 3
    assert found.rate == found.answers / found.duration


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ((GOOD, GOOD.replace(b"200", b"429")), "not as it must be"),
        ((GOOD,), "closed"),
        ((GOOD[:20],), "closed"),
    ],
)
def test_first_answer_that_is_not_good_ends_the_run(parts, told):
    with answering(*parts) as url, pytest.raises(Failed, match=told):
        flood(target_of(url), repeat(b"GET / HTTP/1.1\r\n\r\n"), 1, 5.0, LINE[2:])
