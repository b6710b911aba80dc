import msgspec
from google.genai import types

from sluicegate.adapters.dialects.gemini import DIALECT
from sluicegate.pipeline.form.answer import Answer, Choice
from sluicegate.pipeline.form.blocks import Block, Foreign, Refusal, Text, Thinking, ToolCall
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.events import Begin, CallBegin, CallPart, Cited, End, TextPart
from sluicegate.pipeline.reply import Usage

CHAT = Chat(dialect="gemini", model="asked")
SOURCE = {"url": "https://e.test", "title": "E"}
LOGPROBS = {"content": [{"token": "a", "logprob": -0.5, "top_logprobs": [{"token": "b", "logprob": -1.0}]}]}


def told(*blocks: Block, **more) -> dict:
    body = DIALECT.whole(CHAT, Answer(choices=(Choice(blocks, **more),), usage=Usage(9, 5, cached=4, reasoning=2)))
    types.GenerateContentResponse.model_validate_json(body)
    return msgspec.json.decode(body)


def test_answer_has_parts_reason_and_tokens():
    code = {"executableCode": {"language": "PYTHON", "code": "1"}}
    found = told(Text("Hi"), Refusal("no"), Foreign("gemini", code), Foreign("anthropic", {}), finish="content_filter")
    (candidate,) = found["candidates"]
    assert candidate["content"] == {"role": "model", "parts": [{"text": "Hi"}, {"text": "no"}, code]}
    assert (candidate["finishReason"], found["modelVersion"]) == ("SAFETY", "asked")
    assert found["usageMetadata"] == {
        "promptTokenCount": 9,
        "candidatesTokenCount": 3,
        "totalTokenCount": 14,
        "cachedContentTokenCount": 4,
        "thoughtsTokenCount": 2,
    }


def test_arguments_keep_their_spelling_and_what_is_no_object_is_told_inside_one():
    answer = Answer(choices=(Choice((ToolCall("t", "n", '{"a": 1.50}'), ToolCall("u", "n", "{")), "tool_calls"),))
    body = DIALECT.whole(CHAT, answer)
    assert b'"args":{"a": 1.50}' in body
    assert b'"args":{"INVALID_JSON":"{"}' in body


def test_sources_are_grounding_of_the_part_that_they_are_of():
    thought, text = Thinking("é", "s"), Text("é", citations=(SOURCE, {"title": "nowhere"}))
    (candidate,) = told(thought, Text("a"), text)["candidates"]
    segment = {"partIndex": 2, "startIndex": 0, "endIndex": 2, "text": "é"}
    assert candidate["groundingMetadata"] == {
        "groundingChunks": [{"web": {"uri": "https://e.test", "title": "E"}}],
        "groundingSupports": [{"segment": segment, "groundingChunkIndices": [0]}],
    }


def test_log_probabilities_are_told_in_googles_words():
    assert told(Text("a"), logprobs=LOGPROBS)["candidates"][0]["logprobsResult"] == {
        "chosenCandidates": [{"token": "a", "logProbability": -0.5}],
        "topCandidates": [{"candidates": [{"token": "b", "logProbability": -1.0}]}],
    }


def test_stream_tells_each_choice_and_its_sources_at_the_end():
    writer = DIALECT.writer(CHAT)
    events = [
        Begin("r", "m"),
        TextPart("a", logprobs=LOGPROBS),
        TextPart("b", 1),
        CallBegin(0, "c", "f", choice=1),
        CallPart(0, "{", 1),
        Cited(SOURCE),
        CallPart(0, "}", 1),
        End("length"),
        End("tool_calls", 1),
    ]
    frames = [msgspec.json.decode(chunk.data) for chunk in writer.write(events) + writer.end()]
    for frame in frames:
        types.GenerateContentResponse.model_validate(frame)
    parts = [(one["index"], one["content"].get("parts")) for frame in frames for one in frame["candidates"]]
    call = {"functionCall": {"name": "f", "args": {}, "id": "c"}}
    assert parts == [(0, [{"text": "a"}]), (1, [{"text": "b"}]), (1, [call]), (0, None), (1, None)]
    first, second = frames[-1]["candidates"]
    assert first["groundingMetadata"]["groundingChunks"][0]["web"]["uri"] == "https://e.test"
    assert (first["finishReason"], second["finishReason"]) == ("MAX_TOKENS", "STOP")
    assert frames[-1]["usageMetadata"]["candidatesTokenCount"] == 3
    assert "logprobsResult" in frames[0]["candidates"][0]
