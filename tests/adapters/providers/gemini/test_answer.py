"""Whole answers, read into the form."""

import msgspec
import pytest
from google.genai import types

from sluicegate.adapters.providers.gemini.answer import AnswerReader
from sluicegate.adapters.providers.gemini.errors import GoogleErrors
from sluicegate.adapters.providers.gemini.tables import BROKEN, FINISHES
from sluicegate.adapters.providers.secrets import Secrets
from sluicegate.pipeline.config.sections import HttpProviderSettings
from sluicegate.pipeline.errors import GatewayError, InvalidRequest, UpstreamBusy, UpstreamError
from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.blocks import Text, Thinking, ToolCall
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage

JSON = UpstreamHead(200, {"content-type": "application/json; charset=UTF-8"})
ERRORS = GoogleErrors("google", Secrets(HttpProviderSettings(type="gemini")))
FULL = {
    "responseId": "r1",
    "modelVersion": "gemini-x",
    "candidates": [
        {
            "index": 0,
            "finishReason": "STOP",
            "content": {
                "role": "model",
                "parts": [
                    {"text": "plan", "thought": True},
                    {"text": "Hi"},
                    {"functionCall": {"name": "get", "args": {"c": "Oslo"}}, "thoughtSignature": "c2ln"},
                ],
            },
            "groundingMetadata": {
                "groundingChunks": [{"web": {"uri": "https://e.test", "title": "E"}}],
                "groundingSupports": [
                    {"segment": {"startIndex": 0, "endIndex": 2, "text": "Hi"}, "groundingChunkIndices": [0]}
                ],
            },
            "safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"}],
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 10,
        "candidatesTokenCount": 4,
        "thoughtsTokenCount": 6,
        "cachedContentTokenCount": 2,
        "totalTokenCount": 20,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 10}],
    },
}


def read(body: object) -> Answer:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return AnswerReader(ERRORS).read(JSON, data)


def candidate(*parts: dict, **fields: object) -> dict:
    """An answer with one candidate."""
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP", **fields}]}


def test_everything_of_an_answer_is_read():
    types.GenerateContentResponse.model_validate(FULL)
    answer = read(FULL)
    assert (answer.id, answer.model) == ("r1", "gemini-x")
    assert answer.usage == Usage(input=10, output=10, cached=2, reasoning=6)
    (choice,) = answer.choices
    assert choice.finish == "tool_calls"
    assert choice.blocks == (
        Thinking("plan"),
        Text("Hi", citations=({"url": "https://e.test", "title": "E"},)),
        ToolCall("call_r1_0_0", "get", '{"c":"Oslo"}', "c2ln"),
    )


def test_arguments_keep_the_models_spelling():
    args = b'{"n":1.50e3,"s":"\\u00e9"}'
    call = (
        read(b'{"candidates":[{"content":{"parts":[{"functionCall":{"id":"x","name":"f","args":%b}}]}}]}' % args)
        .choices[0]
        .blocks[0]
    )
    assert call == ToolCall("x", "f", '{"n":1.50e3,"s":"\\u00e9"}')


def test_arguments_over_several_lines_become_one():
    body = b'{"candidates":[{"content":{"parts":[{"functionCall":{"id":"x","name":"f","args":{\n  "n": 1.0\n}}}]}}]}'
    assert read(body).choices[0].blocks[0] == ToolCall("x", "f", '{"n":1.0}')


@pytest.mark.parametrize("args", [{}, {"args": None}, {"args": {}}])
def test_call_without_arguments_has_an_empty_object(args):
    assert read(candidate({"functionCall": {"name": "f", "id": "1", **args}})).choices[0].blocks == (
        ToolCall("1", "f", "{}"),
    )


def test_calls_without_ids_get_different_ones():
    call = {"functionCall": {"name": "f"}}
    blocks = read({**candidate(call, call), "responseId": "a/b c"}).choices[0].blocks
    assert [block.id for block in blocks if isinstance(block, ToolCall)] == ["call_abc_0_0", "call_abc_0_1"]


def test_calls_of_answers_without_ids_are_told_apart_too():
    answers = [read(candidate({"functionCall": {"name": "f"}}, {"functionCall": {"name": "g"}})) for _ in range(2)]
    ids = [block.id for answer in answers for block in answer.choices[0].blocks if isinstance(block, ToolCall)]
    assert len(set(ids)) == 4
    assert all(id_.startswith("call_") and len(id_) < 40 for id_ in ids)


@pytest.mark.parametrize("reason", sorted(FINISHES))
def test_known_reasons_to_finish(reason):
    assert read(candidate({"text": "x"}, finishReason=reason)).choices[0].finish == FINISHES[reason]


def test_every_reason_of_googles_package_is_known():
    assert {reason.value for reason in types.FinishReason} <= FINISHES.keys() | BROKEN


@pytest.mark.parametrize("reason", [*sorted(BROKEN), "SOMETHING_NEW"])
def test_model_that_failed_is_an_error_only_if_it_wrote_nothing(reason):
    assert read(candidate({"text": "x"}, finishReason=reason)).choices[0].finish == "stop"
    for empty in (candidate(finishReason=reason), {"candidates": [{"finishReason": reason}]}):
        with pytest.raises(UpstreamError, match=f"google.*{reason}") as caught:
            read(empty)
        assert caught.value.retryable


@pytest.mark.parametrize("content", [{}, {"content": None}, {"content": {"role": "model"}}])
def test_answer_that_ended_in_thought_is_empty(content):
    (choice,) = read({"candidates": [{"finishReason": "MAX_TOKENS", **content}]}).choices
    assert (choice.blocks, choice.finish) == ((), "length")


