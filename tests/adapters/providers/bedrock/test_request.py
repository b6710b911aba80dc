"""Chats in Converse's words; botocore checks each body and writes it itself."""

import msgspec
import pytest

from sluicegate.adapters.providers.bedrock.blocks import EMPTY
from sluicegate.adapters.providers.bedrock.turns import LOOK
from sluicegate.pipeline.errors import InvalidRequest, NotFound
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.form.blocks import File, Text, Turn
from sluicegate.pipeline.form.chat import Chat, Format
from sluicegate.pipeline.form.sides import Dropped
from tests.adapters.dialects.anthropic.asking import read as read_anthropic
from tests.adapters.providers.bedrock.asking import (
    CALLED,
    LLAMA,
    NOVA,
    TARGET,
    TOOL,
    USER,
    asked,
    bedrock,
    check,
    written,
)
from tests.conformance.provider_sample import ask

PIXEL = "iVBORw0="
PICTURE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}


@pytest.mark.parametrize("stream", [False, True])
def test_address_is_where_botocore_sends_it(stream):
    model = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-x-v1:0"
    request = bedrock(region="eu-central-1").encode(ask(stream=stream), Target("aws", model))
    path = check(msgspec.json.decode(request.body), model)
    root = "https://bedrock-runtime.eu-central-1.amazonaws.com"
    assert request.url == root + (path + "-stream" if stream else path)
    assert dict(request.headers)["authorization"].startswith("Bearer bedrock-api-key")
    assert dict(request.headers)["accept"] == ("application/vnd.amazon.eventstream" if stream else "application/json")


def test_base_url_stands_for_the_host_and_china_has_its_own():
    assert bedrock(base_url="http://127.0.0.1:9/aws/").encode(ask(), Target("aws", "m")).url == (
        "http://127.0.0.1:9/aws/model/m/converse"
    )
    url = bedrock(region="cn-north-1").encode(ask(), Target("aws", "m")).url
    assert url.startswith("https://bedrock-runtime.cn-north-1.amazonaws.com.cn/")


@pytest.mark.parametrize("model", ["", "..", "a b", "a?b", "a#b", "a%2fb", "é", "a\nb"])
def test_name_that_leads_elsewhere_is_no_model(model):
    with pytest.raises(NotFound):
        bedrock().encode(ask(), Target("aws", model))


def test_instructions_stand_apart_and_later_ones_in_a_users_turn():
    body = asked(
        {"role": "system", "content": "A"},
        {"role": "developer", "content": "B"},
        USER,
        {"role": "system", "content": "C"},
    )
    assert body["system"] == [{"text": "A"}, {"text": "B"}]
    assert body["messages"][0]["content"] == [{"text": "Hello"}, {"text": "<system>\nC\n</system>"}]


def test_instructions_alone_are_what_is_asked():
    body = asked({"role": "system", "content": "A"})
    assert body == {"messages": [{"role": "user", "content": [{"text": "A"}]}]}
    with pytest.raises(InvalidRequest, match="no text"):
        asked({"role": "user", "content": " "})


def test_turns_of_one_side_are_one_and_a_user_begins():
    body = asked({"role": "assistant", "content": "A"}, USER, {"role": "user", "content": "B"})
    assert [one["role"] for one in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][2]["content"] == [{"text": "Hello"}, {"text": "B"}]


def test_image_and_sound_and_files_keep_their_bytes():
    content = [
        {
            "type": "file",
            "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "Q3 (final)_v2.pdf"},
        },
        {"type": "file", "file": {"file_data": "data:text/markdown;base64,IyBI", "filename": "Q3 (final) v2.md"}},
        PICTURE,
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
    ]
    said = asked({"role": "user", "content": content})["messages"][0]["content"]
    assert said[0]["document"] == {"format": "pdf", "name": "Q3 (final) v2", "source": {"bytes": "JVBERi0="}}
    assert said[1]["document"] == {"format": "md", "name": "Q3 (final) v2 2", "source": {"bytes": "IyBI"}}
    assert said[2]["image"] == {"format": "png", "source": {"bytes": PIXEL}}
    assert said[3]["audio"] == {"format": "wav", "source": {"bytes": "UklGRg=="}}
    assert said[4] == {"text": LOOK}


def test_documents_of_anthropics_callers_are_told():
    texts = {"type": "text", "media_type": "text/plain", "data": "Grüße"}
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    documents = [
        {"type": "document", "source": texts, "title": "A/B?"},
        {"type": "document", "source": pdf, "cache_control": {"type": "ephemeral"}},
        {"type": "document", "source": {"type": "url", "url": "s3://bucket-a/q.xlsx"}},
    ]
    said = written(read_anthropic({"role": "user", "content": documents}))[0]["messages"][0]["content"]
    assert said[0]["document"] == {"format": "txt", "name": "A B", "source": {"bytes": "R3LDvMOfZQ=="}}
    assert said[1]["document"] == {"format": "pdf", "name": "document", "source": {"bytes": "JVBERi0="}}
    assert said[2] == {"cachePoint": {"type": "default"}}
    source = {"s3Location": {"uri": "s3://bucket-a/q.xlsx"}}
    assert said[3]["document"] == {"format": "xlsx", "name": "document 2", "source": source}
    assert said[4] == {"text": LOOK}
    with pytest.raises(InvalidRequest, match=r"file\.url"):
        written(
            read_anthropic(
                {
                    "role": "user",
                    "content": [{**documents[2], "source": {"type": "url", "url": "https://x.test/q.pdf"}}],
                }
            )
        )


