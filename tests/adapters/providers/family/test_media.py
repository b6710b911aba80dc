"""What each member of the family is asked, and what its answers become, beside chats and vectors."""

import msgspec
import pytest

from sluicegate.adapters.providers.openai import OpenAI, OpenAISettings
from sluicegate.pipeline.errors import GatewayError, InvalidRequest, StreamInterrupted, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import ChunkKind, Usage
from tests.adapters.providers.family.wires import build
from tests.conformance.provider_sample import ask

JSON = UpstreamHead(200, {"content-type": "application/json"})
SSE = UpstreamHead(200, {"content-type": "text/event-stream"})
TARGET = Target("upstream", "their-model")
SPEECH = {"model": "m", "input": "hello", "voice": "v"}
IMAGE = {"model": "m", "prompt": "a cat"}
RERANK = {"model": "m", "query": "q", "documents": ["a", "b"]}
OPENROUTERS = {
    *("model", "prompt", "aspect_ratio", "background", "input_references", "n", "output_compression", "output_format"),
    *("provider", "quality", "resolution", "seed", "session_id", "size", "stream", "trace", "user"),
}
"""What its SDK (1.3.84) has in ``ImageGenerationRequest``."""
MEDIA = {"image", "speech", "moderation", "rerank"}


def openai(base_url: str = "http://127.0.0.1:9/v1") -> OpenAI:
    return OpenAI("upstream", OpenAISettings(type="openai", base_url=base_url))


def sent(translator: OpenAI, operation: str, **fields) -> tuple[str, dict, str]:
    """Return the URL, the body and what was dropped."""
    exchange = ask(operation, **fields)
    request = translator.encode(exchange, TARGET)
    return request.url, msgspec.json.decode(request.body), exchange.notes.get("dropped", "")


def answered(translator: OpenAI, operation: str, body: object, **fields) -> tuple[dict, Usage | None]:
    reply, usage = translator.decode(ask(operation, **fields), JSON, msgspec.json.encode(body))
    return msgspec.json.decode(reply.body), usage


@pytest.mark.parametrize(
    ("type_", "has"),
    [
        ("azure", {"image", "speech"}),
        ("custom", set()),
        ("groq", {"speech"}),
        ("mistral", {"moderation", "speech"}),
        ("openrouter", {"image", "speech", "rerank"}),
        ("perplexity", set()),
        ("together", {"image", "speech", "rerank"}),
    ],
)
def test_each_has_what_its_api_has(type_, has):
    assert build(type_).operations() & MEDIA == has


def test_openai_itself_has_no_rerank_and_its_like_may():
    assert openai("https://api.openai.com/v1").operations() & MEDIA == MEDIA - {"rerank"}
    assert openai().operations() & MEDIA == MEDIA


def test_unknown_fields_and_the_stream_pass_to_openai_as_they_are():
    url, body, dropped = sent(openai(), "image", **IMAGE, stream=True, partial_images=1, seed=7)
    assert url == "http://127.0.0.1:9/v1/images/generations"
    assert body == {"model": "their-model", "prompt": "a cat", "stream": True, "partial_images": 1, "seed": 7}
    assert dropped == ""


def test_azure_names_the_deployment_in_the_path():
    azure = build("azure", api_version="2025-04-01-preview")
    root = "https://res.openai.azure.com/openai/deployments/their-model"
    assert sent(azure, "image", **IMAGE)[0] == f"{root}/images/generations?api-version=2025-04-01-preview"
    assert sent(azure, "speech", **SPEECH)[0] == f"{root}/audio/speech?api-version=2025-04-01-preview"


def test_custom_has_what_its_paths_say():
    custom = build("custom", paths={"rerank": "/score/rerank", "speech": "https://tts.test/say", "image": ""})
    assert custom.operations() & MEDIA == {"rerank", "speech"}
    assert sent(custom, "rerank", **RERANK)[0] == "http://localhost:8000/v1/score/rerank"
    assert sent(custom, "speech", **SPEECH)[0] == "https://tts.test/say"


def test_groq_and_together_are_asked_for_sound_by_their_own_names():
    _, body, dropped = sent(build("groq"), "speech", **SPEECH, response_format="opus", instructions="soft")
    assert body == {**SPEECH, "model": "their-model", "response_format": "ogg"}
    assert dropped == "instructions"
    _, body, dropped = sent(build("together"), "speech", **SPEECH, response_format="pcm", speed=2.0)
    assert (body["response_format"], dropped) == ("raw", "speed")
    for fields in ({"response_format": "aac"}, {"stream_format": "sse"}):
        with pytest.raises(InvalidRequest, match=next(iter(fields))):
            sent(build("groq"), "speech", **SPEECH, **fields)


