"""The translator for OpenAI's API: what is changed on the way, and what is left alone."""

import msgspec
import pytest

from sluicegate.adapters.providers.openai import OpenAI, OpenAISettings
from sluicegate.adapters.providers.openai.stream import OpenAIStream
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas import ChatRequest
from tests.conformance.provider_sample import ask

KEY = Secret("sk-openai-0123456789")
TARGET = Target("openai", "gpt-4o")
JSON = UpstreamHead(200, {"content-type": "application/json"})


def build(**settings) -> OpenAI:
    return OpenAI("openai", OpenAISettings(type="openai", **settings))


def sent(translator: OpenAI, exchange: Exchange) -> dict:
    return msgspec.json.decode(translator.encode(exchange, TARGET).body)


@pytest.mark.parametrize(
    ("operation", "fields", "path"),
    [
        ("chat", {}, "/chat/completions"),
        ("completion", {"model": "m", "prompt": "p"}, "/completions"),
        ("embedding", {"model": "m", "input": "i"}, "/embeddings"),
    ],
)
def test_each_operation_has_its_path(operation, fields, path):
    assert build().encode(ask(operation, **fields), TARGET).url == "https://api.openai.com/v1" + path


@pytest.mark.parametrize(
    "base_url", ["http://localhost:8000/v1", "http://localhost:8000/v1/", " http://localhost:8000/v1"]
)
def test_base_url_may_end_in_a_slash(base_url):
    request = build(base_url=base_url).encode(ask(), TARGET)
    assert request.url == "http://localhost:8000/v1/chat/completions"


def test_query_of_base_url_stays_at_the_end():
    request = build(base_url="https://a.example/v1?api-version=1").encode(ask(), TARGET)
    assert request.url == "https://a.example/v1/chat/completions?api-version=1"


def test_empty_base_url_means_the_default():
    assert build(base_url="").encode(ask(), TARGET).url.startswith("https://api.openai.com/v1/")


@pytest.mark.parametrize("base_url", ["api.openai.com/v1", "ftp://a.example", "https:///v1", "http://[::1/"])
def test_base_url_that_is_no_url_is_refused_with_an_example(base_url):
    with pytest.raises(ValueError, match=r"base_url: must be an absolute URL, such as https://"):
        build(base_url=base_url)


@pytest.mark.parametrize(
    ("base_url", "message"),
    [
        ("https://me@a.example/v1", "has a user"),
        ("https://:secret@a.example/v1", "has a user"),
        ("https://a.example/v1#part", "has a part behind #"),
    ],
)
def test_what_a_request_would_not_have_of_a_base_url_is_refused_without_being_shown(base_url, message):
    with pytest.raises(ValueError, match=f"^base_url: {message}") as caught:
        build(base_url=base_url)
    assert "secret" not in str(caught.value)


def test_configuration_refuses_base_url_that_is_no_url():
    with pytest.raises(msgspec.ValidationError, match="base_url: must be an absolute URL"):
        msgspec.convert({"type": "openai", "base_url": "api.openai.com"}, OpenAISettings)


def test_values_keep_their_bytes_and_unknown_fields_stay():
    body = (
        b'{"messages":[{"role":"user","content":"\\u00fc"}],"temperature":1.0e0,"model":"gw/x",'
        b'"their_extension":{"deep":[1.50]},"seed":12345678901234567890}'
    )
    request = Request("chat", body, fields=msgspec.json.decode(body, type=dict[str, msgspec.Raw]))
    got = build().encode(Exchange(request, 1.0, 0.0), TARGET).body
    assert got == body.replace(b'"gw/x"', b'"gpt-4o"')


def test_mapped_models_are_those_known_by_name():
    assert build(model_mapping={"gpt-4o": "my-deployment"}).models() == ("gpt-4o",)


def test_stream_always_asks_for_usage():
    assert sent(build(), ask(stream=True))["stream_options"] == {"include_usage": True}


def test_other_stream_options_stay():
    options = {"include_usage": False, "include_obfuscation": False}
    expected = {"include_usage": True, "include_obfuscation": False}
    assert sent(build(), ask(stream=True, stream_options=options))["stream_options"] == expected


def test_null_stream_options_are_as_none():
    assert sent(build(), ask(stream=True, stream_options=None))["stream_options"] == {"include_usage": True}


def test_plain_request_has_no_stream_options():
    assert "stream_options" not in sent(build(), ask())


def test_key_goes_as_bearer():
    assert ("authorization", f"Bearer {KEY}") in build(api_key=KEY).encode(ask(), TARGET).headers


def test_no_key_means_no_authorization():
    assert "authorization" not in dict(build().encode(ask(), TARGET).headers)


