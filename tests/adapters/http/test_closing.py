"""Who asks for it gets its connection closed, whichever room answers."""

import pytest
import trio

from tests.adapters.http.harness import ADMIN_KEY, CHAT, house, request

CHATS = "/v1/chat/completions"
CLOSE = [("connection", "close"), ("x-api-key", ADMIN_KEY)]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/health", None),
        ("GET", "/nowhere", None),
        ("PUT", "/health", {}),
        ("GET", "/v1/models", None),
        ("POST", CHATS, CHAT),
        ("POST", CHATS, {**CHAT, "stream": True}),
        ("POST", CHATS, {}),
        ("GET", "/admin/config", None),
        ("GET", "/admin/nothing", None),
        ("POST", "/admin/config", {}),
        ("GET", "/metrics", None),
        ("GET", "/metrics/prometheus", None),
        ("GET", "/dashboard", None),
        ("GET", "/dashboard/data", None),
    ],
)
async def test_a_connection_is_closed_after_its_last_answer(method, path, body):
    async with house() as running:
        for _ in range(3):
            async with await running.connect() as stream:
                await stream.send_all(request(method, path, body, CLOSE))
                received = b""
                with trio.fail_after(10):
                    while part := await stream.receive_some():
                        received += part
            assert received.startswith(b"HTTP/1.1 ")
            assert b"connection: close" in received.lower()
