"""Callers of Anthropic's API over OpenAI's, and back: ids, arguments, order and unicode survive the way."""

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.dialects.anthropic import DIALECT as ANTHROPIC
from sluicegate.adapters.dialects.openai import DIALECT as OPENAI
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.form.blocks import Text, Thinking, ToolCall
from sluicegate.pipeline.form.sides import Dropped
from tests.adapters.dialects.anthropic.asking import read as read_anthropic
from tests.adapters.dialects.openai.asking import read as read_openai
from tests.adapters.dialects.openai.drawn import NAMES, SAID, TEXTS, answers, arguments
from tests.adapters.providers.openai.asked import JSON, chat, chats


@st.composite
def rounds(draw) -> list[dict]:
    """Return what a coding agent sends of one round: thoughts, text and calls, and their results."""
    thoughts = [{"type": "thinking", "thinking": draw(SAID), "signature": draw(SAID)}] if draw(st.booleans()) else []
    said = [{"type": "text", "text": draw(SAID)}] if draw(st.booleans()) else []
    ids = draw(st.lists(SAID, min_size=1, max_size=3, unique=True))
    calls = [
        {"type": "tool_use", "id": one, "name": draw(NAMES), "input": json.loads(draw(arguments()))} for one in ids
    ]
    results = [
        {"type": "tool_result", "tool_use_id": one, "content": draw(TEXTS)} for one in draw(st.permutations(ids))
    ]
    more = [{"type": "text", "text": draw(SAID)}] if draw(st.booleans()) else []
    return [
        {"role": "assistant", "content": [*thoughts, *said, *calls]},
        {"role": "user", "content": [*results, *more]},
    ]


@given(first=SAID, rest=st.lists(rounds(), max_size=4))
def test_conversation_is_told_to_openai_whole_and_in_order(first, rest):
    asked = read_anthropic({"role": "user", "content": first}, *(message for some in rest for message in some))
    request = chats().ask(asked, Target("p", "m"), Dropped("p", strict=True))
    told = read_openai(*msgspec.json.decode(request.body)["messages"])
    assert blocks(told) == blocks(asked)


def blocks(told) -> list:
    return [(turn.role, block) for turn in told.turns for block in turn.blocks]


@given(answer=answers(most=1))
def test_answer_is_told_to_anthropics_caller_whole_and_in_order(answer):
    read = chats().answer(chat(), JSON, OPENAI.whole(chat(), answer))
    told = msgspec.json.decode(ANTHROPIC.whole(chat(), read))["content"]
    expected = answer.choices[0].blocks
    assert [(block["id"], block["name"], block["input"]) for block in told if block["type"] == "tool_use"] == [
        (block.id, block.name, json.loads(block.arguments)) for block in expected if isinstance(block, ToolCall)
    ]
    signed = {block.signature: block.text for block in expected if isinstance(block, Thinking) and block.signature}
    assert {block["signature"]: block["thinking"] for block in told if block.get("signature")} == signed
    for block in expected:
        if isinstance(block, Text):
            assert block.text in [one.get("text") for one in told]
