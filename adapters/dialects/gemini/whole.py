"""A whole answer as a ``GenerateContentResponse``, and what one frame of a stream has in common with it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from sluicegate.pipeline.form.answer import Answer, Choice, Finish
from sluicegate.pipeline.form.blocks import Block, Foreign, Refusal, Text, Thinking, ToolCall
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.reply import Usage

from ..anthropic.whole import arguments_of
from .sealed import sealed

Json = dict[str, Any]
FINISHES: dict[Finish, str] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "content_filter": "SAFETY",
}


def whole(chat: Chat, answer: Answer) -> bytes:
    """Return the body of an answer."""
    return msgspec.json.encode(
        {
            "candidates": [_candidate(choice) for choice in answer.choices or (Choice(()),)],
            "usageMetadata": usage_of(answer.usage or Usage()),
            **identity(answer.id, answer.model or chat.model),
        }
    )


def identity(id: str, model: str) -> Json:
    """Return what an answer tells of itself."""
    return {"modelVersion": model, "responseId": id or secrets.token_hex(12)}


def usage_of(usage: Usage) -> Json:
    """Return tokens as Gemini counts them: thoughts are not among the candidates' own."""
    told: Json = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": max(0, usage.output - usage.reasoning),
        "totalTokenCount": usage.total,
    }
    if usage.cached:
        told["cachedContentTokenCount"] = usage.cached
    if usage.reasoning:
        told["thoughtsTokenCount"] = usage.reasoning
    if usage.audio_input or usage.image_input:
        text = usage.input - usage.audio_input - usage.image_input
        counts = {"TEXT": text, "AUDIO": usage.audio_input, "IMAGE": usage.image_input}
        told["promptTokensDetails"] = [
            {"modality": sort, "tokenCount": count} for sort, count in counts.items() if count
        ]
    return told


def call_part(id: str, name: str, arguments: str, signature: str | None) -> Json:
    """Return the part of a call."""
    call: Json = {"name": name, "args": arguments_of(arguments)}
    if id:
        call["id"] = id
    return {"functionCall": call, **_signed(signature)}


def _signed(signature: str | None) -> Json:
    return {} if signature is None else {"thoughtSignature": sealed("call", signature)}


def thought_part(text: str, signature: str | None) -> Json:
    """Return the part of a thought. Without text there is none: clients take an empty one for no part."""
    part: Json = {"thought": True}
    if text:
        part["text"] = text
    if signature is not None:
        part["thoughtSignature"] = sealed("thinking", signature)
    return part


def redacted_part(data: str) -> Json:
    """Return the part of a thought that nobody can read."""
    return {"thought": True, "thoughtSignature": sealed("redacted", data)}


def grounding_of(citations: Sequence[Json]) -> Json:
    """Return sources of an answer as chunks of its grounding; those without a URL are none that Gemini knows."""
    known = [one for one in citations if isinstance(one.get("url"), str)]
    return {"groundingChunks": [{"web": {"uri": one["url"], "title": one.get("title") or ""}} for one in known]}


def logprobs_of(logprobs: Json) -> Json:
    """Return log probabilities, which the form has as OpenAI does."""
    tokens = [token for token in logprobs.get("content") or () if isinstance(token, dict)]
    tops = [{"candidates": [_token(top) for top in token.get("top_logprobs") or ()]} for token in tokens]
    return {"chosenCandidates": [_token(token) for token in tokens], "topCandidates": tops}


def _token(token: Json) -> Json:
    return {"token": token.get("token"), "logProbability": token.get("logprob")}


def _candidate(choice: Choice) -> Json:
    parts = [part for block in choice.blocks for part in _parts(block)]
    told: Json = {"content": {"role": "model", **({"parts": parts} if parts else {})}, "index": choice.index}
    told["finishReason"] = FINISHES[choice.finish]
    grounding = _grounding(choice.blocks, parts)
    if grounding["groundingChunks"]:
        told["groundingMetadata"] = grounding
    if choice.logprobs:
        told["logprobsResult"] = logprobs_of(choice.logprobs)
    return told


def _parts(block: Block) -> Iterator[Json]:
    if isinstance(block, Text | Refusal):
        if block.text:
            yield {"text": block.text}
    elif isinstance(block, Thinking):
        yield thought_part(block.text, block.signature) if block.redacted is None else redacted_part(block.redacted)
    elif isinstance(block, ToolCall):
        yield call_part(block.id, block.name, block.arguments, block.signature)
    elif isinstance(block, Foreign) and block.dialect == "gemini":
        yield block.value


def _grounding(blocks: Sequence[Block], parts: Sequence[Json]) -> Json:
    """Return the sources of all texts, and which text each is of. Places count bytes of the text in its part."""
    cited = [block for block in blocks if isinstance(block, Text) and block.citations]
    found = grounding_of([one for block in cited for one in block.citations])
    supports: list[Json] = []
    first = 0
    for block in cited:
        count = len(grounding_of(block.citations)["groundingChunks"])
        if block.text and count:
            place = next(index for index, part in enumerate(parts) if part == {"text": block.text})
            end = len(block.text.encode("utf-8", "surrogatepass"))
            segment = {"partIndex": place, "startIndex": 0, "endIndex": end, "text": block.text}
            supports.append({"segment": segment, "groundingChunkIndices": list(range(first, first + count))})
        first += count
    return {**found, "groundingSupports": supports}
