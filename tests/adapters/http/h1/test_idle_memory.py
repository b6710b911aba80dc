"""What a connection that waits for its next request keeps in memory."""

import tracemalloc

import pytest
import trio
import trio.testing

from tests.adapters.http.h1.edge import serving

LARGE = 30_000
HEAD = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\nx-long: %b\r\n\r\n%b"


@pytest.mark.parametrize(
    ("head", "body"), [(2 * LARGE, 0), (0, 2 * LARGE), (LARGE, LARGE)], ids=["a long head", "a body", "both"]
)
async def test_an_idle_connection_keeps_nothing_of_its_last_request(head, body):
    request = HEAD % (body, b"h" * head, b"b" * body)
    async with serving() as served, served.client() as client:
        tracemalloc.start()
        try:
            await client.send(request)
            assert (await client.answer()).status == 200
            await trio.testing.wait_all_tasks_blocked()
            held = [trace for trace in tracemalloc.take_snapshot().traces if trace.size > LARGE / 2]
        finally:
            tracemalloc.stop()
        assert not held
        await client.assert_open()
