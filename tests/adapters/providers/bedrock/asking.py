"""Requests to Bedrock, judged by AWS's own model of its API: botocore checks them, and writes the same itself."""

import base64
from typing import Any
from urllib.parse import urlsplit

import botocore.loaders
import msgspec
from botocore.model import ServiceModel, Shape
from botocore.serialize import create_serializer
from botocore.validate import validate_parameters

from sluicegate.adapters.providers.bedrock import Bedrock, BedrockSettings
from sluicegate.adapters.providers.bedrock.request import body_of
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped
from tests.adapters.dialects.openai.asking import read

KEY = Secret("bedrock-api-key-0123456789")
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "amazon.nova-pro-v1:0"
NEWEST = "global.anthropic.claude-opus-5-v1:0"
OLD = "anthropic.claude-3-5-sonnet-20241022-v2:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
TOOL = {"type": "function", "function": {"name": "get", "description": "d", "parameters": {"type": "object"}}}
USER = {"role": "user", "content": "Hello"}
CALL = {"id": "c1", "type": "function", "function": {"name": "get", "arguments": '{"c":1.0}'}}
CALLED = [USER, {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "c1", "content": "4C"}]
TARGET = Target("aws", CLAUDE)
SERVICE = ServiceModel(botocore.loaders.Loader().load_service_model("bedrock-runtime", "service-2"))
CONVERSE = SERVICE.operation_model("Converse")


def bedrock(**settings: Any) -> Bedrock:
    """A translator."""
    return Bedrock("aws", BedrockSettings(type="bedrock", **{"api_key": KEY, **settings}))


def written(chat: Chat, model: str = CLAUDE, *, strict: bool = False) -> tuple[dict, list[str]]:
    """Return the body for a chat, checked, and what was left out."""
    dropped = Dropped("aws", strict=strict)
    body = msgspec.json.decode(msgspec.json.encode(body_of(chat, model, dropped)))
    check(body)
    return body, dropped.names


def asked(*messages: dict, model: str = CLAUDE, **fields: object) -> dict:
    """Return the body for what a caller of OpenAI's dialect sends."""
    return written(read(*messages, **fields), model)[0]


def left_out(*messages: dict, model: str = CLAUDE, **fields: object) -> list[str]:
    """Return what is left out of it."""
    return written(read(*messages, **fields), model)[1]


def check(body: dict, model: str = CLAUDE) -> str:
    """Fail unless botocore takes a body, and writes the very same. Returns the path that it would send it to."""
    shape = CONVERSE.input_shape
    given = {"modelId": model, **{name: native(shape.members[name], value) for name, value in body.items()}}
    validate_parameters(given, shape)
    made = create_serializer("rest-json").serialize_to_request(given, CONVERSE)
    assert msgspec.json.decode(made["body"]) == body
    return urlsplit(made["url_path"]).path


def native(shape: Shape, value: Any) -> Any:
    """Return a value of JSON as botocore's callers give it: bytes are bytes. Fails for a field that is not there."""
    if shape.type_name == "blob":
        return base64.b64decode(value, validate=True)
    if shape.type_name == "list":
        return [native(shape.member, one) for one in value]
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        return {name: native(shape.members[name], one) for name, one in value.items()}
    return value
