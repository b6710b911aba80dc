"""A provider of the test's own: it speaks OpenAI's API over a transport that follows a script."""

from typing import Any

import msgspec

from sluicegate import GatewayBuilder
from sluicegate.adapters.providers.openai import OpenAI, OpenAISettings
from sluicegate.pipeline.registry import provider
from sluicegate.testing import ScriptedResponse, ScriptedTransport

MODEL = "own/small"
EVENT_STREAM = {"content-type": "text/event-stream"}


def over(transport: ScriptedTransport) -> GatewayBuilder:
    """A builder whose one provider, `own`, sends over this transport; without repetitions."""

    @provider("scripted", summary="Follows a script.", settings=OpenAISettings)
    class Scripted(OpenAI):
        def transport(self) -> ScriptedTransport:
            return transport

    return GatewayBuilder().use(Scripted).provider("own", type="scripted", max_retries=0)


def answer(**fields: Any) -> bytes:
    """The body of a chat answer whose choice says "Hi", or of these fields in place of it."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    return msgspec.json.encode({"id": "1", "object": "chat.completion", "choices": [choice], **fields})


def whole(body: bytes, *, after: float = 0.0, **rest: Any) -> ScriptedResponse:
    """A plain answer that comes after so many seconds."""
    return ScriptedResponse((0.0, body), wait=after, **rest)


def event(text: str | None = None, reason: str | None = None) -> bytes:
    """One chunk of a chat stream, framed."""
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return b"data: " + msgspec.json.encode({"id": "1", "choices": [choice]}) + b"\n\n"


def streamed(*texts: str, every: float = 1.0, complete: bool = True) -> ScriptedResponse:
    """A stream of texts, one each so many seconds; incomplete, the connection just ends after them."""
    script = [(every, event(text)) for text in texts]
    if complete:
        script.append((0.0, event(reason="stop") + b"data: [DONE]\n\n"))
    return ScriptedResponse(*script, headers=EVENT_STREAM)


def endless() -> ScriptedResponse:
    """A stream that says one word and then waits for ever."""
    return ScriptedResponse((1.0, event("Hi")), (float("inf"), b""), headers=EVENT_STREAM)
