"""Conversations in Anthropic's dialect: what passes, what is refused by which path, and which texts they hold."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from anthropic.types import message_count_tokens_params, message_create_params
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.schemas import CountTokensRequest, MessagesRequest, texts_of
from sluicegate.pipeline.schemas.foreign import foreign_texts
from sluicegate.stages.validate import read
from tests.pipeline.schemas.bodies import MISSING, body_of

ASKED: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
EPHEMERAL = {"type": "ephemeral", "ttl": "1h"}
PNG = {"type": "base64", "media_type": "image/png", "data": "iVBORw0="}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}
SEARCHED = {
    "type": "web_search_tool_result",
    "tool_use_id": "s1",
    "content": [{"type": "web_search_result", "title": "a title", "url": "u", "encrypted_content": "A" * 300}],
}

EVERY_FIELD: dict[str, Any] = {
    "cache_control": EPHEMERAL,
    "container": "c",
    "context_management": {"edits": []},
    "diagnostics": {"previous_message_id": None},
    "inference_geo": "us",
    "mcp_servers": [{"type": "url", "url": "https://a.test", "name": "n"}],
    "metadata": {"user_id": "u"},
    "output_config": {"effort": "xhigh", "format": {"type": "json_schema", "schema": {"type": "object"}}},
    "output_format": {"type": "json_schema", "schema": {}},
    "service_tier": "standard_only",
    "speed": "fast",
    "stop_sequences": ["END"] * 9,
    "stream": True,
    "system": [{"type": "text", "text": "s", "cache_control": EPHEMERAL}],
    "temperature": 1,
    "thinking": {"type": "enabled", "budget_tokens": 1024, "display": "omitted"},
    "tool_choice": {"type": "tool", "name": "get", "disable_parallel_tool_use": True},
    "tools": [
        {"name": "get", "description": "d", "input_schema": {"type": "object"}, "strict": True, "type": "custom"},
        {"name": "bash", "type": "bash_20250124"},
    ],
    "top_k": 0,
    "top_p": 0.5,
}


def asked(**fields: Any) -> bytes:
    return body_of(ASKED, **fields)


def said(*blocks: Any, role: str = "user") -> bytes:
    """Return a conversation whose last message has these blocks."""
    return asked(messages=[{"role": "user", "content": "hi"}, {"role": role, "content": list(blocks)}])


def result(*blocks: Any, **fields: Any) -> bytes:
    return said({"type": "tool_result", "tool_use_id": "t", "content": list(blocks), **fields})


def test_every_field_is_typed_and_documented() -> None:
    assert EVERY_FIELD.keys() == set(MessagesRequest.__struct_fields__) - ASKED.keys()
    _, typed = read("messages", asked(**EVERY_FIELD), strict=True)
    assert type(typed) is MessagesRequest
    assert all(getattr(typed, name) is not None for name in EVERY_FIELD)


def test_every_field_that_the_official_client_knows_has_its_place() -> None:
    named = set(message_create_params.MessageCreateParamsBase.__annotations__)
    headers = {"user_profile_id", "workspace_id"}
    assert named - headers <= set(MessagesRequest.__struct_fields__)
    named = set(message_count_tokens_params.MessageCountTokensParams.__annotations__)
    assert named - headers <= set(CountTokensRequest.__struct_fields__)


@pytest.mark.parametrize("name", sorted(EVERY_FIELD))
def test_optional_field_may_be_null(name: str) -> None:
    _, typed = read("messages", asked(**{name: None}))
    assert getattr(typed, name) is None


ACCEPTED = {
    "plain": asked(),
    "system as text": asked(system="s"),
    "empty text": said({"type": "text", "text": ""}),
    "nothing yet of the answer": said(role="assistant"),
    "instructions in between": asked(messages=[{"role": "system", "content": [{"type": "text", "text": "s"}]}]),
    "image": said({"type": "image", "source": PNG, "cache_control": EPHEMERAL}),
    "image by url": said({"type": "image", "source": {"type": "url", "url": "https://a.test"}}),
    "image in a file": said({"type": "image", "source": {"type": "file", "file_id": "f"}}),
    "document": said({"type": "document", "source": PDF, "title": "t", "context": "c", "citations": {"enabled": True}}),
    "document of text": said({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "d"}}),
    "document of blocks": said(
        {"type": "document", "source": {"type": "content", "content": [{"type": "image", "source": PNG}]}}
    ),
    "search result": said(
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "c"}]}
    ),
    "thoughts": said(
        {"type": "thinking", "thinking": "", "signature": "s"},
        {"type": "redacted_thinking", "data": "d"},
        role="assistant",
    ),
    "call": said(
        {"type": "tool_use", "id": "t", "name": "get", "input": {"a": 1.50}, "caller": {"type": "direct"}},
        role="assistant",
    ),
    "result": result({"type": "text", "text": "a"}, {"type": "image", "source": PNG}, is_error=True),
    "result of nothing": said({"type": "tool_result", "tool_use_id": "t"}),
    "result that names tools": result({"type": "tool_reference", "tool_name": "n"}),
    "result in a shape of its own": result({"type": "browser_state", "source": 4, "content": {"url": "u"}}),
    "tools of Anthropic's own": said(
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}},
        SEARCHED,
        {"type": "code_execution_tool_result", "tool_use_id": "s1", "content": {"type": "x", "stdout": "o"}},
        role="assistant",
    ),
    "cited text": said({"type": "text", "text": "t", "citations": [{"type": "page_location"}]}, role="assistant"),
    "thinking of a newer kind": asked(thinking={"type": "between_tools"}),
    "unknown field": asked(provider={"order": ["a"]}),
}


@pytest.mark.parametrize("name", ACCEPTED)
@pytest.mark.parametrize("operation", ["messages", "count_tokens"])
def test_conversation_passes_and_keeps_its_value(operation: str, name: str) -> None:
    body = ACCEPTED[name]
    fields, _ = read(operation, body)
    assert json.loads(msgspec.json.encode(fields)) == json.loads(body)


def nested(depth: int) -> Any:
    block: Any = {"type": "text", "text": "a"}
    for _ in range(depth):
        block = {"type": "document", "source": {"type": "content", "content": [block]}}
    return block


MISS, TYPE, VALUE = "missing_required_parameter", "invalid_type", "invalid_value"
SIDE = "is not allowed for role"
REFUSED: list[tuple[bytes, str, str, str]] = [
    (asked(model=" "), "model", VALUE, "blank"),
    (asked(max_tokens=MISSING), "max_tokens", MISS, "required"),
    (asked(max_tokens=0), "max_tokens", VALUE, "at least 1"),
    (asked(temperature=1.1), "temperature", VALUE, "at most 1"),
    (asked(system=3), "system", TYPE, "got a number"),
    (asked(system=[{"type": "image", "source": PNG}]), "system[0].type", VALUE, "must be text"),
    (asked(system=[{"type": "text"}]), "system[0].text", MISS, "required"),
    (asked(messages=[{"role": "robot", "content": "a"}]), "messages[0].role", VALUE, "one of user, assistant, system"),
    (asked(messages=[{"role": "user", "content": []}]), "messages[0].content", "empty_array", "must not be empty"),
    (said(), "messages[1].content", "empty_array", "must not be empty"),
    (said("a"), "messages[1].content[0]", TYPE, "expected an object"),
    (said({"text": "a"}), "messages[1].content[0].type", MISS, "required"),
    (said({"type": "text"}), "messages[1].content[0].text", MISS, "for a block of type text"),
    (said({"type": "image"}), "messages[1].content[0].source", MISS, "for a block of type image"),
    (said({"type": "image", "source": "u"}), "messages[1].content[0].source", TYPE, "expected an object"),
    (said({"type": "image", "source": {"type": "url"}}), "messages[1].content[0].source.url", MISS, "for a source"),
    (
        said({"type": "document", "source": {"type": "base64", "data": "a"}}),
        "messages[1].content[0].source.media_type",
        MISS,
        "source",
    ),
    (
        said({"type": "search_result", "source": PNG, "title": "t", "content": []}),
        "messages[1].content[0].source",
        TYPE,
        "a string",
    ),
    (
        said({"type": "search_result", "source": "s", "title": "t", "content": "c"}),
        "messages[1].content[0].content",
        TYPE,
        "list",
    ),
    (said({"type": "tool_use", "id": "t", "name": "n", "input": {}}), "messages[1].content[0]", VALUE, f"{SIDE} user"),
    (said({"type": "thinking", "thinking": "a"}), "messages[1].content[0]", VALUE, f"{SIDE} user"),
    (
        said({"type": "tool_result", "tool_use_id": "t"}, role="assistant"),
        "messages[1].content[0]",
        VALUE,
        f"{SIDE} assistant",
    ),
    (
        said({"type": "tool_use", "id": "t", "name": "n"}, role="assistant"),
        "messages[1].content[0].input",
        MISS,
        "required",
    ),
    (
        said({"type": "tool_use", "id": "t", "name": "n", "input": "{}"}, role="assistant"),
        "messages[1].content[0].input",
        TYPE,
        "an object",
    ),
    (said({"type": "tool_result"}), "messages[1].content[0].tool_use_id", MISS, "required"),
    (result({"type": "text"}), "messages[1].content[0].content[0].text", MISS, "required"),
    (result({"type": "text", "text": 4}), "messages[1].content[0].content[0].text", TYPE, "expected a string"),
    (result({"type": "tool_result", "tool_use_id": "u"}), "messages[1].content[0].content[0]", VALUE, "inside another"),
    (
        said(nested(9)),
        "messages[1].content[0].source.content[0].source.content[0].source.content[0].source.content[0]",
        VALUE,
        "too deeply",
    ),
    (asked(tools=[{"input_schema": {}}]), "tools[0].name", MISS, "required"),
    (asked(tools=[{"name": "a"}]), "tools[0].input_schema", MISS, "required"),
    (asked(tools=[{"name": "a", "input_schema": 3}]), "tools[0].input_schema", TYPE, "an object"),
    (asked(tool_choice="auto"), "tool_choice", TYPE, "an object"),
    (asked(tool_choice={"type": "required"}), "tool_choice.type", VALUE, "one of auto, any, tool, none"),
    (asked(tool_choice={"type": "tool"}), "tool_choice.name", MISS, "required"),
    (asked(thinking={"type": "enabled"}), "thinking.budget_tokens", MISS, "required"),
    (asked(output_config={"format": {"type": "json_schema"}}), "output_config.format.schema", MISS, "required"),
    (asked(output_format={"type": "json_schema"}), "output_format.schema", MISS, "required"),
    (asked(metadata={"user_id": 3}), "metadata.user_id", TYPE, "a string"),
]


@pytest.mark.parametrize(("body", "path", "code", "fragment"), REFUSED)
def test_wrong_conversation_is_refused_by_its_path(body: bytes, path: str, code: str, fragment: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        read("messages", body)
    assert (raised.value.param, raised.value.code) == (path, code)
    assert fragment in raised.value.message


def test_every_text_comes_with_its_path_and_in_order() -> None:
    body = asked(
        system=[{"type": "text", "text": "s"}],
        messages=[
            {"role": "user", "content": "u"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "th", "signature": "no text"},
                    {"type": "redacted_thinking", "data": "no text"},
                    {"type": "text", "text": "t", "citations": [{"cited_text": "ct"}]},
                    {"type": "tool_use", "id": "no text", "name": "get", "input": {"city": ["Oslo"]}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "no text", "content": [{"type": "text", "text": "r"}]},
                    {"type": "image", "source": PNG},
                    {"type": "document", "title": "ti", "context": "co", "source": {"type": "text", "data": "da"}},
                    {
                        "type": "search_result",
                        "source": "so",
                        "title": "ta",
                        "content": [{"type": "text", "text": "c"}],
                    },
                ],
            },
        ],
        tools=[{"name": "get", "description": "d", "input_schema": {"type": "object"}}],
        tool_choice={"type": "tool", "name": "get"},
        output_config={"format": {"type": "json_schema", "schema": {"title": "x"}}},
    )
    assert list(texts_of(read("messages", body)[1])) == [
        ("system[0].text", "s"),
        ("messages[0].content", "u"),
        ("messages[1].content[0].thinking", "th"),
        ("messages[1].content[2].text", "t"),
        ("messages[1].content[2].citations[0].cited_text", "ct"),
        ("messages[1].content[3].name", "get"),
        ("messages[1].content[3].input.city", "city"),
        ("messages[1].content[3].input.city[0]", "Oslo"),
        ("messages[2].content[0].content[0].text", "r"),
        ("messages[2].content[2].title", "ti"),
        ("messages[2].content[2].context", "co"),
        ("messages[2].content[2].source.data", "da"),
        ("messages[2].content[3].title", "ta"),
        ("messages[2].content[3].source", "so"),
        ("messages[2].content[3].content[0].text", "c"),
        ("tools[0].name", "get"),
        ("tools[0].description", "d"),
        ("tools[0].input_schema.type", "type"),
        ("tools[0].input_schema.type", "object"),
        ("tool_choice.name", "get"),
        ("output_config.format.schema.title", "title"),
        ("output_config.format.schema.title", "x"),
    ]


def foreign(body: bytes) -> list[str]:
    return [text for _, text in foreign_texts(read("messages", body)[1], json.loads(body))]


@pytest.mark.parametrize("name", ["plain", "image", "thoughts", "call", "result", "search result", "cited text"])
def test_nothing_that_the_api_shares_is_foreign(name: str) -> None:
    assert foreign(ACCEPTED[name]) == []


def test_texts_of_blocks_that_only_anthropic_knows_are_read_whatever_their_shape() -> None:
    body = said(
        SEARCHED,
        {"type": "code_execution_tool_result", "content": {"stdout": "printed"}, "title": {"of": "odd"}},
        role="assistant",
    )
    everything = [*foreign(body), *(text for _, text in texts_of(read("messages", body)[1]))]
    assert {"a title", "printed", "odd"} <= set(everything)
    assert "A" * 300 not in everything


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
BLOCK = st.dictionaries(
    st.sampled_from(["type", "text", "source", "content", "input", "citations", "thinking", "tool_use_id"]), JSON
)


@given(st.dictionaries(st.sampled_from([*EVERY_FIELD, "messages", "model", "max_tokens"]), JSON), st.lists(BLOCK))
def test_any_value_anywhere_passes_or_is_refused_by_its_path(value: dict[str, Any], blocks: list[Any]) -> None:
    messages = [{"role": "user", "content": blocks}]
    body = json.dumps({**ASKED, "messages": messages, **value}).encode()
    refused = None
    try:
        fields, typed = read("messages", body)
    except InvalidRequest as error:
        refused = error
    if refused is None:
        assert json.loads(msgspec.json.encode(fields)) == json.loads(body)
        list(texts_of(typed))
        list(foreign_texts(typed, json.loads(body)))
    else:
        assert refused.param is not None
        assert re.match(r"\w+", refused.param)[0] in ASKED.keys() | value.keys()  # type: ignore[index]
