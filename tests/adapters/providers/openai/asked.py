"""Requests and answers of OpenAI's API, made from and into the form between dialects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from sluicegate.adapters.providers.openai import OpenAI, OpenAISettings
from sluicegate.adapters.providers.openai.chats import OpenAIChats
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.form.blocks import Block, Text, Turn
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.events import Event
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import UpstreamHead

JSON = UpstreamHead(200, {"content-type": "application/json"})
SSE = UpstreamHead(200, {"content-type": "text/event-stream"})
LOCAL = "http://127.0.0.1:9/v1"
USER = Turn("user", (Text("Hello"),))


def chats(*, itself: bool = False) -> OpenAIChats:
    """Return OpenAI's API, at OpenAI or elsewhere."""
    url = {} if itself else {"base_url": LOCAL}
    return OpenAIChats(OpenAI("p", OpenAISettings(type="openai", **url)))


def chat(*turns: Turn, dialect: str = "anthropic", **fields: Any) -> Chat:
    """Return a chat of a caller of another dialect."""
    return Chat(dialect=dialect, model="our-model", turns=turns or (USER,), **fields)


def sent(asked: Chat, *, itself: bool = False, model: str = "m", strict: bool = False) -> tuple[dict, list[str]]:
    """Return the body that asks it, and what was left out."""
    dropped = Dropped("p", strict=strict)
    request = chats(itself=itself).ask(asked, Target("p", model), dropped)
    return msgspec.json.decode(request.body), dropped.names


def said(role: str, *blocks: Block, **how: Any) -> list[dict]:
    """Return the messages of one turn."""
    body, _ = sent(chat(Turn(role, blocks)), **how)
    return body["messages"]


def framed(*chunks: object) -> bytes:
    """Return a stream of chunks, complete."""
    return b"".join(b"data: " + msgspec.json.encode(chunk) + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def delta(index: int = 0, reason: str | None = None, **fields: object) -> dict:
    """Return a chunk."""
    choice = {"index": index, "delta": fields, "finish_reason": reason}
    return {"id": "a1", "object": "chat.completion.chunk", "created": 7, "model": "theirs", "choices": [choice]}


def told(pieces: Iterable[bytes], *, head: UpstreamHead = SSE, **fields: Any) -> list[Event]:
    """Return the events of a stream."""
    decoder = chats().events(chat(stream=True, **fields), head)
    events: list[Event] = []
    for piece in pieces:
        events += decoder.feed(piece)
    if not decoder.done:
        events += decoder.finish()
    assert decoder.done
    return events
