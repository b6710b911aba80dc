from __future__ import annotations

from sluicegate.pipeline.schemas import texts_of
from sluicegate.pipeline.schemas.json_texts import strings_in
from sluicegate.stages.validate import read
from tests.pipeline.schemas.bodies import COMPLETION, EMBEDDING, body_of, call, chat


def texts(operation: str, body: bytes) -> list[tuple[str, str]]:
    return list(texts_of(read(operation, body)[1]))


def test_every_text_of_a_chat_comes_with_its_path_and_in_order() -> None:
    body = chat(
        messages=[
            {"role": "system", "content": "s"},
            {"role": "developer", "content": [{"type": "text", "text": "d"}]},
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": "https://a.test/not-a-text"}},
                    {"type": "text", "text": "u"},
                    {"type": "input_text", "text": "other"},
                ],
            },
            {
                "role": "assistant",
                "content": [{"type": "refusal", "refusal": "r0"}],
                "refusal": "r1",
                "tool_calls": [call(), {"id": "c2", "type": "custom", "custom": {"name": "n", "input": "i"}}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "t"},
            {"role": "assistant", "function_call": {"name": "f", "arguments": "a"}},
            {"role": "function", "name": "f", "content": "fr"},
        ],
        prediction={"type": "content", "content": "p"},
    )
    assert texts("chat", body) == [
        ("messages[0].content", "s"),
        ("messages[1].content[0].text", "d"),
        ("messages[2].content[1].text", "u"),
        ("messages[2].content[2].text", "other"),
        ("messages[3].content[0].refusal", "r0"),
        ("messages[3].refusal", "r1"),
        ("messages[3].tool_calls[0].function.name", "get"),
        ("messages[3].tool_calls[0].function.arguments", "{}"),
        ("messages[3].tool_calls[1].custom.name", "n"),
        ("messages[3].tool_calls[1].custom.input", "i"),
        ("messages[4].content", "t"),
        ("messages[5].function_call.name", "f"),
        ("messages[5].function_call.arguments", "a"),
        ("messages[6].content", "fr"),
        ("messages[6].name", "f"),
        ("prediction.content", "p"),
    ]


def test_predicted_parts_have_paths_of_their_own() -> None:
    body = chat(prediction={"type": "content", "content": [{"type": "text", "text": "p"}]})
    assert texts("chat", body)[1:] == [("prediction.content[0].text", "p")]


def test_texts_of_a_completion_are_its_prompts_and_suffix() -> None:
    assert texts("completion", body_of(COMPLETION, suffix="s")) == [("prompt", "once"), ("suffix", "s")]
    assert texts("completion", body_of(COMPLETION, prompt=["a", "b"])) == [("prompt[0]", "a"), ("prompt[1]", "b")]


def test_texts_of_an_embedding_are_its_inputs() -> None:
    assert texts("embedding", body_of(EMBEDDING)) == [("input", "text")]
    assert texts("embedding", body_of(EMBEDDING, input=["a", "b"])) == [("input[0]", "a"), ("input[1]", "b")]


def test_tokens_and_null_are_no_texts() -> None:
    assert texts("completion", body_of(COMPLETION, prompt=[[1, 2]])) == []
    assert texts("completion", body_of(COMPLETION, prompt=None)) == []
    assert texts("embedding", body_of(EMBEDDING, input=[1, 2])) == []


def test_a_files_name_is_a_text_and_its_data_are_none() -> None:
    file = {"type": "file", "file": {"filename": "f", "file_data": "data:x;base64,AAAA"}}
    assert texts("chat", chat(messages=[{"role": "user", "content": [file]}])) == [
        ("messages[0].content[0].file.filename", "f")
    ]


def test_what_tools_and_forms_say_of_themselves_are_texts() -> None:
    schema = {"properties": {"p": {"enum": ["e", 1]}}}
    grammar = {"type": "grammar", "grammar": {"definition": "g", "syntax": "lark"}}
    body = chat(
        messages=[{"role": "user", "content": "u"}],
        tools=[
            {"type": "function", "function": {"name": "n", "description": "d", "parameters": schema}},
            {"type": "custom", "custom": {"name": "cn", "description": "cd", "format": grammar}},
        ],
        functions=[{"name": "fn"}],
        tool_choice={"type": "function", "function": {"name": "n"}},
        function_call={"name": "fn"},
        response_format={"type": "json_schema", "json_schema": {"name": "jn", "description": "jd", "schema": {"s": 0}}},
        web_search_options={"user_location": {"approximate": {"city": "c"}}},
    )
    assert texts("chat", body)[1:] == [
        ("tools[0].function.name", "n"),
        ("tools[0].function.description", "d"),
        ("tools[0].function.parameters.properties", "properties"),
        ("tools[0].function.parameters.properties.p", "p"),
        ("tools[0].function.parameters.properties.p.enum", "enum"),
        ("tools[0].function.parameters.properties.p.enum[0]", "e"),
        ("tools[1].custom.name", "cn"),
        ("tools[1].custom.description", "cd"),
        ("tools[1].custom.format.grammar.definition", "g"),
        ("functions[0].name", "fn"),
        ("tool_choice.type", "function"),
        ("tool_choice.function.name", "n"),
        ("function_call.name", "fn"),
        ("response_format.json_schema.name", "jn"),
        ("response_format.json_schema.description", "jd"),
        ("response_format.json_schema.schema.s", "s"),
        ("web_search_options.user_location.approximate.city", "c"),
    ]


def test_paths_into_a_schema_of_long_and_many_names_stay_short() -> None:
    inner: object = "deep"
    for _ in range(300):
        inner = {"n" * 1000: inner}
    found = list(strings_in("schema", inner))
    assert found[-1][1] == "deep"
    assert max(len(path) for path, _ in found) < 600
