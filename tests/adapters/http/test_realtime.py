"""The realtime API is refused, in words, before anything is upgraded."""

import pytest

from tests.adapters.http.harness import house

HANDSHAKE = [
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
]


@pytest.mark.parametrize("headers", [[], HANDSHAKE], ids=["plain", "websocket"])
async def test_realtime_is_a_501_with_the_reason(headers):
    async with house() as running:
        answer = await running.ask("GET", "/v1/realtime?model=sim/any", None, headers)
        below = await running.ask("POST", "/v1/realtime/sessions", b"{}")
        assert (answer.status, answer.complete) == (501, True)
        assert answer.error["code"] == below.error["code"] == "realtime_not_supported"
        assert "not served by this gateway" in answer.error["message"]
        assert answer.headers["x-should-retry"] == "false"
        assert answer.headers["x-request-id"]
        await running.assert_well()


async def test_there_is_no_websocket_anywhere_else():
    async with house() as running:
        answer = await running.ask("GET", "/v1/chat/completions", None, HANDSHAKE)
        assert (answer.status, answer.error["code"]) == (404, "not_found")
        await running.assert_well()