def test_blocked_prompt_is_the_callers():
    with pytest.raises(InvalidRequest, match="blocked the prompt: PROHIBITED_CONTENT") as caught:
        read({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 4}})
    assert (caught.value.code, caught.value.moves_on) == ("content_filter", False)


def test_images_and_code_are_shown_as_markdown():
    (choice,) = read(
        candidate(
            {"text": "See"},
            {"inlineData": {"mimeType": "image/png", "data": "iVBO"}},
            {"executableCode": {"language": "PYTHON", "code": "1+1"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}},
        )
    ).choices
    shown = "See![image/png](data:image/png;base64,iVBO)\n```python\n1+1\n```\n\n```\n2\n```\n"
    assert choice.blocks == (Text(shown),)


def test_citations_count_bytes_and_ours_stand_at_their_stretch():
    text = "Grüße. Aus Köln. Ende."
    first, second = "Grüße.".encode(), text[: text.index(" Ende")].encode()
    chunks = [
        {"web": {"uri": "https://a.test", "title": "A"}},
        {"retrievedContext": {"uri": "gs://b", "title": "B"}},
        {},
    ]
    supports = [
        {"segment": {"startIndex": len(first) + 1, "endIndex": len(second)}, "groundingChunkIndices": [1, 2, 9]},
        {"segment": {"endIndex": len(first)}, "groundingChunkIndices": [0]},
    ]
    grounded = {"groundingMetadata": {"groundingChunks": chunks, "groundingSupports": supports}}
    (choice,) = read(candidate({"text": text}, **grounded)).choices
    assert choice.blocks == (
        Text("Grüße.", citations=({"url": "https://a.test", "title": "A"},)),
        Text(" "),
        Text("Aus Köln.", citations=({"url": "gs://b", "title": "B"},)),
        Text(" Ende."),
    )


@pytest.mark.parametrize("segment", [None, {}, {"endIndex": 99}, {"startIndex": 2, "endIndex": 1}, {"endIndex": "x"}])
def test_citation_of_no_stretch_is_of_the_whole(segment):
    chunks = [{"web": {"uri": "https://a.test"}}]
    grounded = {"groundingChunks": chunks, "groundingSupports": [{"segment": segment, "groundingChunkIndices": [0]}]}
    (choice,) = read(candidate({"text": "abc"}, groundingMetadata=grounded)).choices
    assert choice.blocks == (Text("abc", citations=({"url": "https://a.test", "title": ""},)),)


def test_logprobs_are_as_openai_has_them():
    result = {
        "chosenCandidates": [{"token": "é", "logProbability": -0.5}],
        "topCandidates": [
            {"candidates": [{"token": "é", "logProbability": -0.5}, {"token": "e", "logProbability": -2}]}
        ],
    }
    logprobs = read(candidate({"text": "é"}, logprobsResult=result)).choices[0].logprobs
    e_acute = {"token": "é", "logprob": -0.5, "bytes": [195, 169]}
    tops = [e_acute, {"token": "e", "logprob": -2.0, "bytes": [101]}]
    assert logprobs == {"content": [{**e_acute, "top_logprobs": tops}], "refusal": None}


@pytest.mark.parametrize(
    ("found", "usage"),
    [
        ({"promptTokenCount": 3, "toolUsePromptTokenCount": 2}, Usage(input=5)),
        (
            {
                "promptTokenCount": 100,
                "candidatesTokenCount": 20,
                "cachedContentTokenCount": 30,
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 30},
                    {"modality": "AUDIO", "tokenCount": 40},
                    {"modality": "IMAGE", "tokenCount": 20},
                    {"modality": "DOCUMENT", "tokenCount": 10},
                ],
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 12}, {"modality": "IMAGE", "tokenCount": 3}],
                "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 15}],
            },
            Usage(
                *(100, 20),
                cached=30,
                audio_input=40,
                audio_cached=12,
                audio_output=15,
                image_input=30,
                image_cached=3,
            ),
        ),
        (
            {
                "promptTokenCount": 3,
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 9}, None, {"modality": 1}],
            },
            Usage(input=3, audio_input=3),
        ),
        ({"promptTokenCount": 3, "promptTokensDetails": {"AUDIO": 3}}, Usage(input=3)),
        ({"promptTokenCount": 3.0, "candidatesTokenCount": "7"}, Usage(input=3)),
        ({"promptTokenCount": 10**30, "candidatesTokenCount": -5}, None),
        ({"promptTokenCount": 3, "cachedContentTokenCount": 9}, Usage(input=3, cached=3)),
        ({"trafficType": "ON_DEMAND"}, None),
        ([], None),
        (None, None),
    ],
)
def test_usage_that_makes_no_sense_is_none(found, usage):
    assert read({**candidate({"text": "x"}), "usageMetadata": found}).usage == usage


@pytest.mark.parametrize(
    "body",
    [
        candidate({"functionCall": {"args": {}}}),
        candidate({"functionCall": {"name": "f", "args": "x"}}),
        candidate({"functionCall": {"name": "f", "args": [1]}}),
        candidate({"functionCall": {"name": "f", "id": "1"}}, {"functionCall": {"name": "g", "id": "1"}}),
        candidate({"text": 5}),
        {"candidates": []},
        {"candidates": "x"},
        {"usageMetadata": {"promptTokenCount": 1}},
    ],
)
def test_nonsense_is_an_upstream_error_that_names_the_provider(body):
    with pytest.raises(UpstreamError, match=r"the answer of provider 'google' (has|is)") as caught:
        read(body)
    assert caught.value.moves_on


def test_error_with_a_successful_status_is_that_error():
    error = {"error": {"code": 429, "message": "Quota", "status": "RESOURCE_EXHAUSTED"}}
    with pytest.raises(UpstreamBusy):
        read(error)
    with pytest.raises(GatewayError, match="Quota"):
        read(error)
