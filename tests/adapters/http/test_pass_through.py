"""Where caller and provider speak the same dialect, bytes pass as they are, and what came together leaves together."""

import json
from contextlib import asynccontextmanager

import msgspec
import pytest
import trio

from tests.adapters.http.harness import house, request
from tests.adapters.upstream.upstreams import answer, serving

CHATS = "/v1/chat/completions"
# What no reader of JSON writes again as it was: spacing, numbers beyond a float, escapes, a key that comes twice.
ODD = (
    b'{"model": "m",\n "choices" : [{"index":0, "message":{"role":"assistant","content":"h\\u00e9\\/"},'
    b'"finish_reason":"stop"}],  "usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7},'
    b'"x_huge": 123456789012345678901234567890, "x_float":1.50e+400, "x_twice":1,"x_twice":2 }'
)
EVENTS = [
    b'data: {"choices":[{"index":0,"delta":{"content":"%d"}}], "x_odd": 1.0e2}\n\n' % number for number in range(50)
]
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


class Provider:
    """An upstream that answers with these bytes, piece by piece as the test lets it, and keeps what it was sent."""

    def __init__(self, *pieces):
        self.pieces = pieces
        self.body = b""
        self.go_on = trio.Event()

    async def __call__(self, stream):
        seen = b""
        while b"\r\n\r\n" not in seen:
            seen += await stream.receive_some()
        head, _, self.body = seen.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(self.body) < length:
            self.body += await stream.receive_some()
        for number, piece in enumerate(self.pieces):
            if number:
                await self.go_on.wait()
            await stream.send_all(piece)


@asynccontextmanager
async def in_front_of(provider):
    async with serving(provider) as url:
        settings = {"type": "openai", "api_key": "k", "base_url": f"{url}/v1"}
        async with house(providers={"up": settings}) as running:
            yield running


def chunk(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


async def read_chunks(stream, seen=b""):
    """Return the chunks of an answer, which are the writes that it was made of."""
    with trio.fail_after(5):
        while not seen.endswith(b"\r\n0\r\n\r\n"):
            part = await stream.receive_some()
            assert part, seen
            seen += part
    rest = seen.partition(b"\r\n\r\n")[2]
    chunks = []
    while not rest.startswith(b"0\r\n"):
        size, _, rest = rest.partition(b"\r\n")
        chunks.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]
    return chunks


async def test_a_plain_answer_passes_byte_for_byte():
    async with in_front_of(Provider(answer(ODD, b"Content-Type: application/json"))) as running:
        received = await running.ask("POST", CHATS, {"model": "up/m", "messages": [{"role": "user", "content": "Hi"}]})
    assert received.status == 200
    assert received.body == ODD


async def test_a_request_passes_value_by_value_and_only_its_model_is_changed():
    sent = (
        b'{"messages":[ {"role":"user", "content":"h\\u00e9"} ], "model":"up/m", "temperature":1.0e0,'
        b' "x_new":{"deep":[1, 1.50e+400]}}'
    )
    provider = Provider(answer(ODD, b"Content-Type: application/json"))
    async with in_front_of(provider) as running:
        assert (await running.ask("POST", CHATS, sent)).status == 200
    became = {
        name: bytes(value) for name, value in msgspec.json.decode(provider.body, type=dict[str, msgspec.Raw]).items()
    }
    assert json.loads(became.pop("messages")) == [{"role": "user", "content": "h\u00e9"}]  # read by a filter
    assert became == {"model": b'"m"', "temperature": b"1.0e0", "x_new": b'{"deep":[1,1.50e+400]}'}


ASKED = {"model": "up/m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}


@pytest.mark.parametrize(
    "framed",
    [
        HEAD + chunk(b"".join(EVENTS)),
        HEAD + b"".join(chunk(event) for event in EVENTS),
        HEAD + b"".join(chunk(event[:10]) + chunk(event[10:]) for event in EVENTS),
    ],
    ids=["one chunk", "a chunk an event", "two chunks an event"],
)
async def test_fifty_events_that_came_in_one_segment_leave_in_one_write(framed):
    assert len(framed) < 16 * 1024  # so loopback carries it whole
    provider = Provider(framed, chunk(LAST) + chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
    async with in_front_of(provider) as running, await running.connect() as stream:
        await stream.send_all(request("POST", CHATS, ASKED))
        await trio.sleep(0.2)
        provider.go_on.set()
        first, *others = await read_chunks(stream)
    assert first == b"".join(EVENTS)
    assert b"".join(others) == LAST + b"data: [DONE]\n\n"


async def test_events_that_came_after_a_pause_do_not_wait_for_more():
    provider = Provider(HEAD + chunk(EVENTS[0]), chunk(LAST + b"data: [DONE]\n\n") + b"0\r\n\r\n")
    async with in_front_of(provider) as running, await running.connect() as stream:
        await stream.send_all(request("POST", CHATS, ASKED))
        seen = b""
        with trio.fail_after(5):
            while EVENTS[0] not in seen:
                seen += await stream.receive_some()
        provider.go_on.set()
        received = await read_chunks(stream, seen)
    assert received[0] == EVENTS[0]
    assert b"".join(received[1:]) == LAST + b"data: [DONE]\n\n"


async def test_what_is_no_json_is_not_passed():
    """Bytes pass as they are; they are looked at nevertheless."""
    async with in_front_of(Provider(answer(b"{'choices': []}", b"Content-Type: application/json"))) as running:
        received = await running.ask("POST", CHATS, {**ASKED, "stream": False})
    assert received.status == 502
    assert json.loads(received.body)["error"]["code"] == "upstream_error"
