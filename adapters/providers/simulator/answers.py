"""The simulator's answers, whole and as streams, as OpenAI's API would send them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from .likelihood import told
from .request import Asked, Function
from .tools import example, tool_to_call
from .words import echo, sentences

CREATED = 1_767_225_600
"""All answers are of the same second, 2026-01-01T00:00:00Z: the same request gives the same bytes."""
JSON_TOKEN = 4
"""Characters of a token in JSON."""
MOST_ANSWERS = 128
"""To one prompt, and prompts of one request."""
Json = dict[str, Any]


@dataclass(slots=True)
class Answer:
    """One of the answers to a request: pieces of text, or a call of a tool."""

    pieces: list[str] = field(default_factory=list)
    call: Json = field(default_factory=dict)
    reason: str = "stop"


def answers_to(asked: Asked, tokens: int, seed: int) -> list[Answer]:
    """Return as many answers as were asked for, of ``tokens`` tokens or fewer if the caller wants fewer.

    Args:
        seed: What they are drawn from.
    """
    function = tool_to_call(asked)
    if function is not None:
        return [_call_answer(function, seed + number) for number in range(_answers_to_each(asked))]
    if (schema := asked.schema) is not None:
        return [_json_answer(asked, schema, seed + number) for number in range(_answers_to_each(asked))]
    texts = [text for text in _prompts(asked) for _ in range(_answers_to_each(asked))]
    return [_text_answer(asked, text, tokens, seed + number) for number, text in enumerate(texts)]


def _call_answer(function: Function, seed: int) -> Answer:
    random = Random(seed)
    arguments = msgspec.json.encode(example(function.parameters or {"type": "object"}, random)).decode()
    call_id = f"call_{random.getrandbits(96):024x}"
    call = {"id": call_id, "type": "function", "function": {"name": function.name, "arguments": arguments}}
    return Answer(call=call, reason="tool_calls")


def _json_answer(asked: Asked, schema: object, seed: int) -> Answer:
    """Return an answer that fits a schema: all of it, unless the caller wants fewer tokens."""
    text = msgspec.json.encode(example(schema, Random(seed))).decode()
    pieces = [text[start : start + JSON_TOKEN] for start in range(0, len(text), JSON_TOKEN)]
    limit = asked.limit or len(pieces)
    return Answer(pieces[:limit], reason="length" if limit < len(pieces) else "stop")


def number_of_answers(asked: Asked) -> int:
    """Return how many answers there will be, at most."""
    return len(_prompts(asked)) * _answers_to_each(asked)


def _prompts(asked: Asked) -> list[str]:
    return [asked.last.text] if asked.messages else asked.texts[:MOST_ANSWERS]


def _answers_to_each(asked: Asked) -> int:
    return min(max(1, asked.n or 1), MOST_ANSWERS)


def _text_answer(asked: Asked, text: str, tokens: int, place: int) -> Answer:
    said = echo(text)
    opening = "A tool answered" if asked.last.role in ("tool", "function") else "You said"
    intro = f'{opening}: "{said}". I am the simulator, not a model, so here are some words.'
    first, *others = intro.split(" ")
    pieces = [first, *[" " + word for word in others]]
    pieces += sentences(place, max(0, tokens - len(pieces)))
    limit = min(tokens, asked.limit or tokens)
    return Answer(pieces[:limit], reason="length" if limit < tokens else "stop")


def usage_of(asked: Asked, answers: list[Answer]) -> Json:
    """Return the account of a request: a word is a token."""
    read = sum(len(text.split()) for text in asked.texts) or 1
    wrote = sum(len(answer.pieces) or 1 for answer in answers)
    return {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote}


def whole(asked: Asked, answers: list[Answer], identity: str) -> Json:
    """Return the body of a plain answer."""
    choices: list[Json] = []
    for index, answer in enumerate(answers):
        text = "".join(answer.pieces)
        rest = {"logprobs": told(asked, answer.pieces), "finish_reason": answer.reason}
        if asked.messages:
            message: Json = {"role": "assistant", "content": None if answer.call else text, "refusal": None}
            if answer.call:
                message["tool_calls"] = [answer.call]
            choices.append({"index": index, "message": message, **rest})
        else:
            choices.append({"index": index, "text": text, **rest})
    kind = "chat.completion" if asked.messages else "text_completion"
    return {**_frame(asked, kind, identity), "choices": choices, "usage": usage_of(asked, answers)}


def opening(asked: Asked, answers: list[Answer], identity: str) -> list[Json]:
    """Return the chunks that come before any content: a chat's roles."""
    if not asked.messages:
        return []
    delta: Json = {"role": "assistant", "content": None if answers[0].call else ""}
    return [_chunk(asked, identity, index, delta, None) for index in range(len(answers))]


def contents(asked: Asked, answers: list[Answer], identity: str) -> Iterator[list[Json]]:
    """Yield the chunks of content, one list for each token's time."""
    if answers[0].call:
        yield [_chunk(asked, identity, index, _begun(answer), None) for index, answer in enumerate(answers)]
        yield [_chunk(asked, identity, index, _argued(answer), None) for index, answer in enumerate(answers)]
        return
    said = [0] * len(answers)
    for place in range(max(len(answer.pieces) for answer in answers)):
        chunks = []
        for index, answer in enumerate(answers):
            if place < len(answer.pieces):
                piece = answer.pieces[place]
                likely = told(asked, [piece], said[index])
                chunks.append(_chunk(asked, identity, index, {"content": piece}, None, likely))
                said[index] += len(piece)
        yield chunks


def _begun(answer: Answer) -> Json:
    call = answer.call
    return {"tool_calls": [{"index": 0, **call, "function": {**call["function"], "arguments": ""}}]}


def _argued(answer: Answer) -> Json:
    arguments = answer.call["function"]["arguments"]
    return {"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]}


def ending(asked: Asked, answers: list[Answer], identity: str) -> list[Json]:
    """Return the chunks after the content: the reasons to stop, and the usage if it is wanted."""
    chunks = [_chunk(asked, identity, index, {}, answer.reason) for index, answer in enumerate(answers)]
    if asked.stream_options is not None and asked.stream_options.include_usage:
        kind = "chat.completion.chunk" if asked.messages else "text_completion"
        chunks.append({**_frame(asked, kind, identity), "choices": [], "usage": usage_of(asked, answers)})
    return chunks


def _chunk(
    asked: Asked, identity: str, index: int, delta: Json, reason: str | None, likely: Json | None = None
) -> Json:
    if asked.messages:
        choice = {"index": index, "delta": delta, "logprobs": likely, "finish_reason": reason}
        return {**_frame(asked, "chat.completion.chunk", identity), "choices": [choice]}
    choice = {"index": index, "text": delta.get("content", ""), "logprobs": likely, "finish_reason": reason}
    return {**_frame(asked, "text_completion", identity), "choices": [choice]}


def _frame(asked: Asked, kind: str, identity: str) -> Json:
    prefix = "chatcmpl" if asked.messages else "cmpl"
    return {"id": f"{prefix}-{identity}", "object": kind, "created": CREATED, "model": asked.model}
