"""Names of tools that OpenAI finds too long are its callers' own again when they are called."""

import re

import msgspec

from sluicegate.adapters.providers.openai.tool_names import short_name
from sluicegate.pipeline.form.blocks import ToolCall, Turn
from sluicegate.pipeline.form.chat import Tool, ToolChoice
from sluicegate.pipeline.form.events import CallBegin
from tests.adapters.providers.openai.asked import JSON, SSE, USER, chat, chats, delta, framed, sent

LONG = "mcp__a_server_with_a_long_name__" + "x" * 96
OTHER = LONG[:-1] + "y"
ASKED = chat(
    USER,
    Turn("assistant", (ToolCall("c1", LONG), ToolCall("c2", "find"))),
    tools=(Tool(LONG), Tool(OTHER), Tool("find")),
    choice=ToolChoice("one", OTHER),
)


def test_openai_is_told_short_names_that_differ():
    body, _ = sent(ASKED, itself=True)
    offered = [tool["function"]["name"] for tool in body["tools"]]
    assert all(re.fullmatch("[A-Za-z0-9_-]{1,64}", name) for name in offered)
    assert len(set(offered)) == 3
    assert offered[2] == "find"
    assert [call["function"]["name"] for call in body["messages"][1]["tool_calls"]] == [offered[0], "find"]
    assert body["tool_choice"]["function"]["name"] == offered[1]


def test_other_servers_are_told_the_names_as_they_are():
    body, _ = sent(ASKED)
    assert [tool["function"]["name"] for tool in body["tools"]] == [LONG, OTHER, "find"]
    assert body["messages"][1]["tool_calls"][0]["function"]["name"] == LONG


def test_call_by_a_short_name_is_one_of_the_tool():
    call = {"id": "c3", "function": {"name": short_name(OTHER), "arguments": "{}"}}
    body = msgspec.json.encode({"choices": [{"message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]})
    told = chats(itself=True).answer(ASKED, JSON, body)
    assert told.choices[0].blocks == (ToolCall("c3", OTHER, "{}"),)
    events = chats(itself=True).events(ASKED, SSE).feed(framed(delta(tool_calls=[call])))
    assert CallBegin(0, "c3", OTHER) in events
