"""Providers that are declared: templates out, paths in."""

import msgspec
import pytest

from sluicegate.adapters.providers.mapped.paths import path_of, value_at
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.errors import GatewayError, InvalidRequest, StreamInterrupted, UpstreamBusy, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from tests.adapters.providers.bedrock.asking import CALLED
from tests.adapters.providers.mapped.declared import STREAM, WHOLE, declared
from tests.conformance.provider_sample import KEY, ask, told

TARGET = Target("upstream", "their model")
JSON = UpstreamHead(200, {"content-type": "application/json"})
TALK = [
    {"role": "system", "content": "Be brief"},
    {"role": "user", "content": "a"},
    {"role": "assistant", "content": "b"},
    {"role": "user", "content": "c"},
]


def sent(body=None, *, asked=None, **fields) -> dict:
    changes = {"body": body} if body is not None else {}
    return msgspec.json.decode(declared(**changes).encode(asked or ask(**fields), TARGET).body)


def chunks(data: bytes, **changes) -> list[dict]:
    exchange = ask(stream=True, stream_options={"include_usage": True})
    return [msgspec.json.decode(chunk) for _, chunk in told(declared(**changes).decoder(exchange, JSON), [data])]


def texts(found: list[dict]) -> str:
    return "".join(choice["delta"].get("content") or "" for chunk in found for choice in chunk["choices"])


def test_template_keeps_types_and_leaves_out_what_is_lacking():
    assert sent(max_tokens=5) == {"engine": "their model", "text": "Hello", "limit": 5, "live": False}
    assert sent(stream=True) == {"engine": "their model", "text": "Hello", "live": True}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ({"p": "{{prompt}}"}, {"p": "System: Be brief\n\nUser: a\n\nAssistant: b\n\nUser: c\n\nAssistant:"}),
        ({"s": "{{system}}", "m": "{{messages}}"}, {"s": "Be brief", "m": TALK[1:]}),
        ({"m": "{{ messages }}"}, {"m": TALK}),
        ({"s": "{{system}}", "q": ["to {{model}}: {{last_user}}!"]}, {"s": "Be brief", "q": ["to their model: c!"]}),
        (
            {"q": "{{last_user}} {{system}}", "deep": {"a": [1, "{{seed}}", None]}},
            {"q": "c Be brief", "deep": {"a": [1, None]}},
        ),
    ],
)
def test_conversation_is_told_as_the_template_has_it(template, expected):
    assert sent(template, messages=TALK) == expected


def test_hints_that_the_template_has_are_sent_and_others_noted():
    template = {"q": "{{prompt}}", "t": "{{temperature}}", "s": "{{stop}}", "k": "{{seed}}", "u": "{{user}}"}
    asked = ask(temperature=0.5, stop="x", seed=3, user="u", top_p=0.5, presence_penalty=1.0, reasoning_effort="low")
    assert sent(template, asked=asked) == {"q": "Hello", "t": 0.5, "s": ["x"], "k": 3, "u": "u"}
    assert asked.notes["dropped"] == "top_p, presence_penalty, reasoning"


def test_history_that_the_template_has_no_place_for_is_noted_and_a_system_refused():
    asked = ask(messages=TALK[1:])
    assert sent({"q": "{{last_user}}"}, asked=asked) == {"q": "c"}
    assert asked.notes["dropped"] == "messages"
    with pytest.raises(InvalidRequest, match="has no system"):
        sent({"q": "{{last_user}}"}, messages=TALK)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}]},
            "image_url",
        ),
        ({"messages": CALLED[:2]}, "tool_calls"),
        ({"messages": [CALLED[0], CALLED[2]]}, "results of tools"),
    ],
)
def test_more_than_text_is_refused(fields, name):
    with pytest.raises(InvalidRequest, match=f"provider 'upstream' has no {name}") as caught:
        sent(**fields)
    assert caught.value.code == "unsupported_parameter"


def test_address_holds_values_and_the_key_where_it_says_so():
    translator = declared(base_url="https://h.test/{{model}}/run?key={{api_key}}", headers={})
    request = translator.encode(ask(), TARGET)
    assert request.url == f"https://h.test/their%20model/run?key={KEY}"
    assert KEY not in repr(request)
    assert not any(KEY in value for _, value in request.headers)


def test_each_request_has_an_id_of_its_own():
    template = {"q": "{{prompt}}", "id": "{{request_id}}"}
    assert sent(template)["id"] != sent(template)["id"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"body": {"q": "{{promt}}"}}, r"\{\{promt\}\} is no placeholder"),
        ({"body": {"q": "x"}}, "body must hold"),
        ({"headers": {"x": "{{nothing}}"}}, r"\{\{nothing\}\} is no placeholder"),
        ({"response": {"text": "a..b"}}, "'a..b' is no path"),
        ({"stream": {"done": "a["}}, r"'a\[' is no path"),
        ({"stream": {"text": ""}}, "stream needs the path of its text"),
        ({"errors": {"statuses": {"99": "busy"}}}, "'99' is no status"),
        ({"base_url": ""}, "base_url must be an absolute URL"),
    ],
)
def test_declaration_that_means_nothing_is_refused(changes, told):
    with pytest.raises(ConfigError, match=told):
        declared(**changes)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b[0].c", 1),
        ("a.b[1].c", None),
        ("a.b", [{"c": 1}]),
        ("x", None),
        ("a[0]", None),
        ("", None),
        ("list[0][1]", 2),
    ],
)
def test_path_leads_to_a_value_or_nowhere(path, expected):
    assert value_at({"a": {"b": [{"c": 1}]}, "list": [[1, 2]]}, path_of(path)) == expected


