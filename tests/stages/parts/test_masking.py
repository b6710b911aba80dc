"""Masks: what was said is gone; the form, the size and what is equal stay."""

import json

import pytest

from sluicegate.pipeline.schemas.decode import parse, type_body
from sluicegate.pipeline.schemas.rules import check
from sluicegate.stages.parts.masking import Mask

CHAT = {
    "model": "openai/gpt-4o",
    "messages": [
        {"role": "system", "content": "You are Marvin."},
        {"role": "user", "content": [{"type": "text", "text": 'Why "42"?\n\tÄh, 字 😀 \\ so.'}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_17",
                    "type": "function",
                    "function": {"name": "ask_deep_thought", "arguments": json.dumps({"who": "Marvin", "n": 42})},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_17", "content": "Marvin"},
    ],
    "tools": [{"type": "function", "function": {"name": "ask_deep_thought", "parameters": {"type": "object"}}}],
    "tool_choice": "auto",
    "temperature": 0.50,
    "stop": ["Marvin"],
}
SECRETS = ("Marvin", "Why", "42?", "字", "ask_deep", "call_17")


@pytest.mark.parametrize("escaped", [True, False])
def test_a_masked_request_is_a_good_request_of_the_same_size(escaped):
    body = json.dumps(CHAT, ensure_ascii=escaped, indent=1).encode()
    masked = Mask().of(body)
    assert len(masked) == len(body)
    parse(masked)
    typed = type_body("chat", masked)
    check(typed)
    assert typed.model == "openai/gpt-4o"
    assert [message.role for message in typed.messages] == ["system", "user", "assistant", "tool"]
    assert typed.tool_choice == "auto"
    assert json.loads(masked)["temperature"] == 0.5


def test_nothing_that_was_said_is_left():
    masked = Mask().of(json.dumps(CHAT, ensure_ascii=False).encode()).decode()
    found = json.loads(masked)
    said = json.dumps([found["messages"], found["tools"], found["stop"]], ensure_ascii=False)
    # The filler for one character of three bytes is itself one, so it alone may be the same.
    assert [secret for secret in SECRETS if secret in said and secret != "字"] == []


def test_white_space_stays_and_so_do_the_words():
    text = "Three  short\nwords"
    found = json.loads(Mask().of(json.dumps({"content": text}).encode()))["content"]
    assert [len(word) for word in found.split()] == [5, 5, 5]
    assert "  " in found
    assert "\n" in found


def test_equal_texts_stay_equal_and_others_different():
    mask = Mask()

    def of(text):
        return json.loads(mask.of(json.dumps({"content": text}).encode()))["content"]

    assert of("hello there, friend") == of("hello there, friend")
    assert len({of(f"hello there, {name}") for name in ("ann", "bob", "eve", "dan")}) == 4
    assert Mask().of(b'{"content":"hello there"}') != Mask().of(b'{"content":"hello there"}')


def test_what_links_messages_still_links_them():
    found = json.loads(Mask().of(json.dumps(CHAT).encode()))
    assert found["messages"][2]["tool_calls"][0]["id"] == found["messages"][3]["tool_call_id"]
    assert found["messages"][2]["tool_calls"][0]["function"]["name"] == found["tools"][0]["function"]["name"]


def test_arguments_are_still_json_with_their_numbers():
    found = json.loads(Mask().of(json.dumps(CHAT).encode()))
    arguments = json.loads(found["messages"][2]["tool_calls"][0]["function"]["arguments"])
    assert arguments["n"] == 42
    assert len(arguments["who"]) == 6
    assert arguments["who"] != "Marvin"


def test_a_text_in_a_list_is_masked_whatever_stands_before_it():
    found = json.loads(Mask().of(b'{"input":[{"type":"kept"},"private"],"type":["private"]}'))
    assert found["input"][0]["type"] == "kept"
    assert "private" not in str(found)


@pytest.mark.parametrize("body", [b"my private thoughts", b'"private"', b"\xff private", b'{"content":"private'])
def test_what_is_no_whole_json_shows_nothing_either(body):
    masked = Mask().of(body)
    assert b"private" not in masked
    assert len(masked) == len(body)


def test_an_empty_body_stays_empty():
    assert Mask().of(b"") == b""


def test_a_masked_request_of_googles_clients_is_read_as_before():
    image = {"inlineData": {"mimeType": "image/png", "data": "AA=="}}
    body = {
        "model": "p/m",
        "contents": [{"role": "user", "parts": [{"text": "Marvin"}, image]}],
        "generationConfig": {"responseMimeType": "application/json", "thinkingConfig": {"thinkingLevel": "LOW"}},
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    }
    masked = json.loads(Mask().of(json.dumps(body).encode()))
    assert "Marvin" not in json.dumps(masked)
    assert masked["contents"][0]["parts"][1]["inlineData"]["mimeType"] == "image/png"
    assert (masked["generationConfig"], masked["toolConfig"]) == (body["generationConfig"], body["toolConfig"])
