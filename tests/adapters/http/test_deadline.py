"""The one deadline, by the clock: from the head of a request on, whatever the time was spent with."""

import json
import math

import pytest
import trio

from sluicegate.adapters.http.app import FrontDoor
from sluicegate.testing import gateway_of, judging


class Waits:
    """A stage that never ends."""

    async def attend(self, exchange):
        self.exchange = exchange
        await trio.sleep_forever()


def post(*headers):
    return {
        "type": "http",
        "method": "POST",
        "path": "/v1/chat/completions",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-length", b"2"), *headers],
    }


async def asked(front, scope, upload):
    """Ask with a body that takes so many seconds to come; return the answer's status, its code, and when it came."""
    started = trio.current_time()
    sent = []
    body = [{"type": "http.request", "body": b"{}", "more_body": False}]

    async def receive():
        await trio.sleep(upload if body else math.inf)
        return body.pop()

    async def send(message):
        message["at"] = trio.current_time() - started
        sent.append(message)

    await front(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])["error"]["code"], sent[0]["at"]


@pytest.mark.parametrize(
    ("headers", "seconds"), [((), 10.0), (((b"x-sluicegate-timeout", b"8s"),), 8.0)], ids=["server's", "client's"]
)
async def test_the_deadline_of_a_request_covers_the_time_in_which_it_comes_in(autojump_clock, headers, seconds):
    waits = Waits()
    async with gateway_of(judging(lambda _: None, name="first"), waits, timeout=10.0) as gateway:
        front = FrontDoor(gateway, None, version="1.2.3", keyless=lambda: True)
        began = trio.current_time()
        assert await asked(front, post(*headers), upload=6.0) == (504, "deadline_exceeded", seconds)
        assert waits.exchange.started == began
        # It came in for six seconds, and stood in no inbox.
        first = waits.exchange.marks[0]
        assert (first.hop, first.queued, first.started) == ("first", began + 6.0, began + 6.0)


@pytest.mark.parametrize(
    ("headers", "seconds"), [((), 10.0), (((b"x-sluicegate-timeout", b"8s"),), 8.0)], ids=["server's", "client's"]
)
async def test_a_request_that_is_not_complete_at_its_deadline_is_a_408(autojump_clock, headers, seconds):
    async with gateway_of(Waits(), timeout=10.0) as gateway:
        front = FrontDoor(gateway, None, version="1.2.3", keyless=lambda: True)
        assert await asked(front, post(*headers), upload=60.0) == (408, "request_timeout", seconds)