def test_objects_in_s3_are_named():
    content = [{"type": "image_url", "image_url": {"url": "s3://bucket-a/cat.JPG"}}, {"type": "text", "text": "?"}]
    image = asked({"role": "user", "content": content}, model=NOVA)["messages"][0]["content"][0]["image"]
    assert image == {"format": "jpeg", "source": {"s3Location": {"uri": "s3://bucket-a/cat.JPG"}}}


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://example.test/a.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/tiff;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file": {"file_data": "data:application/zip;base64,AAAA", "filename": "a.zip"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "amr"}},
    ],
)
def test_part_that_cannot_be_told_is_refused(part):
    with pytest.raises(InvalidRequest):
        asked({"role": "user", "content": [part]})


def test_calls_and_results_have_their_places():
    body = asked(*CALLED, USER, tools=[TOOL])
    assert body["messages"][1]["content"] == [{"toolUse": {"toolUseId": "c1", "name": "get", "input": {"c": 1.0}}}]
    assert body["messages"][2]["content"] == [
        {"toolResult": {"toolUseId": "c1", "content": [{"text": "4C"}]}},
        {"text": "Hello"},
    ]
    (tool,) = body["toolConfig"]["tools"]
    assert tool == {"toolSpec": {"name": "get", "description": "d", "inputSchema": {"json": {"type": "object"}}}}
    assert "toolChoice" not in body["toolConfig"]


def test_results_with_images_and_failures_of_anthropics_callers():
    results = [
        {"type": "text", "text": "and?"},
        {
            "type": "tool_result",
            "tool_use_id": "toolu_1",
            "is_error": True,
            "content": [
                {"type": "text", "text": "see"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
            ],
        },
        {"type": "tool_result", "tool_use_id": "toolu_2", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
    ]
    uses = [{"type": "tool_use", "id": f"toolu_{n}", "name": "get", "input": {}} for n in (1, 2)]
    chat = read_anthropic(USER, {"role": "assistant", "content": uses}, {"role": "user", "content": results})
    body, dropped = written(chat)
    first, second, point, text = body["messages"][2]["content"]
    assert first["toolResult"]["status"] == "error"
    assert first["toolResult"]["content"][1] == {"image": {"format": "png", "source": {"bytes": PIXEL}}}
    assert second["toolResult"]["content"] == [{"text": EMPTY}]
    assert point == {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert text == {"text": "and?"}
    assert dropped == []
    assert written(chat, LLAMA)[1] == ["messages.is_error", "cache_control"]


def test_marks_stand_behind_what_they_mark():
    mark = {"type": "ephemeral"}
    tool = {"name": "get", "input_schema": {"type": "object"}, "cache_control": mark}
    system = [{"type": "text", "text": "S", "cache_control": {"type": "ephemeral", "ttl": "5m"}}]
    talk = {"role": "user", "content": [{"type": "text", "text": "U", "cache_control": mark}]}
    body, dropped = written(read_anthropic(talk, system=system, tools=[tool]))
    point = {"cachePoint": {"type": "default"}}
    assert body["system"] == [{"text": "S"}, point]
    assert body["messages"][0]["content"] == [{"text": "U"}, point]
    assert body["toolConfig"]["tools"][1] == point
    assert dropped == []
    body, dropped = written(read_anthropic(talk, system=system, tools=[tool]), NOVA)
    assert len(body["toolConfig"]["tools"]) == 1
    assert body["system"][1] == point
    assert dropped == ["cache_control"]


def test_last_four_marks_stay():
    parts = [{"type": "text", "text": str(n), "cache_control": {"type": "ephemeral"}} for n in range(6)]
    body, dropped = written(read_anthropic({"role": "user", "content": parts}))
    kinds = [next(iter(fields)) for fields in body["messages"][0]["content"]]
    assert kinds == ["text", "text"] + ["text", "cachePoint"] * 4
    assert dropped == ["cache_control"]


def test_thoughts_of_anthropics_callers_go_back_with_their_proof():
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "AAEC"},
        {"type": "redacted_thinking", "data": "not base64!"},
        {"type": "thinking", "thinking": "mine", "signature": ""},
        {"type": "text", "text": "Hi"},
    ]
    chat = read_anthropic(USER, {"role": "assistant", "content": blocks}, USER)
    assert written(chat)[0]["messages"][1]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "AAEC"}},
        {"text": "Hi"},
    ]
    assert written(chat, LLAMA)[0]["messages"][1]["content"] == [{"text": "Hi"}]


def test_half_a_character_and_a_schema_without_an_end_are_the_callers_fault():
    half = File(text="\ud800", media_type="text/plain")
    endless: dict = {}
    endless["properties"] = {"a": endless}
    for chat in (
        Chat(dialect="openai", model="m", turns=(Turn("user", (half,)),)),
        Chat(dialect="openai", model="m", turns=(Turn("user", (Text("\ud800"),)),)),
        Chat(dialect="openai", model="m", turns=(Turn("user", (Text("x"),)),), format=Format("schema", schema=endless)),
    ):
        with pytest.raises(InvalidRequest, match="cannot be written"):
            bedrock().ask(chat, TARGET, Dropped("aws", strict=False))


def test_document_without_a_word_is_refused():
    chat = Chat(dialect="anthropic", model="m", turns=(Turn("user", (File(text="", media_type="text/plain"),)),))
    with pytest.raises(InvalidRequest, match="holds nothing"):
        bedrock().ask(chat, TARGET, Dropped("aws", strict=False))