def test_together_takes_sides_for_a_size_and_base64_by_another_name():
    fields = {"size": "512x256", "response_format": "b64_json", "quality": "high", "steps": 4}
    url, body, dropped = sent(build("together"), "image", **IMAGE, **fields)
    assert url == "https://api.together.xyz/v1/images/generations"
    sides = {"width": 512, "height": 256}
    assert body == {"model": "their-model", "prompt": "a cat", "steps": 4, "response_format": "base64", **sides}
    assert dropped == "quality"
    with pytest.raises(InvalidRequest, match="size"):
        sent(build("together"), "image", **IMAGE, size="large")


def test_openrouter_takes_images_at_a_path_of_its_own_and_by_its_own_qualities():
    fields = {"n": 2, "size": "1024x1024", "quality": "hd", "style": "vivid", "response_format": "b64_json"}
    url, body, dropped = sent(build("openrouter"), "image", **IMAGE, **fields, stream=True)
    assert url == "https://openrouter.ai/api/v1/images"
    assert body == {"model": "their-model", "prompt": "a cat", "n": 2, "size": "1024x1024", "quality": "high"}
    assert body.keys() <= OPENROUTERS
    assert dropped == "style"
    kept = sent(build("openrouter"), "image", **IMAGE, size="auto", quality="low", seed=7, aspect_ratio="16:9")[1]
    assert kept == {"model": "their-model", "prompt": "a cat", "quality": "low", "seed": 7, "aspect_ratio": "16:9"}
    with pytest.raises(InvalidRequest, match="response_format"):
        sent(build("openrouter"), "image", **IMAGE, response_format="url")


def test_openrouters_images_come_with_tokens_by_openais_names():
    used = {"prompt_tokens": 3, "completion_tokens": 40, "total_tokens": 43, "cost": 0.01}
    came = {"created": 9, "data": [{"b64_json": "AA==", "media_type": "image/png"}], "usage": used}
    told, usage = answered(build("openrouter"), "image", came, **IMAGE)
    assert told["data"] == [{"b64_json": "AA=="}]
    assert told["usage"] == {"input_tokens": 3, "output_tokens": 40, "total_tokens": 43, "cost": 0.01}
    assert (told["created"], usage) == (9, Usage(input=3, output=40, images=1, image_output=40, charged=10_000_000))


def test_togethers_images_get_a_date_and_lose_what_openai_has_no_name_for():
    came = {"id": "o", "object": "list", "data": [{"index": 0, "type": "b64_json", "b64_json": "AA==", "url": None}]}
    told, usage = answered(build("together", wall=lambda: 7.5), "image", came, **IMAGE)
    assert (told["created"], told["data"]) == (7, [{"b64_json": "AA=="}])
    assert usage == Usage(images=1)


def test_mistrals_judgement_gets_a_verdict_and_openais_categories():
    came = {"results": [{"categories": {"selfharm": True, "pii": False}, "category_scores": {"selfharm": 0.8}}]}
    told, _ = answered(build("mistral"), "moderation", came, model="m", input="x")
    (result,) = told["results"]
    assert result["flagged"] is True
    assert (result["categories"]["self-harm"], result["categories"]["selfharm"]) == (True, True)
    assert (result["category_scores"]["self-harm"], result["category_scores"]["violence/graphic"]) == (0.8, 0.0)
    assert len(result["category_applied_input_types"]) == 13
    parts = [{"type": "text", "text": "x"}]
    with pytest.raises(InvalidRequest, match="input"):
        sent(build("mistral"), "moderation", model="m", input=parts)


def test_a_ranking_gets_its_identity_account_and_model():
    came = {"results": [{"index": 1, "relevance_score": 0.5, "document": "b"}], "usage": {"total_tokens": 9}}
    told, usage = answered(build("together"), "rerank", came, **RERANK, return_documents=True)
    assert told.pop("id").startswith("rerank-")
    assert told == {
        "model": "m",
        "results": [{"index": 1, "relevance_score": 0.5, "document": {"text": "b"}}],
        "meta": {"billed_units": {"search_units": 1}},
        "usage": {"total_tokens": 9},
    }
    assert usage == Usage(input=9)
    told, _ = answered(build("together"), "rerank", came, **RERANK)
    assert "document" not in told["results"][0]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b'{"results":{}}', b'{"results":[{}]}', b'{"results":[', b"[]"]
)
@pytest.mark.parametrize("operation", ["rerank", "moderation", "image"])
def test_what_is_no_answer_is_the_providers_error(operation, body):
    if operation == "moderation" and body == b'{"results":[{}]}':
        return  # of its shape, and passed on as it is
    fields = {"rerank": RERANK, "moderation": {"model": "m", "input": "x"}, "image": IMAGE}[operation]
    with pytest.raises(UpstreamError, match="'upstream'"):
        openai().decode(ask(operation, **fields), JSON, body)


