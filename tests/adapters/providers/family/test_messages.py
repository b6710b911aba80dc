"""Messages as the members of the family want them."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.providers.family.messages import write_messages
from sluicegate.adapters.providers.family.profile import MessageRules
from sluicegate.adapters.providers.family.tool_ids import nine_letters
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.sides import Dropped

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def written(messages: list[dict], dropped: Dropped | None = None, **rules) -> list[dict]:
    raw = msgspec.Raw(msgspec.json.encode(messages))
    got = write_messages(raw, MessageRules(**rules), dropped or Dropped("p", strict=False))
    return msgspec.json.decode(got)


def said(*turns: str) -> list[dict]:
    """Return messages from words such as ``user:hello``."""
    return [{"role": role, "content": text} for role, _, text in (turn.partition(":") for turn in turns)]


def test_developer_is_the_system():
    assert written(said("developer:a", "user:b")) == said("system:a", "user:b")
    assert written(said("developer:a", "user:b"), roles={}) == said("developer:a", "user:b")


@pytest.mark.parametrize(("key", "expected"), [("", {}), ("reasoning", {"reasoning": "hm"})])
def test_earlier_reasoning_goes_back_by_the_providers_name_or_not_at_all(key, expected):
    message = {"role": "assistant", "content": "a", "reasoning_content": "hm"}
    assert written([message], reasoning=key) == [{"role": "assistant", "content": "a", **expected}]


def test_names_of_other_roles_are_dropped_with_a_note():
    dropped = Dropped("p", strict=False)
    messages = [{"role": "user", "name": "u", "content": "a"}, {"role": "tool", "name": "f", "content": "b"}]
    assert [message.get("name") for message in written(messages, dropped, named=frozenset({"tool"}))] == [None, "f"]
    assert dropped.names == ["messages.name"]


def test_part_that_the_provider_lacks_is_refused():
    message = {"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}
    with pytest.raises(InvalidRequest, match=r"has no messages\.content\.file"):
        written([message], parts=frozenset({"text"}))


def test_part_of_a_providers_own_passes():
    message = {"role": "user", "content": [{"type": "video_url", "video_url": {"url": "x"}}]}
    assert written([message], parts=frozenset({"text"})) == [message]


def test_parts_become_one_text_where_no_list_is_taken():
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert written([{"role": "user", "content": parts}], text_only=True)[0]["content"] == "a\nb"
    with pytest.raises(InvalidRequest, match="image_url"):
        written([{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}], text_only=True)


def test_marks_of_what_to_cache_are_dropped_with_a_note_where_they_mean_nothing():
    part = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}
    dropped = Dropped("p", strict=False)
    assert written([{"role": "user", "content": [part]}], dropped)[0]["content"] == [{"type": "text", "text": "a"}]
    assert dropped.names == ["cache_control"]
    assert written([{"role": "user", "content": [part]}], hints=True)[0]["content"] == [part]


def test_calls_lose_their_index_and_an_empty_list_of_them_is_none():
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [{**CALL, "index": 0}]},
        {"role": "assistant", "content": "a", "tool_calls": []},
    ]
    first, second = written(messages)
    assert first["tool_calls"] == [CALL]
    assert "tool_calls" not in second


def test_system_goes_in_front_in_its_order():
    messages = said("user:a", "system:b", "assistant:c", "system:d")
    assert written(messages, system_first=True) == said("system:b", "system:d", "user:a", "assistant:c")


def test_system_is_said_by_the_user_where_there_is_none():
    assert written(said("system:a", "user:b"), system_as_user=True, alternate=True) == said("user:a\n\nb")


def test_sides_take_turns_and_the_user_begins():
    messages = said("system:s", "assistant:a", "user:b", "user:c", "assistant:d")
    expected = said("system:s", "user:...", "assistant:a", "user:b\n\nc", "assistant:d")
    assert written(messages, alternate=True) == expected


def test_merging_keeps_parts():
    image = {"type": "image_url", "image_url": {"url": "x"}}
    messages = [{"role": "user", "content": "a"}, {"role": "user", "content": [image]}]
    assert written(messages, alternate=True) == [{"role": "user", "content": [{"type": "text", "text": "a"}, image]}]


def test_calls_and_their_results_are_never_merged():
    call = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    result = {"role": "tool", "tool_call_id": "call_1", "content": "1"}
    messages = [*said("user:a"), call, result, result, *said("assistant:b")]
    assert written(messages, alternate=True) == messages


def test_assistant_speaks_between_a_result_and_a_user():
    result = {"role": "tool", "tool_call_id": "x", "content": "1"}
    assert written([result, *said("user:a")], after_tool="ok") == [result, *said("assistant:ok", "user:a")]


def test_answer_to_be_continued_says_so():
    assert written(said("user:a", "assistant:b"), prefix=True)[-1] == {
        "role": "assistant",
        "content": "b",
        "prefix": True,
    }


def test_both_places_of_a_calls_id_get_the_same_short_one():
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "1"},
    ]
    first, second = written(messages, nine_letter_ids=True)
    assert first["tool_calls"][0]["id"] == second["tool_call_id"] == nine_letters("call_1")


@given(st.text())
def test_short_ids_are_nine_letters_or_digits(call_id):
    short = nine_letters(call_id)
    assert re.fullmatch("[A-Za-z0-9]{9}", short)
    assert nine_letters(short) == short


@pytest.mark.parametrize("raw", [b'"text"', b"[1]", b'[{"content":[1]}]', b"[]", b'[{"role":1,"content":{}}]'])
def test_messages_of_no_known_shape_are_for_the_provider_to_judge(raw):
    rules = MessageRules(prefix=True, alternate=True, nine_letter_ids=True)
    assert bytes(write_messages(msgspec.Raw(raw), rules, Dropped("p", strict=False))) == raw


@given(st.text())
def test_texts_stay_as_they_are(text):
    text = text.encode("utf-8", "replace").decode()
    assert written(said("user:" + text), alternate=True, system_first=True)[0]["content"] == text
