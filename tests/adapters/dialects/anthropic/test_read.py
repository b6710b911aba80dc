import json

import pytest

from sluicegate.adapters.dialects.anthropic import DIALECT
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import CacheMark, File, Foreign, Image, Text, Thinking, ToolCall, ToolResult, Turn
from sluicegate.pipeline.form.chat import Format, Reasoning, Tool, ToolChoice
from sluicegate.pipeline.request import Request
from sluicegate.stages import validate
from tests.adapters.dialects.anthropic.asking import read, read_body, said

EPHEMERAL = {"type": "ephemeral", "ttl": "1h"}
MARK = CacheMark("1h")
SCHEMA = {"type": "object"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "get", "input": {"c": "Oslo"}}


def test_the_example_of_the_api_is_read_whole():
    body = json.dumps(
        {
            "model": "claude-x",
            "max_tokens": 1024,
            "system": [{"type": "text", "text": "Be brief", "cache_control": EPHEMERAL}],
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "weather?"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0="}},
                    ],
                },
                {"role": "assistant", "content": [CALL]},
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "4C"},
                        {"type": "text", "text": "go on"},
                    ],
                },
            ],
            "tools": [{"name": "get", "description": "d", "input_schema": SCHEMA}],
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
            "stop_sequences": ["END"],
            "metadata": {"user_id": "u1"},
            "output_config": {"effort": "high"},
            "thinking": {"type": "adaptive", "display": "summarized"},
        }
    ).encode()
    chat = read_body(body)
    assert (chat.dialect, chat.model, chat.max_tokens) == ("anthropic", "claude-x", 1024)
    assert chat.system == (Text("Be brief", MARK),)
    assert chat.turns == (
        Turn("user", (Text("weather?"), Image(data="iVBORw0=", media_type="image/png"))),
        Turn("assistant", (ToolCall("toolu_1", "get", '{"c": "Oslo"}'),)),
        Turn("user", (ToolResult("toolu_1", (Text("4C"),), "get"), Text("go on"))),
    )
    assert chat.tools == (Tool("get", "d", SCHEMA),)
    assert (chat.choice, chat.parallel_calls) == (ToolChoice("auto"), False)
    assert (chat.stop, chat.user, chat.stream, chat.usage_wanted) == (("END",), "u1", False, True)
    assert chat.reasoning == Reasoning(effort="high", shown=True)
    assert chat.extra == {}


def test_what_is_plain_text_is_one_block_of_it():
    chat = read({"role": "user", "content": "u"}, {"role": "system", "content": "m"}, system="s")
    assert (chat.system, chat.turns) == ((Text("s"),), (Turn("user", (Text("u"),)), Turn("system", (Text("m"),))))
    assert read(system="").system == read().system == ()


@pytest.mark.parametrize(
    ("block", "read_as"),
    [
        ({"type": "text", "text": "t", "cache_control": EPHEMERAL}, [Text("t", MARK)]),
        ({"type": "image", "source": {"type": "url", "url": "u"}}, [Image(url="u")]),
        (
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JV"}},
            [File(data="JV", media_type="application/pdf")],
        ),
        (
            {"type": "document", "title": "n", "context": "c", "source": {"type": "text", "data": "d"}},
            [Text("c"), File(text="d", media_type="text/plain", name="n")],
        ),
        ({"type": "document", "source": {"type": "url", "url": "u"}}, [File(url="u")]),
        ({"type": "document", "source": {"type": "file", "file_id": "f"}}, [File(file_id="f")]),
        (
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "a"}] * 2}},
            [File(text="a\na", media_type="text/plain")],
        ),
        (
            {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "c"}]},
            [Text("t\ns\n\nc")],
        ),
    ],
)
def test_blocks_of_a_user_have_their_place(block, read_as):
    assert said(block) == tuple(read_as)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "source": {"type": "file", "file_id": "f"}},
        {"type": "document", "source": {"type": "content", "content": [{"type": "image", "source": {"type": "new"}}]}},
        {"type": "container_upload", "file_id": "f"},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": {"type": "error", "error_code": "e"}},
    ],
)
def test_blocks_that_no_other_api_has_stay_as_they_came(block):
    assert said(block) == (Foreign("anthropic", block),)


def test_thoughts_keep_what_proves_them():
    blocks = [{"type": "thinking", "thinking": "t", "signature": "s"}, {"type": "redacted_thinking", "data": "d"}]
    assert said(*blocks, role="assistant") == (Thinking("t", "s"), Thinking(redacted="d"))


