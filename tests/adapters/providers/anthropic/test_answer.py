"""A message of the API becomes an answer, and nothing else does."""

import msgspec
import pytest

from sluicegate.adapters.providers.anthropic.answer import read_answer
from sluicegate.pipeline.errors import UpstreamBusy, UpstreamError
from sluicegate.pipeline.form.blocks import Foreign, Text, Thinking, ToolCall
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.anthropic.samples import HEAD, MESSAGE, errors


def answered(**fields):
    message = {**msgspec.json.decode(MESSAGE), **fields}
    return read_answer(errors(), HEAD, msgspec.json.encode(message))


def test_a_message_is_read_in_order():
    answer = read_answer(errors(), HEAD, MESSAGE)
    assert (answer.id, answer.model) == ("msg_1", "claude-x")
    assert answer.choices[0].blocks == (
        Thinking("hm", signature="sig"),
        Text("Hi"),
        ToolCall("toolu_1", "get", '{"c":"Oslo"}'),
    )
    assert answer.choices[0].finish == "tool_calls"


def test_usage_counts_what_was_cached_as_read():
    answer = read_answer(errors(), HEAD, MESSAGE)
    assert answer.usage == Usage(input=115, output=20, cached=100, cache_write=5, reasoning=7)


@pytest.mark.parametrize(
    ("more", "usage"),
    [
        (
            {"cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4}},
            Usage(input=17, output=1, cache_write=7, cache_write_1h=4),
        ),
        ({"cache_creation": {"ephemeral_1h_input_tokens": 99}}, Usage(17, 1, cache_write=7, cache_write_1h=7)),
        ({"server_tool_use": {"web_search_requests": 2}}, Usage(17, 1, cache_write=7, searches=2)),
        ({"speed": "fast"}, Usage(17, 1, cache_write=7, tier="fast")),
        ({"speed": "standard"}, Usage(17, 1, cache_write=7)),
        ({"cache_creation": {"ephemeral_1h_input_tokens": -1}, "server_tool_use": [2]}, Usage(17, 1, cache_write=7)),
    ],
)
def test_usage_tells_what_is_kept_for_an_hour_and_how_often_was_searched(more, usage):
    counts = {"input_tokens": 10, "output_tokens": 1, "cache_creation_input_tokens": 7}
    assert answered(usage={**counts, **more}).usage == usage


@pytest.mark.parametrize(
    "usage",
    [
        None,
        [],
        {},
        {"input_tokens": "many", "output_tokens": -1},
        {"input_tokens": 1e300},
        {"output_tokens": 10**30},
        {"output_tokens": True},
    ],
)
def test_usage_that_makes_no_sense_is_none(usage):
    assert answered(usage=usage).usage is None


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        ("pause_turn", "length"),
        ("something_new", "stop"),
        (None, "stop"),
    ],
)
def test_reasons_to_end_are_translated(reason, finish):
    assert answered(stop_reason=reason).choices[0].finish == finish


def test_the_text_that_ended_it_is_told():
    assert answered(stop_reason="stop_sequence", stop_sequence="END").choices[0].stop_text == "END"


def test_blocks_of_anthropics_own_are_kept_as_they_came():
    own = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"url": "x"}]}
    redacted = {"type": "redacted_thinking", "data": "xx"}
    assert answered(content=[own, redacted]).choices[0].blocks == (Foreign("anthropic", own), Thinking(redacted="xx"))


def test_citations_have_a_title():
    found = {"type": "char_location", "document_title": "Manual", "cited_text": "x", "document_index": 0}
    web = {"type": "web_search_result_location", "url": "https://example.org", "title": "Site", "cited_text": "x"}
    (text,) = answered(content=[{"type": "text", "text": "a", "citations": [found, web]}]).choices[0].blocks
    assert text.citations == ({**found, "title": "Manual"}, web)


@pytest.mark.parametrize(
    "content",
    [
        "text",
        [1],
        [{}],
        [{"type": 1}],
        [{"type": "text"}],
        [{"type": "text", "text": None}],
        [{"type": "tool_use", "name": "get", "input": {}}],
        [{"type": "tool_use", "id": "a", "name": "get", "input": "{}"}],
        [{"type": "tool_use", "id": "a", "name": "get", "input": None}],
        [{"type": "tool_use", "id": "a", "name": "get", "input": {}}] * 2,
    ],
)
def test_content_of_another_shape_is_an_upstream_error(content):
    with pytest.raises(UpstreamError, match="'claude'"):
        answered(content=content)


def test_an_error_with_a_successful_status_is_one():
    body = b'{"type":"error","error":{"type":"rate_limit_error","message":"slowly"},"request_id":"r"}'
    with pytest.raises(UpstreamBusy, match="slowly"):
        read_answer(errors(), HEAD, body)


def test_another_type_of_answer_is_an_upstream_error():
    with pytest.raises(UpstreamError, match="completion"):
        answered(type="completion")


@pytest.mark.parametrize("media_type", ["text/html", "text/plain", "application/octet-stream"])
def test_another_media_type_is_an_upstream_error(media_type):
    with pytest.raises(UpstreamError, match=media_type):
        read_answer(errors(), UpstreamHead(200, {"content-type": media_type}), MESSAGE)