def completed(**fields: object) -> bytes:
    event = {"type": "image_generation.completed", "b64_json": "AA==", **fields}
    return b"event: image_generation.completed\ndata: " + msgspec.json.encode(event) + b"\n\n"


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_images_in_a_stream_keep_their_names_and_end_with_the_last_one(size):
    usage = {"input_tokens": 3, "output_tokens": 5}
    data = b'event: image_generation.partial_image\ndata: {"type":"image_generation.partial_image"}\n\n'
    data += completed(usage=usage) * 2
    decoder = openai().decoder(ask("image", **IMAGE, stream=True, n=2), SSE)
    chunks = [chunk for at in range(0, len(data), size) for chunk in decoder.feed(data[at : at + size])]
    assert [chunk.event.rpartition(".")[2] for chunk in chunks] == ["partial_image", "completed", "completed"]
    assert decoder.done
    assert decoder.usage == Usage(input=6, output=10, images=2, image_output=10)


def test_a_stream_of_images_that_ends_too_soon_was_cut():
    decoder = openai().decoder(ask("image", **IMAGE, stream=True, n=2), SSE)
    assert len(decoder.feed(completed())) == 1
    with pytest.raises(StreamInterrupted, match="'upstream'"):
        decoder.finish()


def test_errors_in_a_stream_are_errors_behind_what_came_before():
    decoder = openai().decoder(ask("image", **IMAGE, stream=True, n=2), SSE)
    assert len(decoder.feed(completed() + b'event: error\ndata: {"error":{"message":"no more"}}\n\n')) == 1
    with pytest.raises(GatewayError, match="no more"):
        decoder.feed(b"")
    decoder = openai().decoder(ask("speech", **SPEECH, stream_format="sse"), SSE)
    with pytest.raises(UpstreamError, match="not of its API"):
        decoder.feed(b"data: {nonsense\n\n")


def test_a_whole_answer_to_who_wants_a_stream_becomes_an_event_an_image():
    decoder = openai().decoder(ask("image", **IMAGE, stream=True), JSON)
    assert decoder.feed(b'{"created":7,"data":[{"b64_json":"AA=="},{"b64_json":"AQ=="}]}') == []
    chunks = decoder.finish()
    assert [msgspec.json.decode(chunk.data)["b64_json"] for chunk in chunks] == ["AA==", "AQ=="]
    assert {chunk.event for chunk in chunks} == {"image_generation.completed"}
    assert decoder.usage == Usage(images=2)


def test_speech_in_events_ends_with_its_last():
    decoder = openai().decoder(ask("speech", **SPEECH, stream_format="sse"), SSE)
    data = b'data: {"type":"speech.audio.delta","audio":"AA=="}\n\n'
    data += b'data: {"type":"speech.audio.done","usage":{"input_tokens":2,"output_tokens":3}}\n\n'
    assert [chunk.kind for chunk in decoder.feed(data)] == [ChunkKind.CONTENT, ChunkKind.FINISH]
    assert decoder.usage == Usage(input=2, output=3, characters=5)


@pytest.mark.parametrize("media_type", ["text/html", "application/json", "image/png", "text/event-stream"])
def test_what_nobody_can_hear_is_no_speech(media_type):
    with pytest.raises(UpstreamError, match=r"'upstream' is .*, not sound"):
        openai().decoder(ask("speech", **SPEECH), UpstreamHead(200, {"content-type": media_type}))


def test_sound_passes_byte_for_byte_under_its_own_type():
    decoder = openai().decoder(ask("speech", **SPEECH), UpstreamHead(200, {"content-type": "audio/L16; rate=24000"}))
    assert [chunk.data for chunk in decoder.feed(b"\x00\xff\n")] == [b"\x00\xff\n"]
    assert (decoder.finish(), decoder.media_type) == ([], "audio/L16; rate=24000")
    empty = openai().decoder(ask("speech", **SPEECH), UpstreamHead(200, {}))
    with pytest.raises(UpstreamError, match="has nothing in it"):
        empty.finish()
