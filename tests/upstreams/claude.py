"""A small Anthropic on 127.0.0.1: as strict as the real one in what it refuses, and as honest in how it fails.

What a request is answered goes by its model: ``claude-busy`` is overloaded, ``claude-cut`` breaks off behind some
content, ``claude-fails`` reports an error there; any other one calls the first tool that it is offered, thinking first
where it may, and answers the result of a call, or what it was asked, by repeating it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import h11
import trio

KEY = "sk-ant-of-the-gateway"
Json = dict[str, Any]
USAGE = {"input_tokens": 10, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 0}
_CALLED = ("tool_use", "tool_result")


class Refused(Exception):
    """A request that Anthropic would not take."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


@dataclass
class FakeClaude:
    """Serves the Messages API.

    Attributes:
        asked: (path, headers, body) of each request so far.
    """

    url: str = ""
    asked: list[tuple[str, dict[str, str], Json]] = field(default_factory=list)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[FakeClaude]:
        """Serve for as long as the block runs."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, self._connection, listeners)
            yield self
            nursery.cancel_scope.cancel()

    async def _connection(self, stream: trio.SocketStream) -> None:
        async with stream:
            try:
                while (request := await _read(stream)) is not None:
                    self.asked.append(request)
                    if not await self._answer(stream, *request):
                        return
            except trio.BrokenResourceError:
                return

    async def _answer(self, stream: trio.SocketStream, path: str, headers: dict[str, str], body: Json) -> bool:
        """Answer a request. Return whether the connection is kept."""
        try:
            _check(path, headers, body)
        except Refused as refused:
            await _send_json(stream, refused.status, refused.body)
            return True
        if path.endswith("/count_tokens"):
            await _send_json(stream, 200, {"input_tokens": 14})
        elif not body.get("stream"):
            await _send_json(stream, 200, _message(body))
        else:
            return await _send_stream(stream, body)
        return True


async def _read(stream: trio.SocketStream) -> tuple[str, dict[str, str], Json] | None:
    connection = h11.Connection(h11.SERVER)
    request, data = None, b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await stream.receive_some())
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            data += event.data
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            headers = {name.decode(): value.decode() for name, value in request.headers}
            return request.target.decode(), headers, json.loads(data)
        else:
            return None


def _check(path: str, headers: dict[str, str], body: Json) -> None:
    if path not in ("/v1/messages", "/v1/messages/count_tokens"):
        raise Refused(404, "not_found_error", "Not found")
    if headers.get("x-api-key") != KEY and headers.get("authorization") != f"Bearer {KEY}":
        raise Refused(401, "authentication_error", "invalid x-api-key")
    version = headers.get("anthropic-version")
    if version not in ("2023-06-01", "2026-10-21"):
        raise Refused(400, "invalid_request_error", "anthropic-version: header is required")
    if path == "/v1/messages" and type(body.get("max_tokens")) is not int:
        raise Refused(400, "invalid_request_error", "max_tokens: Field required")
    if version == "2026-10-21" and body.keys() & {"temperature", "top_p", "top_k"}:
        raise Refused(400, "invalid_request_error", "temperature: not supported")
    _check_turns(body)
    if body["model"] == "claude-busy":
        raise Refused(529, "overloaded_error", "Overloaded")


def _check_turns(body: Json) -> None:
    called: set[str] = set()
    for place, message in enumerate(body["messages"]):
        blocks = _blocks(message)
        kinds = [block["type"] for block in blocks]
        if message["role"] != ("user", "assistant")[place % 2]:
            raise Refused(400, "invalid_request_error", f"messages.{place}: roles must alternate")
        if any(block["type"] == "text" and not block["text"].strip() for block in blocks):
            raise Refused(400, "invalid_request_error", f"messages.{place}: text content blocks must be non-empty")
        if any(_is_no_thought_of_its_own(block) for block in blocks):
            raise Refused(400, "invalid_request_error", f"messages.{place}: Invalid `signature` in `thinking` block")
        answered = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
        if answered != called or (answered and kinds[0] != "tool_result"):
            raise Refused(400, "invalid_request_error", f"messages.{place}: tool_use ids without tool_result blocks")
        called = {block["id"] for block in blocks if block["type"] == "tool_use"}
        if set(kinds) & set(_CALLED) and not body.get("tools"):
            raise Refused(400, "invalid_request_error", "tools: required where tools were called")


def _is_no_thought_of_its_own(block: Json) -> bool:
    if block["type"] == "thinking":
        return block.get("signature") != "sig=="
    return bool(block["type"] == "redacted_thinking" and ":" in block["data"])


def _blocks(message: Json) -> list[Json]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _content(body: Json) -> list[Json]:
    last = _blocks(body["messages"][-1])[0]
    thoughts = [{"type": "thinking", "thinking": "hm", "signature": "sig=="}] if "thinking" in body else []
    if body.get("tools") and last["type"] != "tool_result" and body.get("tool_choice", {}).get("type") != "none":
        name = body["tools"][0]["name"]
        return [*thoughts, {"type": "tool_use", "id": "toolu_1", "name": name, "input": {"city": "Tromsø"}}]
    said = last.get("text") or last.get("content")
    return [*thoughts, {"type": "text", "text": f"You said: {said}"}]


def _message(body: Json) -> Json:
    content = _content(body)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": "tool_use" if content[-1]["type"] == "tool_use" else "end_turn",
        "stop_sequence": None,
        "usage": {**USAGE, "output_tokens": 20},
    }


def events_of(message: Json) -> Iterator[Json]:
    """Yield the events of a message that is streamed."""
    begun = {**message, "content": [], "stop_reason": None, "usage": {**USAGE, "output_tokens": 1}}
    yield {"type": "message_start", "message": begun}
    yield {"type": "ping"}
    for index, block in enumerate(message["content"]):
        yield from _block_events(index, block)
    reason = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": reason, "usage": {"output_tokens": 20}}
    yield {"type": "message_stop"}


def _block_events(index: int, block: Json) -> Iterator[Json]:
    empty = {"text": "", "thinking": "", "signature": "", "input": {}}
    start = {name: empty.get(name, value) for name, value in block.items()}
    yield {"type": "content_block_start", "index": index, "content_block": start}
    if block["type"] == "tool_use":
        text = json.dumps(block["input"])
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", text[:7], text[7:])]
    elif block["type"] == "thinking":
        deltas = [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": block["signature"]},
        ]
    else:
        deltas = [{"type": "text_delta", "text": piece} for piece in (block["text"][:5], block["text"][5:])]
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


async def _send_json(stream: trio.SocketStream, status: int, value: Json) -> None:
    body = json.dumps(value, ensure_ascii=False).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    await stream.send_all(head.encode() + body)


async def _send_stream(stream: trio.SocketStream, body: Json) -> bool:
    """Send the events, in pieces that no event keeps to. Return whether the connection is kept."""
    await stream.send_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    for event in events_of(_message(body)):
        if event["type"] == "content_block_stop" and body["model"] == "claude-cut":
            return False
        if event["type"] == "content_block_stop" and body["model"] == "claude-fails":
            event = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        frame = f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
        for piece in (frame[: len(frame) // 2], frame[len(frame) // 2 :]):
            await stream.send_all(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if event["type"] == "error":
            break
    await stream.send_all(b"0\r\n\r\n")
    return True
