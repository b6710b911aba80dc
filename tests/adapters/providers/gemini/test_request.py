"""Chats as Gemini's API wants them. Each body is checked by the types of Google's package on the way."""

import msgspec
import pytest

from sluicegate.adapters.providers.gemini.request import body_of
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import File, Foreign, Image, Text, Thinking, ToolCall, ToolResult, Turn
from sluicegate.pipeline.form.chat import Chat, Reasoning, Tool, ToolChoice
from sluicegate.pipeline.form.sides import Dropped
from tests.adapters.dialects.openai.asking import read
from tests.adapters.providers.gemini.asking import TOOL, asked, written

PNG = "data:image/png;base64,iVBORw0K"
CALL = {"id": "c1", "type": "function", "function": {"name": "get", "arguments": '{"c": 1.50}'}}


def user(*blocks) -> Chat:
    return Chat(dialect="openai", model="m", turns=(Turn("user", blocks),))


def test_plain_question_is_one_content_and_nothing_else():
    assert asked() == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


def test_all_instructions_are_one_wherever_they_stand():
    body = asked(
        {"role": "system", "content": "Be brief"},
        {"role": "user", "content": "Hi"},
        {"role": "developer", "content": "Be kind"},
        {"role": "user", "content": "there"},
    )
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief"}, {"text": "Be kind"}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "Hi"}, {"text": "there"}]}]


@pytest.mark.parametrize("messages", [[{"role": "system", "content": "x"}], [{"role": "assistant", "content": "x"}]])
def test_conversation_begins_with_the_user(messages):
    assert asked(*messages)["contents"][0] == {"role": "user", "parts": [{"text": " "}]}


def test_images_sounds_and_files_go_inline():
    parts = [
        {"type": "text", "text": "see"},
        {"type": "image_url", "image_url": {"url": PNG}},
        {"type": "input_audio", "input_audio": {"data": "UklG", "format": "mp3"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"}},
    ]
    found = asked({"role": "user", "content": parts})["contents"][0]["parts"]
    assert found == [
        {"text": "see"},
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw0K"}},
        {"inlineData": {"mimeType": "audio/mp3", "data": "UklG"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBE"}},
    ]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (Image(url="https://a.example/x.webp"), {"mimeType": "image/webp", "fileUri": "https://a.example/x.webp"}),
        (Image(url="gs://b/x"), {"mimeType": "image/jpeg", "fileUri": "gs://b/x"}),
        (File(url="https://a.example/d"), {"mimeType": "application/pdf", "fileUri": "https://a.example/d"}),
        (File(url="https://youtu.be/x"), {"fileUri": "https://youtu.be/x"}),
        (File(file_id="files/abc"), {"fileUri": "https://g.example/v1/files/abc"}),
    ],
)
def test_what_is_elsewhere_is_named_by_its_uri(block, part):
    body, _ = written(user(block), files_url="https://g.example/v1/")
    assert body["contents"][0]["parts"] == [{"fileData": part}]


def test_document_of_text_is_text():
    assert written(user(File(text="abc")))[0]["contents"][0]["parts"] == [{"text": "abc"}]


@pytest.mark.parametrize("block", [File(file_id="file-abc"), Foreign("openai", {"type": "video"})])
def test_what_cannot_be_told_is_refused(block):
    with pytest.raises(InvalidRequest, match="provider 'google' has no") as caught:
        written(user(block))
    assert caught.value.code == "unsupported_parameter"


def test_calls_and_results_keep_their_ids_names_and_numbers():
    body = asked(
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "4C"},
        tools=[TOOL],
    )
    assert body["contents"][1:] == [
        {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "get", "args": {"c": 1.5}}}]},
        {
            "role": "user",
            "parts": [{"functionResponse": {"id": "c1", "name": "get", "response": {"result": "4C"}}}],
        },
    ]


