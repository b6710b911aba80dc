"""Random conversations and answers, in OpenAI's words and in the form between dialects."""

import json

from hypothesis import strategies as st

from sluicegate.pipeline.form.answer import Answer, Choice
from sluicegate.pipeline.form.blocks import Refusal, Text, Thinking, ToolCall
from sluicegate.pipeline.reply import Usage

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
    """Return messages, each as plain as it can be."""
    first = [{"role": "system", "content": draw(SAID)}] if draw(st.booleans()) else []
    rest = draw(st.lists(called() | spoken(), max_size=5))
    return [*first, {"role": "user", "content": draw(TEXTS)}, *(message for some in rest for message in some)]


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
def answers(draw, most: int = 2) -> Answer:
    """Return an answer with this many choices at most."""
    told = tuple(draw(choices(index)) for index in range(draw(st.integers(1, most))))
    tokens = st.integers(1, 10**9)
    usage = Usage(draw(tokens), draw(tokens), cached=draw(tokens), cache_write=draw(tokens))
    return Answer(id=draw(SAID), model=draw(SAID), created=draw(st.integers(1, 2**40)), choices=told, usage=usage)
