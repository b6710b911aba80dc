"""What goes through the form and comes out in OpenAI's words again is what went in: ids, arguments, order, unicode."""

from itertools import count

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from sluicegate.adapters.dialects.openai import DIALECT
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.form.answer import Answer
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
from tests.adapters.dialects.openai.asking import read
from tests.adapters.dialects.openai.drawn import answers, conversations
from tests.adapters.providers.openai.asked import JSON, SSE, chat, chats


@given(messages=conversations())
def test_conversation_comes_out_as_it_went_in(messages):
    asked = read(*messages)
    request = chats().ask(asked, Target("p", "m"), Dropped("p", strict=True))
    assert msgspec.json.decode(request.body) == {"model": "m", "messages": messages}


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
