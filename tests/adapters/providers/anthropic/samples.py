"""Chats, exchanges and what Anthropic answers, for the tests of the provider."""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.adapters.providers.anthropic import Anthropic, AnthropicSettings
from sluicegate.adapters.providers.anthropic.errors import AnthropicErrors
from sluicegate.adapters.providers.anthropic.request import Terms, write_request
from sluicegate.adapters.providers.secrets import Secrets
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.form.blocks import Block, Text, Turn
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.messages import CountTokensRequest, MessagesRequest

KEY = Secret("sk-ant-0123456789abcdef")
NEW = "claude-opus-5"
OLD = "claude-sonnet-4-5-20250929"
ANCIENT = "claude-3-haiku-20240307"
HEAD = UpstreamHead(200, {"content-type": "application/json"})
STREAM_HEAD = UpstreamHead(200, {"content-type": "text/event-stream; charset=utf-8"})
TARGET = Target("claude", NEW)
MESSAGE = (
    b'{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":['
    b'{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"text","text":"Hi"},'
    b'{"type":"tool_use","id":"toolu_1","name":"get","input":{"c":"Oslo"}}],"stop_reason":"tool_use",'
    b'"stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":20,"cache_read_input_tokens":100,'
    b'"cache_creation_input_tokens":5,"cache_creation":{"ephemeral_5m_input_tokens":5,"ephemeral_1h_input_tokens":0},'
    b'"output_tokens_details":{"thinking_tokens":7},"service_tier":"standard"}}'
)
_STREAM_EVENTS = (
    b'{"type":"message_start","message":{"id":"msg_2","type":"message","role":"assistant","model":"c","content":[],'
    b'"stop_reason":null,"stop_sequence":null,'
    b'"usage":{"input_tokens":10,"output_tokens":1,"cache_read_input_tokens":4}}}',
    b'{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}',
    b'{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}',
    b'{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"sig"}}',
    b'{"type":"content_block_stop","index":0}',
    b'{"type":"ping"}',
    b'{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"get",'
    b'"input":{}}}',
    b'{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}}',
    b'{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta",'
    b'"partial_json":"{\\"c\\":\\"Oslo\\"}"}}',
    b'{"type":"content_block_stop","index":1}',
    b'{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":20}}',
    b'{"type":"message_stop"}',
)


def sse(*events: bytes) -> bytes:
    """Return events as Anthropic sends them."""
    frames = (b"event: " + msgspec.json.decode(event)["type"].encode() + b"\ndata: " + event for event in events)
    return b"".join(frame + b"\n\n" for frame in frames)


STREAM = sse(*_STREAM_EVENTS)


def errors() -> AnthropicErrors:
    """Return the mapping of errors of a provider named claude."""
    return AnthropicErrors("claude", Secrets(AnthropicSettings(type="anthropic", api_key=KEY)))


def translator(**fields: Any) -> Anthropic:
    """Return a provider named claude."""
    return Anthropic("claude", AnthropicSettings(type="anthropic", api_key=KEY, **fields), wall=lambda: 1_800_000_000.0)


def user(*blocks: Block | str) -> Turn:
    return Turn("user", tuple(Text(block) if isinstance(block, str) else block for block in blocks))


def assistant(*blocks: Block | str) -> Turn:
    return Turn("assistant", tuple(Text(block) if isinstance(block, str) else block for block in blocks))


def chat(*turns: Turn, **fields: Any) -> Chat:
    """Return a chat in OpenAI's dialect, which says hello unless it is told what to say."""
    return Chat(**{"dialect": "openai", "model": "ours", "turns": turns or (user("Hello"),), **fields})


def written(asked: Chat, model: str = NEW, *, strict: bool = False, **terms: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the fields of the request as they arrive, and the names of what was dropped."""
    dropped = Dropped("claude", strict=strict)
    message = write_request(asked, model, Terms(**terms), dropped)
    fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(message.fields))
    return fields, dropped.names


def native(operation: str = "messages", headers: dict[str, str] | None = None, **fields: Any) -> Exchange:
    """Return an exchange whose caller speaks Anthropic's dialect."""
    said = {"model": "ours", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}], **fields}
    if operation == "count_tokens":
        del said["max_tokens"]
    body = msgspec.json.encode(said)
    request = Request(
        operation,
        body,
        headers=headers or {},
        dialect="anthropic",
        fields=msgspec.json.decode(body, type=dict[str, msgspec.Raw]),
        typed=msgspec.json.decode(body, type=CountTokensRequest if operation == "count_tokens" else MessagesRequest),
    )
    return Exchange(request, deadline=600.0, started=0.0)
