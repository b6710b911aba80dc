"""Each switch of the provider for servers that almost speak OpenAI's API does what it says."""

import base64

import msgspec
import pytest

from sluicegate.adapters.providers.custom.settings import CustomAuth, CustomSettings, QuirkSettings
from sluicegate.adapters.providers.family import Member
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from tests.adapters.providers.family.wires import build
from tests.conformance.provider_sample import KEY, ask

TARGET = Target("upstream", "their-model")
JSON = UpstreamHead(200, {"content-type": "application/json"})
SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
TOOLS = [{"type": "function", "function": {"name": "f"}}]
NAMED = {"type": "function", "function": {"name": "f"}}


def quirky(**quirks) -> Member:
    return build("custom", quirks=QuirkSettings(**quirks))


def sent(translator: Member, **fields) -> dict:
    body = msgspec.json.decode(translator.encode(ask(**fields), TARGET).body)
    return {name: value for name, value in body.items() if name not in ("model", "messages")}


@pytest.mark.parametrize(
    ("quirks", "fields", "expected"),
    [
        ({}, {"max_completion_tokens": 5}, {"max_completion_tokens": 5}),
        ({"max_tokens": "max_tokens"}, {"max_completion_tokens": 5}, {"max_tokens": 5}),
        ({"max_tokens": "max_completion_tokens"}, {"max_tokens": 5}, {"max_completion_tokens": 5}),
        ({"drop_fields": ("store", "user")}, {"store": True, "user": "u", "seed": 1}, {"seed": 1}),
        ({}, {"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}),
        ({"stream_options": False}, {"stream": True}, {"stream": True}),
        ({"response_format": "guided_json"}, {"response_format": SCHEMA}, {"guided_json": {"type": "object"}}),
        (
            {"response_format": "json_object"},
            {"response_format": {"type": "json_object"}},
            {"response_format": {"type": "json_object"}},
        ),
        ({"response_format": "none"}, {"response_format": {"type": "text"}}, {}),
        ({"tool_choice": ()}, {"tools": TOOLS, "tool_choice": "auto"}, {"tools": TOOLS}),
        ({"tool_choice": ()}, {"tools": TOOLS, "tool_choice": "none"}, {}),
        ({}, {"tools": TOOLS, "tool_choice": NAMED}, {"tools": TOOLS, "tool_choice": NAMED}),
        ({}, {"top_k": 3, "n": 2}, {"top_k": 3, "n": 2}),
    ],
)
def test_quirk_changes_fields(quirks, fields, expected):
    assert sent(quirky(**quirks), **fields) == expected


@pytest.mark.parametrize(
    ("quirks", "fields", "name"),
    [
        ({"response_format": "json_object"}, {"response_format": SCHEMA}, "response_format.json_schema"),
        ({"response_format": "none"}, {"response_format": {"type": "json_object"}}, "response_format.json_object"),
        ({"tool_choice": ("auto",)}, {"tools": TOOLS, "tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": ("auto",)}, {"tools": TOOLS, "tool_choice": NAMED}, "tool_choice"),
    ],
)
def test_what_the_server_would_ignore_is_refused(quirks, fields, name):
    with pytest.raises(InvalidRequest, match=f"has no {name}"):
        sent(quirky(**quirks), **fields)


MESSAGES = [
    {"role": "user", "content": [{"type": "text", "text": "a"}]},
    {"role": "developer", "content": "s"},
    {"role": "user", "content": "b"},
    {"role": "assistant", "content": "c", "reasoning_content": "hm"},
    {"role": "user", "content": "d"},
]


@pytest.mark.parametrize(
    ("quirks", "roles", "first"),
    [
        ({}, "user system user assistant user", [{"type": "text", "text": "a"}]),
        ({"developer_role": "developer"}, "user developer user assistant user", [{"type": "text", "text": "a"}]),
        ({"system": "first"}, "system user user assistant user", "s"),
        ({"system": "user", "alternate": True, "text_only": True}, "user assistant user", "s\n\na\n\nb"),
    ],
)
def test_quirk_changes_messages(quirks, roles, first):
    body = msgspec.json.decode(quirky(**quirks).encode(ask(messages=MESSAGES), TARGET).body)
    assert " ".join(message["role"] for message in body["messages"]) == roles
    assert body["messages"][0]["content"] == first


@pytest.mark.parametrize("field", ["drop", "reasoning_content", "reasoning"])
def test_earlier_reasoning_goes_back_as_configured(field):
    body = msgspec.json.decode(quirky(history_reasoning=field).encode(ask(messages=MESSAGES), TARGET).body)
    assert body["messages"][3] == {"role": "assistant", "content": "c", **({} if field == "drop" else {field: "hm"})}


def test_ids_of_calls_are_shortened_as_configured():
    messages = [{"role": "tool", "tool_call_id": "call_1", "content": "x"}]
    for style, length in (("any", 6), ("nine_letters", 9)):
        body = msgspec.json.decode(quirky(tool_ids=style).encode(ask(messages=messages), TARGET).body)
        assert len(body["messages"][0]["tool_call_id"]) == length


def test_tags_are_looked_for_as_configured():
    body = b'{"choices":[{"message":{"content":"<think>a</think>b"}}]}'
    for tags, content in ((False, "<think>a</think>b"), (True, "b")):
        reply, _ = quirky(think_tags=tags).decode(ask(), JSON, body)
        assert msgspec.json.decode(reply.body)["choices"][0]["message"]["content"] == content


def test_base64_is_asked_for_where_the_server_has_it():
    exchange = ask("embedding", model="m", input="i", encoding_format="base64")
    body = msgspec.json.decode(quirky(embeddings_base64=True).encode(exchange, TARGET).body)
    assert body["encoding_format"] == "base64"


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        ("bearer", ("authorization", f"Bearer {KEY}")),
        ("header", ("x-key", str(KEY))),
        ("basic", ("authorization", f"Basic {base64.b64encode(KEY.encode()).decode()}")),
        ("query", None),
        ("none", None),
    ],
)
def test_key_is_sent_as_configured_and_never_shown(kind, header):
    request = build("custom", auth=CustomAuth(kind=kind, name="X-Key")).encode(ask(), TARGET)
    found = [pair for pair in request.headers if pair[0] in ("authorization", "x-key")]
    assert found == ([header] if header else [])
    assert request.url.endswith(f"/chat/completions?X-Key={KEY}" if kind == "query" else "/chat/completions")
    assert KEY not in repr(request)


