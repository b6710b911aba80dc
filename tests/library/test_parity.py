"""The same request gets the same answer, and the same error, through the library and over HTTP."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sluicegate import GatewayError, open_gateway
from tests.gateway_process import serving

CONFIG = Path(__file__).parent.parent.parent / "examples" / "config" / "simulator.yaml"
QUESTION = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("gateway"), "--config", str(CONFIG)) as address:
        yield address


def post(url: str, fields: dict[str, Any], path: str = "/v1/chat/completions") -> tuple[int, bytes]:
    request = urllib.request.Request(f"{url}{path}", json.dumps(fields).encode(), {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read()


async def test_a_plain_answer_is_the_same(url):
    _, body = post(url, {"model": "demo", "messages": QUESTION, "max_tokens": 6, "stream": False})
    async with open_gateway(CONFIG, environ={}) as gateway:
        answered = await gateway.chat("demo", QUESTION, max_tokens=6)
    assert answered.data == json.loads(body)


async def test_a_stream_is_the_same(url):
    _, body = post(url, {"model": "demo", "messages": QUESTION, "max_tokens": 6, "stream": True})
    events = body.decode().removesuffix("data: [DONE]\n\n").split("\n\n")
    async with (
        open_gateway(CONFIG, environ={}) as gateway,
        gateway.stream_chat("demo", QUESTION, max_tokens=6) as stream,
    ):
        chunks = [delta.data async for delta in stream]
    assert chunks == [json.loads(event.removeprefix("data: ")) for event in events if event]


async def test_messages_are_the_same(url):
    fields = {"model": "demo", "messages": QUESTION, "max_tokens": 6}
    _, body = post(url, fields, "/v1/messages")
    _, streamed = post(url, {**fields, "stream": True}, "/v1/messages")
    async with open_gateway(CONFIG, environ={}) as gateway:
        answered = await gateway.messages("demo", QUESTION, max_tokens=6)
        async with gateway.stream_messages("demo", QUESTION, max_tokens=6) as stream:
            events = [event.data async for event in stream]
    assert without_ids(answered.data) == without_ids(json.loads(body))
    lines = [line for line in streamed.decode().splitlines() if line.startswith("data: ")]
    assert [without_ids(event) for event in events] == [without_ids(json.loads(line[6:])) for line in lines]


def without_ids(data: dict[str, Any]) -> dict[str, Any]:
    """Return an answer or an event without the id that each answer has of its own."""
    message = data.get("message", {})
    return {**data, "id": None, "message": {**message, "id": None}}


OWN = ("id", "item_id", "created_at", "completed_at")
"""What each response has of its own."""


def alike(data: Any) -> Any:
    """Return a response or an event without what each has of its own."""
    if isinstance(data, list):
        return [alike(one) for one in data]
    return {name: alike(value) for name, value in data.items() if name not in OWN} if isinstance(data, dict) else data


async def test_responses_are_the_same(url):
    tools = [{"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}]
    for fields in (
        {"input": "Hello", "max_output_tokens": 6},
        {"input": QUESTION, "tools": tools, "tool_choice": "required"},
    ):
        _, body = post(url, {"model": "demo", **fields}, "/v1/responses")
        _, streamed = post(url, {"model": "demo", **fields, "stream": True}, "/v1/responses")
        options = {name: value for name, value in fields.items() if name != "input"}
        async with open_gateway(CONFIG, environ={}) as gateway:
            answered = await gateway.responses("demo", fields["input"], **options)
            async with gateway.stream_responses("demo", fields["input"], **options) as stream:
                events = [event async for event in stream]
        assert alike(answered.data) == alike(json.loads(body))
        lines = [line for line in streamed.decode().splitlines() if line.startswith("data: ")]
        assert [alike(event.data) for event in events] == [alike(json.loads(line[6:])) for line in lines]
        said = [part["text"] for item in events[-1].response["output"] for part in item.get("content", ())]
        assert "".join(event.text for event in events) == "".join(said)
        assert bool(answered.text) == bool(said)
        assert [call["name"] for call in answered.function_calls] == [tool["name"] for tool in fields.get("tools", ())]
        assert answered.status == events[-1].response["status"]


async def test_a_response_goes_on_from_another_in_this_program():
    async with open_gateway(CONFIG, environ={}) as gateway:
        first = await gateway.responses("demo", "Hello")
        second = await gateway.responses("demo", "More", previous_response_id=first.id)
        with pytest.raises(GatewayError) as raised:
            await gateway.responses("demo", "More", previous_response_id="resp_none")
        with pytest.raises(TypeError, match="stream_responses"):
            await gateway.responses("demo", "Hello", stream=True)
    assert second.usage.input > first.usage.input
    assert (raised.value.status, raised.value.code) == (404, "previous_response_not_found")


@pytest.mark.parametrize(("model", "items"), [("nobody/knows", "Hello"), ("demo", []), ("demo", [{"role": "king"}])])
async def test_an_error_of_a_response_is_the_same(url, model, items):
    status, body = post(url, {"model": model, "input": items, "stream": False}, "/v1/responses")
    async with open_gateway(CONFIG, environ={}) as gateway:
        with pytest.raises(GatewayError) as raised:
            await gateway.responses(model, items)
    error = raised.value
    told = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    assert (error.status, {"error": told}) == (status, json.loads(body))


@pytest.mark.parametrize(
    ("model", "messages"), [("nobody/knows", QUESTION), ("demo", []), ("demo", [{"role": "user", "content": 7}])]
)
async def test_an_error_is_the_same(url, model, messages):
    status, body = post(url, {"model": model, "messages": messages, "stream": False})
    async with open_gateway(CONFIG, environ={}) as gateway:
        with pytest.raises(GatewayError) as raised:
            await gateway.chat(model, messages)
    error = raised.value
    told = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    assert (error.status, {"error": told}) == (status, json.loads(body))


async def test_images_judgements_and_rankings_are_the_same(url):
    documents = ["a dog", {"text": "the red cat"}]
    _, image = post(url, {"model": "demo", "prompt": "a cat", "n": 2}, "/v1/images/generations")
    _, judged = post(url, {"model": "demo", "input": ["I hate you"]}, "/v1/moderations")
    _, ranked = post(url, {"model": "demo", "query": "cat", "documents": documents, "top_n": 1}, "/v1/rerank")
    async with open_gateway(CONFIG, environ={}) as gateway:
        assert (await gateway.image("demo", "a cat", n=2)).data == json.loads(image)
        assert (await gateway.moderate("demo", ["I hate you"])).data == json.loads(judged)
        assert (await gateway.rerank("demo", "cat", documents, top_n=1)).data == json.loads(ranked)


async def test_sound_is_the_same_and_so_is_its_error(url):
    asked = {"model": "demo", "input": "two words", "voice": "alloy"}
    _, sound = post(url, asked, "/v1/audio/speech")
    status, refused = post(url, {**asked, "response_format": "mp3"}, "/v1/audio/speech")
    async with open_gateway(CONFIG, environ={}) as gateway:
        async with gateway.speech("demo", "two words") as said:
            assert (await said.read(), said.media_type) == (sound, "audio/wav")
        with pytest.raises(GatewayError) as raised:
            async with gateway.speech("demo", "two words", response_format="mp3"):
                pass
    told = json.loads(refused)["error"]
    assert (raised.value.status, raised.value.message) == (status, told["message"])


def post_form(url: str, file: bytes, **fields: str) -> tuple[int, bytes]:
    start = "--xyz\r\ncontent-disposition: form-data; name="
    parts = [f'{start}"{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()]
    parts.append(f'{start}"file"; filename="a.mp3"\r\n\r\n')
    body = "".join(parts).encode() + file + b"\r\n--xyz--\r\n"
    content_type = {"content-type": "multipart/form-data; boundary=xyz"}
    request = urllib.request.Request(f"{url}/v1/audio/transcriptions", body, content_type)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read()


async def test_a_transcript_is_the_same(url):
    _, whole = post_form(url, b"sound", model="demo")
    _, text = post_form(url, b"sound", model="demo", response_format="vtt")
    async with open_gateway(CONFIG, environ={}) as gateway:
        assert (await gateway.transcribe("demo", b"sound")).data == json.loads(whole)
        assert (await gateway.transcribe("demo", b"sound", response_format="vtt")).text == text.decode()


@pytest.mark.parametrize(
    ("file", "fields"), [(b"", {}), (b"x", {"temperature": "7"}), (b"x", {"response_format": "xml"})]
)
async def test_an_error_of_a_transcript_is_the_same(url, file, fields):
    status, body = post_form(url, file, model="demo", **fields)
    async with open_gateway(CONFIG, environ={}) as gateway:
        with pytest.raises(GatewayError) as raised:
            await gateway.transcribe("demo", file, **fields)
    error = raised.value
    told = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    assert (error.status, {"error": told}) == (status, json.loads(body))
