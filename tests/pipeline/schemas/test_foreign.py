"""What other providers take is read too, wherever it stands, and what the API knows is not read twice."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sluicegate.pipeline.schemas.foreign import LONG, foreign_names, foreign_texts
from sluicegate.stages.validate import read
from tests.pipeline.schemas.bodies import COMPLETION, body_of, call, chat, function


def foreign(operation: str, body: bytes) -> list[tuple[str, str]]:
    return list(foreign_texts(read(operation, body)[1], json.loads(body)))


def of_message(**fields: Any) -> list[tuple[str, str]]:
    return foreign("chat", chat(messages=[{"role": "user", "content": "hi", **fields}]))


def of_part(**fields: Any) -> list[tuple[str, str]]:
    return of_message(content=[{"type": "text", "text": "hi"}, fields])


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "n"},
        {"role": "assistant", "tool_calls": [call()], "refusal": "r", "content": None},
        {"content": [{"type": "text", "text": "t"}, {"type": "image_url", "image_url": {"url": "https://a.test"}}]},
    ],
)
def test_nothing_that_the_api_knows_is_foreign(fields: dict[str, Any]) -> None:
    assert of_message(**fields) == []


def test_known_tools_and_forms_are_not_foreign() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    prediction = {"type": "content", "content": "p"}
    tools = [function(description="d", parameters={"type": "object"})]
    body = chat(tools=tools, response_format=form, prediction=prediction, stop=["x"], metadata={"a": "b"})
    assert foreign("chat", body) == []


def test_thoughts_beside_the_content_are_read() -> None:
    assert of_message(reasoning_content="r", steps=[{"title": "t"}]) == [
        ("messages[0].reasoning_content", "r"),
        ("messages[0].steps[0].title", "title"),
        ("messages[0].steps[0].title", "t"),
    ]


def test_all_of_a_part_of_an_unknown_type_is_read_and_its_text_once() -> None:
    assert of_part(type="thinking", thinking="hm", text="read already", image_url="here is text") == [
        ("messages[0].content[1].thinking", "hm"),
        ("messages[0].content[1].image_url", "here is text"),
    ]
    assert of_part(type="table", text={"rows": ["r"]}) == [
        ("messages[0].content[1].text.rows", "rows"),
        ("messages[0].content[1].text.rows[0]", "r"),
    ]


def test_unknown_fields_of_known_parts_tools_and_forms_are_read() -> None:
    assert of_part(type="text", text="t", note="n") == [("messages[0].content[1].note", "n")]
    body = chat(tools=[function(comment="c")], response_format={"type": "regex", "regex": "a+"})
    assert foreign("chat", body) == [("tools[0].function.comment", "c"), ("response_format.regex", "a+")]


def test_unknown_fields_at_the_top_are_read() -> None:
    body = body_of(COMPLETION, guided={"choice": ["x"]}, top_k=3)
    assert foreign_names(read("completion", body)[1], json.loads(body)) == ["guided", "top_k"]
    assert foreign("completion", body) == [("guided.choice", "choice"), ("guided.choice[0]", "x")]


@pytest.mark.parametrize("prefix", ["", "data:video/mp4;base64,"])
def test_data_in_base64_are_no_text_but_long_texts_are(prefix: str) -> None:
    data = prefix + base64.b64encode(bytes(range(256)) * 2).decode()
    assert of_part(type="video_url", video_url={"url": data}) == [("messages[0].content[1].video_url.url", "url")]
    long = "words " * LONG
    assert of_part(type="video_url", video_url=long) == [("messages[0].content[1].video_url", long)]
