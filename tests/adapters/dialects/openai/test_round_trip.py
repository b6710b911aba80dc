"""What goes through the form and comes out in OpenAI's words again is what went in: ids, arguments, order, unicode."""

import json
from itertools import count

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from sluicegate.adapters.dialects.openai import DIALECT
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.form.answer import Answer, Choice
from sluicegate.pipeline.form.blocks import Refusal, Text, Thinking, ToolCall
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.events import (
    Begin,
    CallBegin,
    CallPart,
    Count,
    End,
    Event,
    RefusalPart,
    TextPart,
    ThinkingPart,
)
from sluicegate.pipeline.form.gather import gather
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.reply import Usage
from tests.adapters.dialects.openai.asking import read
from tests.adapters.providers.openai.asked import JSON, SSE, chat, chats

ANY = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(ANY, max_size=20)
SAID = st.text(ANY, min_size=1, max_size=20)
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def arguments(draw) -> str:
    """Return an object as one of the many texts that mean it."""
    spaced = draw(st.sampled_from([None, 1, "\t"]))
    return json.dumps(draw(st.dictionaries(TEXTS, VALUES, max_size=3)), indent=spaced, ensure_ascii=draw(st.booleans()))


@st.composite
def called(draw) -> list[dict]:
    """Return an assistant's message with calls, and their results in any order."""
    ids = draw(st.lists(SAID, min_size=1, max_size=3, unique=True))
    calls = [
        {"id": one, "type": "function", "function": {"name": draw(NAMES), "arguments": draw(arguments())}}
        for one in ids
    ]
    message = {"role": "assistant", "content": draw(st.none() | SAID), "tool_calls": calls}
    results = [{"role": "tool", "tool_call_id": one, "content": draw(TEXTS)} for one in draw(st.permutations(ids))]
    return [message, *results]


@st.composite
def spoken(draw) -> list[dict]:
    """Return a message without calls."""
    role = draw(st.sampled_from(["user", "assistant", "system"]))
    message = {"role": role, "content": draw(TEXTS)}
    if role == "assistant" and draw(st.booleans()):
        message["reasoning_content"] = draw(SAID)
    if role == "user" and draw(st.booleans()):
        image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
        message["content"] = draw(st.permutations([{"type": "text", "text": draw(SAID)}, image]))
    return [message]


@st.composite
def conversations(draw) -> list[dict]:
    first = [{"role": "system", "content": draw(SAID)}] if draw(st.booleans()) else []
    rest = draw(st.lists(called() | spoken(), max_size=5))
    return [*first, {"role": "user", "content": draw(TEXTS)}, *(message for some in rest for message in some)]


@given(messages=conversations())
def test_conversation_comes_out_as_it_went_in(messages):
    asked = read(*messages)
    request = chats().ask(asked, Target("p", "m"), Dropped("p", strict=True))
    assert msgspec.json.decode(request.body) == {"model": "m", "messages": messages}


@st.composite
def choices(draw, index: int = 0) -> Choice:
    """Return an answer in the order in which OpenAI's API can tell it."""
    blocks: list = [Thinking(draw(SAID), draw(st.none() | SAID))] if draw(st.booleans()) else []
    blocks += [Thinking(redacted=draw(SAID))] if draw(st.booleans()) else []
    blocks += [Text(draw(SAID))] if draw(st.booleans()) else []
    blocks += [Refusal(draw(SAID))] if draw(st.booleans()) else []
    for one in draw(st.lists(SAID, max_size=3, unique=True)):
        blocks.append(ToolCall(one, draw(NAMES), draw(arguments()), draw(st.none() | SAID)))
    finish = "tool_calls" if blocks and isinstance(blocks[-1], ToolCall) else "stop"
    return Choice(tuple(blocks), draw(st.sampled_from([finish, "length", "content_filter"])), index)


@st.composite
def answers(draw) -> Answer:
    told = tuple(draw(choices(index)) for index in range(draw(st.integers(1, 2))))
    tokens = st.integers(1, 10**9)
    usage = Usage(draw(tokens), draw(tokens), cached=draw(tokens), cache_write=draw(tokens))
    return Answer(id=draw(SAID), model=draw(SAID), created=draw(st.integers(1, 2**40)), choices=told, usage=usage)


@given(answer=answers())
def test_whole_answer_comes_out_as_it_went_in(answer):
    body = DIALECT.whole(Chat(dialect="openai", model="x"), answer)
    ChatCompletion.model_validate_json(body, strict=True)
    assert same_as(chats().answer(chat(), JSON, body), answer)


@settings(max_examples=50)
@given(answer=answers(), data=st.data())
def test_stream_comes_out_as_it_went_in(answer, data):
    sizes = st.integers(1, 7)
    asked = Chat(dialect="openai", model="x", n=len(answer.choices), usage_wanted=True)
    writer = DIALECT.writer(asked)
    batch = writer.write(list(events_of(answer, lambda: data.draw(sizes)))) + writer.end()
    for chunk in batch:
        ChatCompletionChunk.model_validate_json(chunk.data, strict=True)
    stream = b"".join(b"data: " + chunk.data + b"\n\n" for chunk in batch) + b"data: [DONE]\n\n"
    decoder = chats().events(chat(stream=True, n=len(answer.choices)), SSE)
    told: list[Event] = []
    while stream:
        size = data.draw(st.integers(1, 2000))
        told += decoder.feed(stream[:size])
        stream = stream[size:]
    assert decoder.done
    assert same_as(gather(told), answer)


def events_of(answer: Answer, size):
    """Yield the events of a stream that tells an answer in pieces of some size."""
    yield Begin(answer.id, answer.model, answer.created)
    for choice in answer.choices:
        slots = count()
        for block in choice.blocks:
            if isinstance(block, ToolCall):
                slot = next(slots)
                yield CallBegin(slot, block.id, block.name, block.signature, choice=choice.index)
                yield from (CallPart(slot, piece, choice.index) for piece in cut(block.arguments, size))
            else:
                yield from told_in_pieces(block, choice.index, size)
        yield End(choice.finish, choice.index)
    yield Count(answer.usage)


def told_in_pieces(block, index: int, size):
    pieces = {Text: TextPart, Refusal: RefusalPart, Thinking: ThinkingPart}
    yield from (pieces[type(block)](piece, choice=index) for piece in cut(block.text, size))
    if isinstance(block, Thinking) and (block.signature is not None or block.redacted is not None):
        yield ThinkingPart(signature=block.signature, redacted=block.redacted, choice=index)


def cut(text: str, size):
    while text:
        length = size()
        yield text[:length]
        text = text[length:]


def same_as(told: Answer, expected: Answer) -> bool:
    """Say whether two answers are the same. A thought that nobody signed may stand behind those that can come back."""
    return arranged(told) == arranged(expected)


def arranged(answer: Answer) -> Answer:
    def place(block) -> int:
        if isinstance(block, Thinking):
            return 0 if block.redacted is None else 1
        return 2

    arranged = (
        msgspec.structs.replace(choice, blocks=tuple(sorted(choice.blocks, key=place))) for choice in answer.choices
    )
    return msgspec.structs.replace(answer, choices=tuple(arranged))
