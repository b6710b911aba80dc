"""Tools on offer, and the choice among them, in Converse's words; botocore checks each body."""

import pytest

from sluicegate.adapters.providers.bedrock.blocks import wire_id
from sluicegate.pipeline.errors import InvalidRequest
from tests.adapters.dialects.anthropic.asking import read as read_anthropic
from tests.adapters.providers.bedrock.asking import (
    CALLED,
    LLAMA,
    TOOL,
    asked,
    left_out,
    written,
)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", None),
        ("required", {"any": {}}),
        ({"type": "function", "function": {"name": "get"}}, {"tool": {"name": "get"}}),
    ],
)
def test_choice_of_a_tool(choice, expected):
    assert asked(tools=[TOOL], tool_choice=choice)["toolConfig"].get("toolChoice") == expected


def test_no_tool_at_all():
    assert "toolConfig" not in asked(tools=[TOOL], tool_choice="none")
    body = asked(*CALLED, tools=[TOOL], tool_choice="none")
    assert body["toolConfig"]["tools"]
    assert body["additionalModelRequestFields"] == {"tool_choice": {"type": "none"}}
    with pytest.raises(InvalidRequest, match="tool_choice none"):
        asked(*CALLED, tools=[TOOL], tool_choice="none", model=LLAMA)


def test_calls_of_the_past_bring_their_tools():
    body = asked(*CALLED)
    assert [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]] == ["get"]
    assert body["additionalModelRequestFields"] == {"tool_choice": {"type": "none"}}


def test_one_call_at_a_time_is_told_to_claude_alone():
    body = asked(tools=[TOOL], tool_choice="required", parallel_tool_calls=False)
    assert "toolChoice" not in body["toolConfig"]
    told = {"type": "any", "disable_parallel_tool_use": True}
    assert body["additionalModelRequestFields"] == {"tool_choice": told}
    assert left_out(tools=[TOOL], parallel_tool_calls=False, model=LLAMA) == ["parallel_tool_calls"]


def test_long_name_of_a_tool_is_shortened_and_comes_back_long():
    name = "mcp__" + "x" * 90
    chat = read_anthropic(
        tools=[{"name": name, "input_schema": {"type": "object"}}], tool_choice={"type": "tool", "name": name}
    )
    body, _ = written(chat)
    short = body["toolConfig"]["tools"][0]["toolSpec"]["name"]
    assert body["toolConfig"]["toolChoice"]["tool"]["name"] == short
    assert len(short) <= 64


def test_tool_of_anthropics_own_is_refused():
    with pytest.raises(InvalidRequest, match="web_search"):
        written(read_anthropic(tools=[{"type": "web_search_20250305", "name": "web_search"}]))


def test_odd_ids_fit():
    for name in ("a b", "ü" * 70, "x" * 65, ""):
        made = wire_id(name)
        assert len(made) <= 64
        assert made == wire_id(made)
    assert wire_id("tooluse_A.b:c-1") == "tooluse_A.b:c-1"
    assert wire_id("a b") != wire_id("a_b")
