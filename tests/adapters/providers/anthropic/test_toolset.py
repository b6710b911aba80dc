"""Tools are offered, forced and held back as the caller wants them."""

import pytest

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import CacheMark, ToolCall, ToolResult
from sluicegate.pipeline.form.chat import Tool, ToolChoice
from tests.adapters.providers.anthropic.samples import ANCIENT, assistant, chat, user, written

GET = Tool("get", "Gets", {"type": "object", "properties": {"c": {"type": "string"}}})
PUT = Tool("put")


def test_tools_have_a_schema_whether_they_take_something_or_not():
    fields, _ = written(chat(tools=(GET, PUT, Tool("odd", parameters={"properties": {}}, cache=CacheMark()))))
    assert fields["tools"] == [
        {"name": "get", "description": "Gets", "input_schema": GET.parameters},
        {"name": "put", "input_schema": {"type": "object", "properties": {}}},
        {
            "name": "odd",
            "input_schema": {"type": "object", "properties": {}},
            "cache_control": {"type": "ephemeral"},
        },
    ]
    assert "tool_choice" not in fields


@pytest.mark.parametrize(
    ("choice", "parallel", "told"),
    [
        (ToolChoice("auto"), None, {"type": "auto"}),
        (ToolChoice("required"), None, {"type": "any"}),
        (ToolChoice("none"), False, {"type": "none"}),
        (ToolChoice("one", "get"), False, {"type": "tool", "name": "get", "disable_parallel_tool_use": True}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (None, True, None),
    ],
)
def test_choices_are_translated(choice, parallel, told):
    fields, _ = written(chat(tools=(GET,), choice=choice, parallel_calls=parallel))
    assert fields.get("tool_choice") == told


def test_a_choice_without_tools_is_none():
    assert "tool_choice" not in written(chat(choice=ToolChoice("auto"), parallel_calls=False))[0]


def test_a_narrowed_offer_holds_the_allowed_tools_only():
    fields, _ = written(chat(tools=(GET, PUT), choice=ToolChoice("required", allowed=("put",))))
    assert [tool["name"] for tool in fields["tools"]] == ["put"]


def test_a_model_that_cannot_be_forced_refuses_it():
    with pytest.raises(InvalidRequest, match="tool_choice"):
        written(chat(tools=(GET,), choice=ToolChoice("required")), "claude-opus-5-5")
    assert written(chat(tools=(GET,), choice=ToolChoice("auto")), "claude-opus-5-5")[1] == []


def test_strict_tools_are_strict_where_the_model_can():
    strict = Tool("get", parameters=GET.parameters, strict=True)
    assert written(chat(tools=(strict,)))[0]["tools"][0]["strict"] is True
    fields, dropped = written(chat(tools=(strict,)), ANCIENT)
    assert ("strict" in fields["tools"][0], dropped) == (False, ["tools.strict"])


def test_past_calls_bring_their_tools_and_no_new_calls():
    turns = (user("a"), assistant(ToolCall("c", "get"), ToolCall("d", "get")), user(ToolResult("c"), ToolResult("d")))
    fields, _ = written(chat(*turns))
    assert fields["tools"] == [{"name": "get", "input_schema": {"type": "object", "properties": {}}}]
    assert fields["tool_choice"] == {"type": "none"}


def test_tools_of_anthropics_own_are_sent_on_in_its_dialect_alone():
    native = Tool("web_search", native={"type": "web_search_20250305", "name": "web_search"}, cache=CacheMark())
    told = {"type": "web_search_20250305", "name": "web_search", "cache_control": {"type": "ephemeral"}}
    assert written(chat(dialect="anthropic", tools=(native,)))[0]["tools"] == [told]
    assert native.native == {"type": "web_search_20250305", "name": "web_search"}
    with pytest.raises(InvalidRequest, match="no tool 'web_search'"):
        written(chat(tools=(native,)))
