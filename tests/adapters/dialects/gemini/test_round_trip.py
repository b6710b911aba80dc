"""Callers of Gemini's API over OpenAI's, and back: ids, arguments, order and unicode survive the way."""

import json
from itertools import count

import msgspec
from google.genai import types
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.adapters.dialects.gemini import DIALECT
from sluicegate.adapters.dialects.gemini.sealed import sealed, unsealed
from sluicegate.adapters.dialects.openai import DIALECT as OPENAI
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.form.blocks import Text, Thinking, ToolCall
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.events import Begin, CallBegin, CallPart, Count, End, TextPart, ThinkingPart
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.reply import Usage
from tests.adapters.dialects.gemini.asking import read, said
from tests.adapters.dialects.openai.asking import read as read_openai
from tests.adapters.dialects.openai.drawn import NAMES, SAID, TEXTS, VALUES, answers
from tests.adapters.providers.openai.asked import JSON, chat, chats

ASKED = Chat(dialect="gemini", model="x")


@st.composite
def rounds(draw) -> list[dict]:
    """Return what a client sends of one round: text and calls, and their results."""
    text = [{"text": draw(SAID)}] if draw(st.booleans()) else []
    ids = draw(st.lists(SAID, min_size=1, max_size=3, unique=True))
    args = st.dictionaries(TEXTS, VALUES, max_size=3)
    calls = [{"functionCall": {"id": one, "name": draw(NAMES), "args": draw(args)}} for one in ids]
    names = {call["functionCall"]["id"]: call["functionCall"]["name"] for call in calls}
    results = [
        {"functionResponse": {"id": one, "name": names[one], "response": {"result": draw(TEXTS)}}}
        for one in draw(st.permutations(ids))
    ]
    more = [{"text": draw(SAID)}] if draw(st.booleans()) else []
    return [said(*text, *calls, role="model"), said(*results, *more)]


@given(first=SAID, rest=st.lists(rounds(), max_size=4))
def test_conversation_is_told_to_openai_whole_and_in_order(first, rest):
    asked = read(said({"text": first}), *(content for some in rest for content in some))
    request = chats().ask(asked, Target("p", "m"), Dropped("p", strict=True))
    told = read_openai(*msgspec.json.decode(request.body)["messages"])
    assert blocks(told) == blocks(asked)


def blocks(told) -> list:
    return [(turn.role, block) for turn in told.turns for block in turn.blocks]


@given(answer=answers())
def test_answer_of_openai_is_told_whole_and_in_order(answer):
    read_back = chats().answer(chat(), JSON, OPENAI.whole(chat(), answer))
    body = DIALECT.whole(ASKED, read_back)
    types.GenerateContentResponse.model_validate_json(body)
    told = msgspec.json.decode(body)["candidates"]
    for candidate, choice in zip(told, read_back.choices, strict=True):
        assert candidate["index"] == choice.index
        assert calls_in(candidate["content"].get("parts", [])) == [
            (block.id, block.name, json.loads(block.arguments))
            for block in choice.blocks
            if isinstance(block, ToolCall)
        ]


def calls_in(parts) -> list:
    found = [part["functionCall"] for part in parts if "functionCall" in part]
    return [(call.get("id", ""), call["name"], call["args"]) for call in found]


PIECES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9)
BLOCKS = st.lists(
    st.builds(Text, PIECES)
    | st.builds(Thinking, PIECES, PIECES)
    | st.builds(lambda data: Thinking(redacted=data), PIECES)
    | st.builds(ToolCall, st.uuids().map(str), NAMES, st.just('{"a": "ü"}'), st.none() | PIECES),
    max_size=6,
)


@settings(max_examples=60)
@given(blocks=BLOCKS)
def test_stream_that_is_sent_back_is_read_as_what_it_told(blocks):
    writer = DIALECT.writer(ASKED)
    batch = writer.write(list(events_of(blocks))) + writer.end()
    contents = []
    for chunk in batch:
        frame = types.GenerateContentResponse.model_validate_json(chunk.data)
        content = frame.candidates[0].content
        if content.parts:
            contents.append(content.model_dump(mode="json", by_alias=True, exclude_none=True))
    assert frame.candidates[0].finish_reason == "MAX_TOKENS"
    assert frame.usage_metadata is not None
    told = read(said({"text": "?"}), *contents).turns[1:]
    # The client spells what arguments say in its own way.
    assert [same(block) for turn in told for block in turn.blocks] == [same(block) for block in joined(blocks)]


def same(block) -> tuple:
    if isinstance(block, ToolCall):
        return (block.id, block.name, json.loads(block.arguments), block.signature)
    return (block,)


def joined(blocks) -> list:
    found: list = []
    for block in blocks:
        if found and isinstance(block, Text) and isinstance(found[-1], Text):
            found[-1] = Text(found[-1].text + block.text)
        else:
            found.append(block)
    return found


def events_of(blocks):
    yield Begin("r", "m")
    slots = count()
    for block in blocks:
        if isinstance(block, Text):
            yield from (TextPart(letter) for letter in block.text)
        elif isinstance(block, Thinking):
            yield from (ThinkingPart(letter) for letter in block.text)
            yield ThinkingPart(signature=block.signature, redacted=block.redacted)
        else:
            slot = next(slots)
            yield CallBegin(slot, block.id, block.name, block.signature)
            yield from (CallPart(slot, letter) for letter in block.arguments)
    yield End("length")
    yield Count(Usage(3, 4))


@given(kind=st.sampled_from(["thinking", "redacted", "call"]), text=SAID)
def test_sealed_signature_survives_either_alphabet_of_base64(kind, text):
    value = sealed(kind, text)
    assert unsealed(value) == unsealed(value.replace("+", "-").replace("/", "_").rstrip("=")) == (kind, text)


@given(text=st.text(max_size=30))
def test_any_other_signature_stays_as_it_is(text):
    assert unsealed(text) == (None, text)