def test_key_in_a_query_stands_behind_what_is_there():
    translator = build("custom", base_url="http://h/v1?v=2", auth=CustomAuth(kind="query", name="key"))
    assert translator.encode(ask(), TARGET).url == f"http://h/v1/chat/completions?v=2&key={KEY}"


def test_paths_may_be_others_or_whole_urls_or_none():
    paths = {"chat": "/generate", "embedding": "http://other.example/embed", "completion": ""}
    translator = build("custom", paths=paths)
    assert translator.encode(ask(), TARGET).url == "http://localhost:8000/v1/generate"
    assert translator.encode(ask("embedding", model="m", input="i"), TARGET).url == "http://other.example/embed"
    with pytest.raises(InvalidRequest, match="no operation 'completion'"):
        translator.encode(ask("completion", model="m", prompt="p"), TARGET)


def test_fields_are_added_where_the_caller_has_none():
    translator = build("custom", extra_body={"top_k": 3, "seed": 1})
    assert sent(translator, seed=2) == {"top_k": 3, "seed": 2}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"paths": {"chats": "/x"}}, "paths has 'chats'"),
        ({"paths": {"chat": "x"}}, "the path for chat must begin with /"),
        ({"base_url": " "}, "base_url: must be an absolute URL"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        CustomSettings(**{"type": "custom", "base_url": "http://h/v1", **settings})


def test_name_that_no_header_can_have_is_refused():
    with pytest.raises(ValueError, match="is no name of a header"):
        CustomAuth(kind="header", name="x key")