def test_configured_headers_win_whatever_their_case():
    translator = build(api_key=KEY, headers={"Authorization": "Basic abc", "OpenAI-Project": "p1"})
    headers = translator.encode(ask(), TARGET).headers
    assert [value for name, value in headers if name == "authorization"] == ["Basic abc"]
    assert ("openai-project", "p1") in headers


def test_stream_asks_for_no_compression():
    assert dict(build().encode(ask(stream=True), TARGET).headers)["accept-encoding"] == "identity"
    assert "accept-encoding" not in dict(build().encode(ask(), TARGET).headers)


def test_newline_after_the_key_is_left_out():
    assert ("authorization", f"Bearer {KEY}") in build(api_key=Secret(f"{KEY}\n")).encode(ask(), TARGET).headers


@pytest.mark.parametrize("name", ["Content-Length", "host", "Transfer-Encoding"])
def test_headers_of_the_connection_are_refused(name):
    with pytest.raises(ValueError, match=f"'{name}' belongs to the connection"):
        build(headers={name: "3"})


def test_name_that_no_header_may_have_is_refused():
    with pytest.raises(ValueError, match="'x key' is no name of an HTTP header"):
        build(headers={"x key": "1"})


@pytest.mark.parametrize("broken", [{"api_key": Secret(f"{KEY}\nx")}, {"headers": {"x-key": f"{KEY}\x7f"}}])
def test_key_that_no_header_may_hold_is_refused_without_being_shown(broken):
    with pytest.raises(ValueError, match=r"^(api_key|headers\.x-key): has a character") as caught:
        build(**broken)
    assert KEY not in str(caught.value)


def test_history_is_stripped_for_openai_alone():
    messages = [{"role": "assistant", "content": "a", "reasoning_content": "r"}, {"role": "user", "content": "b"}]
    assert "reasoning_content" not in sent(build(), ask(messages=messages))["messages"][0]
    elsewhere = build(base_url="https://api.deepseek.com")
    assert sent(elsewhere, ask(messages=messages))["messages"] == messages


def test_answer_passes_through_byte_by_byte():
    body = b'{"choices":[ {"x":1.50} ],"unknown":1e3,"usage":null}\n'
    reply, usage = build().decode(ask(), JSON, body)
    assert reply.body is body
    assert usage is None


def test_embedding_answer_needs_data():
    exchange = ask("embedding", model="m", input="i")
    body = b'{"object":"list","data":[],"usage":{"prompt_tokens":3,"total_tokens":3}}'
    _, usage = build().decode(exchange, JSON, body)
    assert usage is not None
    assert (usage.input, usage.output) == (3, 0)
    with pytest.raises(UpstreamError, match="has no data"):
        build().decode(exchange, JSON, b'{"choices":[]}')


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "", "application/problem+json"])
def test_json_by_any_name_is_read(media_type):
    head = UpstreamHead(200, {"content-type": media_type} if media_type else {})
    reply, _ = build().decode(ask(), head, b'{"choices":[]}')
    assert reply.body == b'{"choices":[]}'


def test_error_that_came_with_status_200_is_an_error():
    with pytest.raises(UpstreamError, match="provider 'openai' answered 500: out of memory"):
        build().decode(ask(), JSON, b'{"error":{"message":"out of memory","code":500}}')


def test_error_without_wrapper_that_came_with_status_200_is_an_error():
    with pytest.raises(UpstreamError, match="answered 500: boom"):
        build().decode(ask(), JSON, b'{"detail":"boom"}')


def test_invalid_utf_8_in_an_answer_is_refused():
    with pytest.raises(UpstreamError, match="is not valid JSON"):
        build().decode(ask(), JSON, b'{"choices":[{"text":"\xff"}]}')


def test_date_in_retry_after_is_told_by_the_wall_clock():
    translator = OpenAI("openai", OpenAISettings(type="openai"), wall=lambda: 784111777.0)
    head = UpstreamHead(429, {"retry-after": "Sun, 06 Nov 1994 08:49:47 GMT"})
    assert translator.error(head, b"{}").retry_after == 10.0


def test_stream_without_content_type_is_read_as_a_stream():
    assert isinstance(build().decoder(ask(stream=True), UpstreamHead(200, {})), OpenAIStream)


def test_provider_uses_the_shared_transport():
    assert build().transport() is None


def test_request_typed_by_validate_decides_on_streaming():
    body = b'{"model":"m","messages":[{"role":"user","content":"x"}],"stream":false}'
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    typed = msgspec.json.decode(body, type=ChatRequest)
    exchange = Exchange(Request("chat", body, fields=fields, typed=typed), 1.0, 0.0)
    assert dict(build().encode(exchange, TARGET).headers)["accept"] == "application/json"
