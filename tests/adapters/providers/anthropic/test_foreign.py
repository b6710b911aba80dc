"""What other providers have left in a conversation is taken out before Anthropic sees it, and nothing else is."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.dialects.anthropic.sealed import sealed
from sluicegate.adapters.providers.anthropic.blocks import wire_id
from sluicegate.adapters.providers.anthropic.foreign import without_foreign
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.sides import Dropped

USER = {"role": "user", "content": "Hello"}
TEXT = {"type": "text", "text": "Hi, thinking of thinking"}
CALL = {"type": "tool_use", "id": "t1", "name": "get", "input": {"thinking": 1.0}}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "4C"}]}
OWN = {"type": "thinking", "thinking": "hm", "signature": "sig=="}
HIDDEN = {"type": "redacted_thinking", "data": "opaque"}
FOREIGN = {"type": "thinking", "thinking": "mine", "signature": ""}
UNSIGNED = {"type": "thinking", "thinking": "mine"}
SEALED = {"type": "redacted_thinking", "data": sealed("of-a-call")}
BUDGET = {"type": "enabled", "budget_tokens": 2000}
BUDGETED, ADAPTIVE = "claude-sonnet-4-5", "claude-opus-5"


def passed(*messages: dict, model: str = ADAPTIVE, strict: bool = False, **fields: object) -> tuple[dict, list[str]]:
    """Return what is left of the fields, and the names of those that were dropped."""
    raw = msgspec.json.decode(msgspec.json.encode({"messages": messages, **fields}), type=dict[str, msgspec.Raw])
    dropped = Dropped("claude", strict=strict)
    return msgspec.json.decode(msgspec.json.encode(without_foreign(raw, model, dropped))), dropped.names


def says(*blocks: dict) -> dict:
    return {"role": "assistant", "content": list(blocks)}


@pytest.mark.parametrize("foreign", [FOREIGN, UNSIGNED, SEALED])
def test_foreign_thoughts_are_taken_out_and_own_ones_stay(foreign):
    fields, dropped = passed(USER, says(OWN, HIDDEN, foreign, TEXT, CALL), RESULT)
    assert fields["messages"] == [USER, says(OWN, HIDDEN, TEXT, CALL), RESULT]
    assert dropped == []


def test_ids_in_letters_of_others_are_the_same_for_call_and_result():
    odd = {"type": "tool_use", "id": "functions.get:0", "name": "get", "input": {"id": "a.b", "n": 1.0}}
    result = {"type": "tool_result", "tool_use_id": "functions.get:0", "content": 'tool_use "id": "a.b"'}
    fields, dropped = passed(USER, says(odd), {"role": "user", "content": [result]})
    _, said, answered = fields["messages"]
    made = wire_id("functions.get:0")
    assert said["content"] == [{**odd, "id": made}]
    assert answered["content"] == [{**result, "tool_use_id": made}]
    assert dropped == []


def test_message_that_was_nothing_else_is_taken_out():
    assert passed(USER, says(FOREIGN, SEALED), USER)[0]["messages"] == [USER, USER]


@pytest.mark.parametrize(
    "messages",
    [
        [USER],
        [USER, says(OWN, TEXT), USER],
        [USER, says(HIDDEN, CALL), RESULT],
        [
            USER,
            {
                "role": "assistant",
                "content": [{**TEXT, "text": 'tool_use "id": "a.b"'}, {**CALL, "input": {"id": "."}}],
            },
        ],
        [USER, says({"type": "server_tool_use", "id": "a.b", "name": "x", "input": {}})],
        [USER, says({"type": "tool_use", "id": 7, "name": "tool_use", "input": {"id": "a.b"}})],
        [USER, {"role": "assistant", "content": "thinking"}],
        [USER, {"role": "assistant", "content": [{"type": "text", "text": "thinking", "data": [1]}]}],
        [{"role": "user", "content": 7}, "thinking"],
        [{"role": "user"}, {"thinking": 1}],
        [{"role": "assistant"}, {"role": "user"}],
    ],
)
def test_all_else_stays_to_the_byte(messages):
    body = msgspec.json.encode(messages).replace(b":", b" : ")
    raw = {"messages": msgspec.Raw(body), "thinking": msgspec.Raw(b'{"type":"enabled","budget_tokens":2000}')}
    assert without_foreign(raw, BUDGETED, Dropped("claude", strict=True)) == raw


def test_results_of_calls_without_thoughts_are_answered_without_thinking_where_a_budget_is_counted():
    for begun in (says(FOREIGN, CALL), says(CALL), says(TEXT, CALL)):
        fields, dropped = passed(USER, begun, RESULT, model=BUDGETED, thinking=BUDGET)
        assert "thinking" not in fields
        assert dropped == ["thinking"]
        fields, dropped = passed(USER, begun, RESULT, model=ADAPTIVE, thinking=BUDGET)
        assert fields["thinking"] == BUDGET
        assert dropped == []
    with pytest.raises(InvalidRequest, match="thinking"):
        passed(USER, says(FOREIGN, CALL), RESULT, model=BUDGETED, thinking=BUDGET, strict=True)


blocks = st.lists(st.sampled_from([OWN, HIDDEN, FOREIGN, UNSIGNED, SEALED, TEXT, CALL]), max_size=5)


@given(st.lists(blocks, max_size=4))
def test_any_conversation_keeps_its_own_in_order(turns):
    messages = [message for turn in turns for message in (USER, says(*turn))]
    kept = [[block for block in turn if block not in (FOREIGN, UNSIGNED, SEALED)] for turn in turns]
    expected = [
        message
        for turn, own in zip(turns, kept, strict=True)
        for message in (USER, *([says(*own)] if own or not turn else []))
    ]
    assert passed(*messages)[0]["messages"] == expected
