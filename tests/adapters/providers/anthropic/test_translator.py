"""Requests go to the right place with the right headers, and what is Anthropic's own passes through."""

import msgspec
import pytest

from sluicegate.pipeline.errors import InvalidRequest, UpstreamBusy, UpstreamError
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.token_counters import TokenCounter
from tests.adapters.providers.anthropic.samples import (
    HEAD,
    KEY,
    MESSAGE,
    STREAM,
    STREAM_HEAD,
    TARGET,
    native,
    translator,
)
from tests.conformance.provider_sample import ask


def sent(exchange, **settings):
    request = translator(**settings).encode(exchange, TARGET)
    return request, dict(request.headers)


def test_a_chat_goes_to_messages_with_the_key():
    request, headers = sent(ask())
    assert (request.method, request.url) == ("POST", "https://api.anthropic.com/v1/messages")
    assert headers == {
        "accept": "application/json",
        "anthropic-version": "2023-06-01",
        "content-type": "application/json",
        "user-agent": "sluicegate",
        "x-api-key": str(KEY),
    }
    assert msgspec.json.decode(request.body) == {
        "model": "claude-opus-5",
        "max_tokens": 16384,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
    }


def test_a_stream_is_asked_for_uncompressed():
    request, headers = sent(ask(stream=True))
    assert msgspec.json.decode(request.body)["stream"] is True
    assert (headers["accept"], headers["accept-encoding"]) == ("text/event-stream", "identity")


def test_the_key_may_be_a_bearer_token():
    _, headers = sent(ask(), auth="bearer")
    assert headers["authorization"] == f"Bearer {KEY!s}"
    assert "x-api-key" not in headers


def test_the_newer_version_is_spoken_where_it_is_set():
    exchange = ask(temperature=0.5)
    request = translator(version="2026-10-21").encode(exchange, TARGET._replace(model="claude-sonnet-4-5"))
    assert dict(request.headers)["anthropic-version"] == "2026-10-21"
    assert b"temperature" not in request.body
    assert exchange.notes["dropped"] == "temperature"
    request = translator().encode(exchange, TARGET._replace(model="claude-sonnet-4-5"))
    assert b'"temperature":0.5' in request.body
    assert "dropped" not in exchange.notes


def test_max_tokens_are_those_of_the_settings():
    assert b'"max_tokens":77' in sent(ask(), max_tokens=77)[0].body


def test_strict_refuses_what_would_be_dropped():
    with pytest.raises(InvalidRequest, match="seed"):
        sent(ask(seed=1), strict=True)


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9", "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1/"])
def test_a_base_url_is_taken_with_or_without_its_version(base_url):
    assert sent(ask(), base_url=base_url)[0].url == "http://127.0.0.1:9/v1/messages"
    assert sent(native("count_tokens"), base_url=base_url)[0].url == "http://127.0.0.1:9/v1/messages/count_tokens"


def test_configured_headers_go_before_all_others():
    _, headers = sent(native(headers={"anthropic-beta": "a"}), headers={"Anthropic-Beta": "b", "x-team": "t"})
    assert (headers["anthropic-beta"], headers["x-team"]) == ("b", "t")


def test_what_is_asked_in_its_own_words_passes_but_for_the_model():
    odd = {"temperature": 0.25, "some_new_field": {"x": [1]}}
    exchange = native(headers={"anthropic-beta": "a,b", "anthropic-version": "2026-10-21", "x-other": "y"}, **odd)
    exchange.notes["dropped"] = "of the target before"
    request, headers = sent(exchange)
    assert request.body == exchange.request.body.replace(b'"ours"', b'"claude-opus-5"')
    assert (headers["anthropic-beta"], headers["anthropic-version"]) == ("a,b", "2026-10-21")
    assert headers["x-api-key"] == str(KEY)
    assert "x-other" not in headers
    assert "dropped" not in exchange.notes


def test_the_settings_version_is_spoken_for_callers_who_name_none():
    assert sent(native())[1]["anthropic-version"] == "2023-06-01"


def test_a_whole_answer_passes_as_its_bytes():
    reply, usage = translator().decode(native(), HEAD, MESSAGE)
    assert reply.body == MESSAGE
    assert usage == Usage(input=115, output=20, cached=100, cache_write=5, reasoning=7)


def test_a_stream_passes_as_its_events():
    exchange = native(stream=True)
    assert translator().encode(exchange, TARGET).body.endswith(b'"stream":true}')
    decoder = translator().decoder(exchange, STREAM_HEAD)
    assert [chunk.event for chunk in decoder.feed(STREAM)][-2:] == ["message_delta", "message_stop"]
    assert decoder.done
    assert decoder.usage == Usage(input=14, output=20, cached=4)


def test_tokens_are_counted_upstream():
    exchange = native("count_tokens")
    assert isinstance(translator(), TokenCounter)
    assert translator().counts_tokens(exchange)
    body = b'{"input_tokens":14}'
    reply, usage = translator().decode(exchange, HEAD, body)
    assert (reply.body, usage) == (body, None)
    for bad in (b"{}", b'{"input_tokens":"x"}', b"", b"["):
        with pytest.raises(UpstreamError):
            translator().decode(exchange, HEAD, bad)


def test_an_error_in_place_of_an_answer_is_one():
    body = b'{"type":"error","error":{"type":"rate_limit_error","message":"slowly"}}'
    for exchange in (native(), native("count_tokens")):
        with pytest.raises(UpstreamBusy, match="slowly"):
            translator().decode(exchange, HEAD, body)


@pytest.mark.parametrize("media_type", ["text/html", "application/json"])
def test_what_is_no_stream_is_an_upstream_error(media_type):
    head = UpstreamHead(200, {"content-type": media_type})
    for exchange in (native(stream=True), ask(stream=True)):
        with pytest.raises(UpstreamError, match="'claude'"):
            translator().decoder(exchange, head)


@pytest.mark.parametrize("operation", ["embedding", "completion"])
def test_operations_that_there_are_not_are_refused_by_name(operation):
    fields = {"model": "m", "input": "x"} if operation == "embedding" else {"model": "m", "prompt": "x"}
    with pytest.raises(InvalidRequest, match=f"'claude' has no operation '{operation}'") as caught:
        sent(ask(operation, **fields))
    assert caught.value.code == "unsupported_endpoint"


def test_mapped_models_are_listed():
    assert translator(model_mapping={"fast": "claude-haiku-4-5"}).models() == ("fast",)
