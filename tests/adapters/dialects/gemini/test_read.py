import json

import pytest

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import Audio, File, Foreign, Image, Text, Thinking, ToolCall, ToolResult
from sluicegate.pipeline.form.chat import Format, Reasoning, Tool, ToolChoice
from tests.adapters.dialects.gemini.asking import read, read_body, said


def call(name: str, **more) -> dict:
    return {"functionCall": {"name": name, **more}}


def result(name: str, response: dict, **more) -> dict:
    return {"functionResponse": {"name": name, "response": response, **more}}


def test_everything_documented_is_read():
    chat = read_body(
        b"""{"systemInstruction":{"parts":[{"text":"Be brief"}]},
        "contents":[{"role":"user","parts":[{"text":"weather?"},{"inlineData":{"mimeType":"image/png","data":"iVBORw0K"}}]},
        {"role":"model","parts":[{"functionCall":{"id":"c1","name":"get","args":{"c": "Oslo", "n": 1.50}},
        "thoughtSignature":"c2ln"}]},
        {"role":"user","parts":[{"functionResponse":{"id":"c1","name":"get","response":{"result":"4C"}}}]}],
        "tools":[{"functionDeclarations":[{"name":"get","description":"d","parametersJsonSchema":{"type":"object"}}]}],
        "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["get"]}},
        "generationConfig":{"maxOutputTokens":100,"temperature":1,"topP":0.9,"topK":40.0,"stopSequences":["END"],
        "candidateCount":2,"seed":1,"responseMimeType":"application/json",
        "thinkingConfig":{"includeThoughts":true,"thinkingLevel":"LOW"}}}"""
    )
    assert chat.system == (Text("Be brief"),)
    assert [turn.blocks for turn in chat.turns] == [
        (Text("weather?"), Image(data="iVBORw0K", media_type="image/png")),
        (ToolCall("c1", "get", '{"c": "Oslo", "n": 1.50}', "c2ln"),),
        (ToolResult("c1", (Text("4C"),), "get"),),
    ]
    assert chat.tools == (Tool("get", "d", {"type": "object"}),)
    assert chat.choice == ToolChoice("one", "get")
    assert (chat.max_tokens, chat.temperature, chat.top_p, chat.top_k, chat.seed, chat.n) == (100, 1, 0.9, 40, 1, 2)
    assert (chat.stop, chat.format) == (("END",), Format("json"))
    assert chat.reasoning == Reasoning(effort="low", shown=True)
    assert (chat.model, chat.extra) == ("m", {})


def test_snake_case_and_one_object_for_a_list_mean_the_same():
    chat = read_body(
        json.dumps(
            {
                "system_instruction": {"parts": {"text": "Be brief"}},
                "contents": {"parts": {"inline_data": {"mime_type": "audio/mpeg", "data": "AA=="}}},
                "generation_config": {"max_output_tokens": 3, "thinking_config": {"thinking_budget": 0}},
                "tools": {"function_declarations": [{"name": "f", "parameters": {"properties": {"file_data": {}}}}]},
            }
        ).encode()
    )
    assert chat.system == (Text("Be brief"),)
    assert chat.turns[0].blocks == (Audio("AA==", "mp3"),)
    assert (chat.max_tokens, chat.reasoning) == (3, Reasoning(enabled=False))
    assert chat.tools[0].parameters == {"properties": {"file_data": {}}}


def test_calls_without_ids_are_answered_in_order_by_name():
    chat = read(
        said({"text": "?"}),
        said(call("f"), call("g"), call("f", id="call_1"), call("f"), role="model"),
        said(result("f", {}), result("f", {}), result("g", {}), result("f", {}, id="call_1")),
    )
    calls, results = chat.turns[1].blocks, chat.turns[2].blocks
    assert [block.id for block in calls] == ["call_2", "call_3", "call_1", "call_4"]
    assert [block.id for block in results] == ["call_2", "call_4", "call_3", "call_1"]


def test_result_that_answers_nothing_is_refused_with_its_place():
    with pytest.raises(InvalidRequest) as caught:
        read(said(result("f", {})))
    assert caught.value.param == "contents[0].parts[0].functionResponse"


@pytest.mark.parametrize(
    ("response", "text", "failed"),
    [
        ({"result": "4 C"}, "4 C", False),
        ({"output": {"a": 1}}, '{"a":1}', False),
        ({"error": "no"}, "no", True),
        ({"error": "no", "code": 1}, '{"error":"no","code":1}', False),
        ({}, "{}", False),
    ],
)
def test_response_is_read_by_convention(response, text, failed):
    content = [said({"text": "?"}), said(call("f", id="a"), role="model")]
    body = json.dumps({"contents": [*content, said(result("f", response, id="a"))]}, separators=(",", ":"))
    assert read_body(body.encode()).turns[2].blocks == (ToolResult("a", (Text(text),), "f", failed),)


def test_pieces_of_a_stream_sent_back_are_one_turn():
    chat = read(
        said({"text": "?"}),
        said({"text": "which ", "thought": True}, role="model"),
        said({"text": "city", "thought": True, "thoughtSignature": "c2ln"}, role="model"),
        said({"text": "He"}, role="model"),
        said({"text": "llo"}, role="model"),
    )
    assert chat.turns[1].blocks == (Thinking("which city", "c2ln"), Text("Hello"))


def test_media_are_images_sounds_files_or_foreign():
    def one(part):
        return read(said(part)).turns[0].blocks[0]

    pdf = {"mimeType": "application/pdf", "data": "AA==", "displayName": "a.pdf"}
    assert one({"inlineData": pdf}) == File(data="AA==", media_type="application/pdf", name="a.pdf")
    image = {"fileUri": "https://x.test/a.png", "mimeType": "image/png"}
    assert one({"fileData": image}) == Image(url="https://x.test/a.png", media_type="image/png")
    assert one({"fileData": {"fileUri": "gs://b/a"}}) == File(file_id="gs://b/a")
    code = {"executableCode": {"language": "PYTHON", "code": "1"}}
    assert one(code) == Foreign("gemini", code)


def test_schema_of_openapis_subset_becomes_a_json_schema():
    subset = {
        "type": "OBJECT",
        "properties": {
            "a": {"type": "ARRAY", "items": {"type": "STRING", "nullable": True}, "minItems": "1"},
            "nullable": {"anyOf": [{"type": "INTEGER"}], "nullable": True},
        },
        "propertyOrdering": ["a"],
    }
    chat = read(generationConfig={"responseSchema": subset, "responseMimeType": "application/json"})
    assert chat.format.schema == {
        "type": "object",
        "properties": {
            "a": {"type": "array", "items": {"type": ["string", "null"]}, "minItems": 1},
            "nullable": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
    }


def test_hints_that_have_no_place_are_named():
    config = {"mediaResolution": "MEDIA_RESOLUTION_LOW"}
    chat = read(safetySettings=[{"category": "HARM_CATEGORY_HARASSMENT"}], generationConfig=config)
    assert set(chat.extra) == {"safetySettings", "generationConfig.mediaResolution"}


@pytest.mark.parametrize("mode", ["AUTO", "NONE", "VALIDATED", "ANY"])
def test_choice_among_tools_is_read(mode):
    tools = [{"functionDeclarations": [{"name": "f"}]}]
    chat = read(tools=tools, toolConfig={"functionCallingConfig": {"mode": mode}})
    assert chat.choice.mode == {"NONE": "none", "ANY": "required"}.get(mode, "auto")