def test_whole_answer_is_read_by_paths():
    reply, usage = declared(response={"reasoning": "output.thought"}).decode(
        ask(), JSON, WHOLE.replace(b'"why"', b'"thought":"hm","why"')
    )
    answer = msgspec.json.decode(reply.body)
    assert (answer["id"], answer["created"]) == ("j1", 1790000000)
    (choice,) = answer["choices"]
    assert (choice["message"]["content"], choice["message"]["reasoning_content"]) == ("Grüße", "hm")
    assert choice["finish_reason"] == "length"
    assert usage is not None
    assert (usage.input, usage.output) == (9, 5)


def test_answer_without_usage_has_none_so_that_it_is_estimated():
    assert declared().decode(ask(), JSON, b'{"output":{"text":"x"}}')[1] is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>", "is not valid JSON"),
        (b"", "is empty"),
        (b"{}", "has no text at its path"),
        (b'{"output":{"text":7}}', "has no text at its path"),
        (b'{"fault":{"text":"overheated","id":"hot"}}', "overheated"),
        (b"[" * 100_000, "is not valid JSON"),
    ],
)
def test_answer_that_is_none_is_the_providers_error(body, told):
    with pytest.raises(UpstreamError, match=told) as caught:
        declared().decode(ask(), JSON, body)
    assert "'upstream'" in caught.value.message


SSE = b'data: {"c":"Gr"}\n\ndata: {"c":"\xc3\xbc\xc3\x9fe","w":"cut","stats":{"in":9,"out":5}}\n\n'
ARRAY = b'[{"c":"Gr"},\n{"c":"\xc3\xbc\xc3\x9fe","w":"cut","stats":{"in":9,"out":5}}]'
ITEMS = {"text": "c", "done": "", "finish_reason": "w"}


@pytest.mark.parametrize(
    ("format_", "data"),
    [
        ("sse", SSE),
        ("sse", SSE + b"data: [DONE]\n\n"),
        ("ndjson", SSE.replace(b"data: ", b"").replace(b"\n\n", b"\n")),
        ("json_array", ARRAY),
    ],
)
def test_stream_of_each_format_is_read(format_, data):
    found = chunks(data, stream={**ITEMS, "format": format_})
    assert texts(found) == "Grüße"
    assert [choice["finish_reason"] for chunk in found for choice in chunk["choices"]][-1] == "length"
    assert found[-1]["usage"]["total_tokens"] == 14
    with pytest.raises(StreamInterrupted):
        chunks(data[: data.index(b"\xc3")], stream={**ITEMS, "format": format_})


def test_whole_answer_is_streamed_in_one_piece_where_there_is_no_stream():
    found = chunks(WHOLE, stream={"format": "none"})
    assert texts(found) == "Grüße"
    assert found[-1]["usage"]["total_tokens"] == 14
    body = declared(stream={"format": "none"}).encode(ask(stream=True), TARGET).body
    assert msgspec.json.decode(body)["live"] is False
    with pytest.raises(StreamInterrupted):
        chunks(WHOLE[:20], stream={"format": "none"})


def test_stream_that_says_nothing_of_its_end_is_whole_at_its_end():
    found = chunks(b'{"chunk":"x"}\n', stream={"done": ""})
    assert texts(found) == "x"
    with pytest.raises(StreamInterrupted):
        chunks(b"", stream={"done": ""})


def test_items_without_text_are_passed_over():
    assert texts(chunks(b'{"message":"warming up"}\n\n' + STREAM)) == "Grüße"


@pytest.mark.parametrize("item", [b"7\n", b'"x"\n', b"<html>\n", b'{"error":"boom"}\n', b'{"fault":{"text":"boom"}}\n'])
def test_item_that_is_none_is_the_providers_error(item):
    with pytest.raises(UpstreamError, match="'upstream'"):
        chunks(item + STREAM)


def test_item_of_five_megabytes_is_the_providers_error():
    with pytest.raises(GatewayError, match="'upstream'"):
        chunks(b'{"chunk":"' + b"x" * 5_000_000 + b'"}\n')


def test_errors_are_read_by_paths_and_statuses_mean_what_is_declared():
    body = b'{"fault":{"text":"wrong","id":77}}'
    refused = declared().error(UpstreamHead(400, {}), body)
    assert (refused.message, refused.code) == ("wrong", "77")
    busy = declared().error(UpstreamHead(418, {"retry-after": "3"}), body)
    assert isinstance(busy, UpstreamBusy)
    assert busy.retry_after == 3.0