def test_arguments_of_a_call_are_spelled_as_the_model_wrote_them():
    body = (
        b'{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":['
        b'{"type":"tool_use","id":"t","name":"n","input":{"b": 1.50, "a":1e2}}]}]}'
    )
    assert read_body(body).turns[0].blocks == (ToolCall("t", "n", '{"b": 1.50, "a":1e2}'),)


def test_results_come_first_know_their_tool_and_whether_they_failed():
    asked = [
        {"role": "assistant", "content": [CALL]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "so"},
                {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True, "cache_control": EPHEMERAL},
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_9",
                    "content": [
                        {"type": "text", "text": "a"},
                        {"type": "image", "source": {"type": "url", "url": "u"}},
                    ],
                },
            ],
        },
    ]
    assert read(*asked).turns[1].blocks == (
        ToolResult("toolu_1", (), "get", failed=True, cache=MARK),
        ToolResult("toolu_9", (Text("a"), Image(url="u"))),
        Text("so"),
    )


def test_a_result_that_only_anthropic_understands_is_refused_by_its_path():
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "tool_reference", "tool_name": "n"}]}
    with pytest.raises(InvalidRequest) as raised:
        said(result)
    assert raised.value.param == "messages[0].content[0].content[0]"
    assert raised.value.code == "unsupported_parameter"


def test_a_mark_at_the_top_goes_to_the_last_block_that_can_have_one():
    user = {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    chat = read(user, {"role": "assistant", "content": []}, cache_control={"type": "ephemeral"})
    assert chat.turns == (Turn("user", (Text("a"), Text("b", CacheMark()))), Turn("assistant", ()))


def test_tools_of_anthropics_own_are_native():
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
    own = {"name": "get", "input_schema": SCHEMA, "strict": True, "cache_control": EPHEMERAL, "type": "custom"}
    assert read(tools=[search, own]).tools == (
        Tool("web_search", native=search),
        Tool("get", parameters=SCHEMA, strict=True, cache=MARK),
    )


@pytest.mark.parametrize(
    ("choice", "read_as", "parallel"),
    [
        ({"type": "auto"}, ToolChoice("auto"), None),
        ({"type": "any", "disable_parallel_tool_use": False}, ToolChoice("required"), True),
        ({"type": "none"}, ToolChoice("none"), None),
        ({"type": "tool", "name": "get", "disable_parallel_tool_use": True}, ToolChoice("one", "get"), False),
    ],
)
def test_the_choice_of_a_tool_is_told_apart_from_how_many(choice, read_as, parallel):
    chat = read(tool_choice=choice)
    assert (chat.choice, chat.parallel_calls) == (read_as, parallel)


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({}, None),
        ({"thinking": {"type": "adaptive"}}, None),
        ({"thinking": {"type": "disabled"}}, Reasoning(enabled=False)),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, Reasoning(enabled=True, budget=2048)),
        ({"thinking": {"type": "adaptive", "display": "omitted"}}, Reasoning(shown=False)),
        ({"output_config": {"effort": "max"}}, Reasoning(effort="max")),
    ],
)
def test_thinking_is_what_the_caller_says_of_it(fields, reasoning):
    assert read(**fields).reasoning == reasoning


@pytest.mark.parametrize("place", ["output_config", "output_format"])
def test_a_schema_for_the_answer_is_a_format(place):
    form = {"type": "json_schema", "schema": SCHEMA}
    fields = {place: {"format": form} if place == "output_config" else form}
    assert read(**fields).format == Format("schema", schema=SCHEMA)


def test_settings_and_what_has_no_place():
    chat = read(
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        service_tier="standard_only",
        stream=True,
        container="c",
        inference_geo=None,
        unheard_of={"a": [1]},
    )
    assert (chat.temperature, chat.top_p, chat.top_k, chat.service_tier, chat.stream) == (0.5, 0.9, 40, "default", True)
    assert chat.extra == {"container": "c", "unheard_of": {"a": [1]}}


def test_a_count_is_read_as_well():
    chat = read(operation="count_tokens", system="s")
    assert (chat.system, chat.turns, chat.max_tokens) == ((Text("s"),), (Turn("user", (Text("Hello"),)),), None)


def test_what_validate_has_not_seen_is_refused():
    with pytest.raises(InvalidRequest):
        DIALECT.read(Request("messages", b"{}", dialect="anthropic"))


def test_features_asked_for_in_a_header_are_kept_each_once():
    body = json.dumps({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}).encode()
    fields, typed = validate.read("messages", body)
    headers = {"anthropic-beta": "a-1, b-2,,a-1"}
    assert DIALECT.read(Request("messages", body, headers, "anthropic", fields=fields, typed=typed)).betas == (
        "a-1",
        "b-2",
    )
    assert read().betas == ()
