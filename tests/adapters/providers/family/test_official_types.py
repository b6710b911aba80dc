"""What the members are sent is what their own clients would send, by their own types."""

import msgspec
import pytest
from groq.types.chat.completion_create_params import CompletionCreateParams as GroqParams
from mistralai.client.models import ChatCompletionRequest as MistralParams
from pydantic import TypeAdapter
from together.types.chat.completion_create_params import CompletionCreateParams as TogetherParams

from sluicegate.pipeline.exchange import Exchange, Target
from tests.adapters.providers.family.test_dialects import LOOP, TOOL, message
from tests.adapters.providers.family.wires import build
from tests.conformance.provider_sample import ask

TYPES = {"groq": GroqParams, "mistral": MistralParams, "together": TogetherParams}
UNTYPED = {"groq": {"stream_options"}, "mistral": set(), "together": {"stream_options"}}
"""What servers take and their types leave out."""
TOOLS = [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
IMAGE = [
    {"type": "text", "text": "What is it?"},
    {"type": "image_url", "image_url": {"url": "https://pictures.example/a.png"}},
]
ASKED = {
    "plain": lambda: ask(temperature=0.5, top_p=0.5, stop="x", seed=3, max_completion_tokens=9, user="u"),
    "schema": lambda: ask(response_format=SCHEMA, store=True, metadata={"a": "b"}),
    "image": lambda: ask(messages=[{"role": "user", "content": IMAGE}], stream=True, reasoning_effort="low"),
    "tools": lambda: ask(tools=TOOLS, tool_choice="required", parallel_tool_calls=True),
    "other dialect": lambda: message(messages=LOOP, tools=[TOOL], system="Be brief"),
}


@pytest.mark.parametrize("asked", sorted(ASKED))
@pytest.mark.parametrize("type_", sorted(TYPES))
def test_request_is_one_of_the_providers_own(type_, asked):
    exchange: Exchange = ASKED[asked]()
    body = msgspec.json.decode(build(type_).encode(exchange, Target("upstream", "m")).body)
    read = TypeAdapter(TYPES[type_]).validate_python(body)
    known = read if isinstance(read, dict) else read.model_dump(exclude_unset=True)
    assert set(body) - set(known) <= UNTYPED[type_]