def test_arguments_keep_the_spelling_of_their_values():
    chat = read({"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [CALL]})
    assert b'"args":{"c":1.50}' in msgspec.json.encode(body_of(chat, "m", Dropped("google", strict=False)))


@pytest.mark.parametrize(
    ("blocks", "failed", "response"),
    [
        ((Text('{"t": 4}'),), False, {"t": 4}),
        ((Text("[4]"),), False, {"result": "[4]"}),
        ((Text("{no"),), False, {"result": "{no"}),
        ((Text("a"), Text("b")), False, {"result": "a\nb"}),
        ((), False, {"result": ""}),
        ((Text("no such city"),), True, {"error": "no such city"}),
    ],
)
def test_result_is_an_object(blocks, failed, response):
    call = Turn("assistant", (ToolCall("1", "get"),))
    result = Turn("user", (ToolResult("1", blocks, failed=failed),))
    contents = written(Chat(dialect="openai", model="m", turns=(call, result)))[0]["contents"]
    assert contents[-1]["parts"][0]["functionResponse"]["response"] == response


def test_results_come_first_in_the_order_of_their_calls():
    calls = Turn("assistant", (ToolCall("a", "f"), ToolCall("b", "g")))
    later = (
        Turn("user", (ToolResult("b", (Text("2"), Image(data="eA==", media_type="image/png"))), Text("now?"))),
        Turn("user", (ToolResult("a", (Text("1"),)),)),
    )
    body, _ = written(Chat(dialect="openai", model="m", turns=(calls, *later)), ids=False)
    parts = body["contents"][-1]["parts"]
    assert [part["functionResponse"]["name"] for part in parts[:2]] == ["f", "g"]
    assert [next(iter(part)) for part in parts[2:]] == ["inlineData", "text"]
    assert "id" not in parts[0]["functionResponse"]
    assert "id" not in body["contents"][1]["parts"][0]["functionCall"]


def test_result_without_a_call_is_refused():
    with pytest.raises(InvalidRequest, match="answers no call"):
        written(user(ToolResult("x", (Text("4"),))))


def test_arguments_that_are_no_object_are_refused():
    chat = Chat(dialect="openai", model="m", turns=(Turn("assistant", (ToolCall("1", "f", '{},"x":1'),)),))
    with pytest.raises(InvalidRequest, match="no JSON object"):
        written(chat)


@pytest.mark.parametrize(
    ("model", "first", "second"),
    [
        ("gemini-3-pro-preview", "skip_thought_signature_validator", None),
        ("gemini-flash-latest", "skip_thought_signature_validator", None),
        ("gemini-2.5-pro", None, None),
    ],
)
def test_first_call_of_another_models_is_marked_where_signatures_are_wanted(model, first, second):
    turn = Turn("assistant", (ToolCall("1", "f"), ToolCall("2", "f")))
    parts = written(Chat(dialect="openai", model="m", turns=(turn,)), model)[0]["contents"][-1]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == [first, second]


def test_signature_of_a_call_goes_back_with_it():
    signed = CALL | {"extra_content": {"google": {"thought_signature": "c2ln"}}}
    body = asked({"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [signed]}, model="gemini-3-pro")
    assert body["contents"][1]["parts"][0]["thoughtSignature"] == "c2ln"


def test_thoughts_of_whichever_model_stay_behind():
    turn = Turn("assistant", (Thinking("hm", signature="of-another"), Text("Yes")))
    contents = written(Chat(dialect="openai", model="m", turns=(turn,)))[0]["contents"]
    assert contents[-1]["parts"] == [{"text": "Yes"}]


def test_tools_are_declared_with_json_schemas():
    schema = {"$schema": "x", "type": "object", "properties": {"c": {"$ref": "#/$defs/c"}}, "$defs": {"c": {}}}
    tool = {"type": "function", "function": {"name": "get", "description": "d", "parameters": schema}}
    declared = asked(tools=[tool])["tools"][0]["functionDeclarations"]
    kept = {name: value for name, value in schema.items() if name != "$schema"}
    assert declared == [{"name": "get", "description": "d", "parametersJsonSchema": kept}]


def test_older_models_get_the_subset():
    schema = {"type": "object", "properties": {"c": {"type": ["string", "null"]}}, "additionalProperties": False}
    tool = {"type": "function", "function": {"name": "get", "parameters": schema}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    body = asked(tools=[tool], response_format=wanted, model="gemini-1.5-pro")
    subset = {"type": "OBJECT", "properties": {"c": {"type": "STRING", "nullable": True}}}
    assert body["tools"][0]["functionDeclarations"][0]["parameters"] == subset
    assert body["generationConfig"]["responseSchema"] == subset


@pytest.mark.parametrize("parameters", [None, {}, {"type": "object", "properties": {}}])
def test_tool_without_parameters_has_none(parameters):
    chat = Chat(dialect="openai", model="m", tools=(Tool("now", parameters=parameters),))
    assert written(chat)[0]["tools"] == [{"functionDeclarations": [{"name": "now"}]}]


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ({"type": "function", "function": {"name": "get"}}, {"mode": "ANY", "allowedFunctionNames": ["get"]}),
    ],
)
def test_choice_of_tools(choice, config):
    assert asked(tools=[TOOL], tool_choice=choice)["toolConfig"] == {"functionCallingConfig": config}


def test_offer_is_narrowed_to_what_is_allowed():
    tools = (Tool("a"), Tool("b"))
    auto = Chat(dialect="openai", model="m", tools=tools, choice=ToolChoice("auto", allowed=("b",)))
    assert written(auto)[0]["tools"] == [{"functionDeclarations": [{"name": "b"}]}]
    forced = Chat(dialect="openai", model="m", tools=tools, choice=ToolChoice("required", allowed=("b",)))
    body, _ = written(forced)
    assert len(body["tools"][0]["functionDeclarations"]) == 2
    assert body["toolConfig"]["functionCallingConfig"] == {"mode": "ANY", "allowedFunctionNames": ["b"]}


def test_tool_that_is_no_function_is_refused():
    with pytest.raises(InvalidRequest, match="web_search"):
        written(Chat(dialect="anthropic", model="m", tools=(Tool("web_search", native={"type": "web_search"}),)))


def test_sampling_and_limits_have_their_names():
    body = asked(
        max_tokens=100,
        temperature=1,
        top_p=0.9,
        top_k=40,
        frequency_penalty=0.5,
        presence_penalty=-0.5,
        seed=7,
        stop=["END"],
        n=2,
        logprobs=True,
        top_logprobs=3,
        service_tier="flex",
    )
    assert body["generationConfig"] == {
        "maxOutputTokens": 100,
        "temperature": 1,
        "topP": 0.9,
        "topK": 40,
        "frequencyPenalty": 0.5,
        "presencePenalty": -0.5,
        "seed": 7,
        "stopSequences": ["END"],
        "candidateCount": 2,
        "responseLogprobs": True,
        "logprobs": 3,
    }
    assert body["serviceTier"] == "flex"


@pytest.mark.parametrize("seed", [2**31, 2**63 - 1, -(2**63)])
def test_seed_is_made_to_fit(seed):
    assert 0 <= asked(seed=seed)["generationConfig"]["seed"] < 2**31


def test_more_stops_than_the_api_takes_are_refused():
    with pytest.raises(InvalidRequest, match="stop of over 5"):
        written(Chat(dialect="openai", model="m", stop=tuple("abcdef")))


def test_formats_of_the_answer():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    found = asked(response_format=wanted)["generationConfig"]
    assert found == {"responseMimeType": "application/json", "responseJsonSchema": schema}
    found = asked(response_format={"type": "json_object"})["generationConfig"]
    assert found == {"responseMimeType": "application/json"}


@pytest.mark.parametrize(
    ("model", "reasoning", "config"),
    [
        ("gemini-2.5-flash", Reasoning(effort="low"), {"thinkingBudget": 1024}),
        ("gemini-2.5-flash", Reasoning(effort="max"), {"thinkingBudget": 24576}),
        ("gemini-2.5-flash", Reasoning(enabled=False), {"thinkingBudget": 0}),
        ("gemini-2.5-pro", Reasoning(enabled=False), {"thinkingBudget": 128}),
        ("gemini-2.5-flash-lite", Reasoning(budget=100), {"thinkingBudget": 512}),
        ("gemini-2.5-pro", Reasoning(budget=4000, shown=True), {"thinkingBudget": 4000, "includeThoughts": True}),
        ("gemini-2.5-pro", Reasoning(enabled=True), {"thinkingBudget": -1}),
        ("gemini-3-flash-preview", Reasoning(effort="minimal"), {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.1-pro", Reasoning(effort="minimal"), {"thinkingLevel": "LOW"}),
        ("gemini-3-pro", Reasoning(effort="xhigh"), {"thinkingLevel": "HIGH"}),
        ("gemini-3-pro", Reasoning(enabled=False), {"thinkingLevel": "LOW"}),
        ("gemini-3-pro", Reasoning(effort="high", budget=2000), {"thinkingBudget": 2000}),
    ],
)
def test_thinking_is_told_as_the_model_takes_it(model, reasoning, config):
    body, dropped = written(Chat(dialect="openai", model="m", reasoning=reasoning), model)
    assert body["generationConfig"]["thinkingConfig"] == config
    assert dropped == []


@pytest.mark.parametrize("model", ["gemini-2.0-flash", "gemma-3-27b-it", "some-model"])
def test_model_that_does_not_think_is_not_asked_to(model):
    chat = Chat(dialect="openai", model="m", reasoning=Reasoning(enabled=True, effort="low"))
    body, dropped = written(chat, model)
    assert "generationConfig" not in body
    assert dropped == ["reasoning_effort"]


def test_hints_that_the_api_lacks_are_noted():
    chat = read(
        {"role": "user", "name": "Ann", "content": [{"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}]},
        {"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]},
        tools=[TOOL],
        parallel_tool_calls=False,
        logit_bias={"1": 2},
        user="u",
        metadata={"a": "b"},
        service_tier="scale",
        prediction={"type": "content", "content": "x"},
    )
    _, dropped = written(chat)
    assert sorted(dropped) == sorted(
        [
            "name",
            "detail",
            "cache_control",
            "parallel_tool_calls",
            "logit_bias",
            "user",
            "metadata",
            "service_tier",
            "prediction",
        ]
    )
    with pytest.raises(InvalidRequest):
        written(chat, strict=True)


@pytest.mark.parametrize(("metadata", "labels"), [({"team": "a-1"}, {"team": "a-1"}), ({"Team": "a"}, None)])
def test_metadata_are_labels_where_they_can_be(metadata, labels):
    body, dropped = written(Chat(dialect="openai", model="m", metadata=metadata), labels=True)
    assert body.get("labels") == labels
    assert dropped == ([] if labels else ["metadata"])


def test_safety_goes_with_each_request():
    body, _ = written(Chat(dialect="openai", model="m"), safety={"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"})
    assert body["safetySettings"] == [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
