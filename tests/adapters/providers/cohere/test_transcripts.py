"""Transcripts, by Cohere's form and back."""

import inspect

import msgspec
import pytest
from cohere.audio.transcriptions.client import TranscriptionsClient

from sluicegate.adapters.multipart.reader import FormReader, PartHead, boundary_of
from sluicegate.adapters.multipart.spool import Spool
from sluicegate.pipeline.errors import InvalidRequest, UpstreamError
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.files import Extent, SentFile
from sluicegate.pipeline.provider import UpstreamHead, UpstreamRequest
from sluicegate.pipeline.reply import ChunkKind
from tests.adapters.providers.cohere.asking import KEY, cohere
from tests.conformance.provider_sample import ask

JSON = UpstreamHead(200, {"content-type": "application/json"})
TARGET = Target("co", "cohere-transcribe-03-2026")
KNOWN = set(inspect.signature(TranscriptionsClient.create).parameters)
FILE = {"filename": "a.mp3"}
SAID = msgspec.json.encode({"text": "Grüße"})


@pytest.fixture
async def spool():
    kept = Spool()
    await kept.write(b"sound")
    yield kept
    kept.close()


def asking(spool: Spool | None = None, **fields: object) -> Exchange:
    exchange = ask("transcription", **{"model": "our-model", "language": "de", "file": FILE, **fields})
    if spool is not None:
        exchange.request.files = (SentFile("file", "a.mp3", "audio/mpeg", Extent(spool, 0, 5)),)
    return exchange


async def form_in(request: UpstreamRequest) -> dict[str, bytes]:
    """Return the parts of a form by name; Cohere knows all of them."""
    assert request.upload is not None
    reader = FormReader(boundary_of(dict(request.headers)["content-type"]))
    found: dict[str, bytes] = {}
    name = ""
    async for piece in request.upload.pieces():
        for event in reader.feed(piece):
            if isinstance(event, PartHead):
                name = event.name
                found[name] = b""
            elif event is not None:
                found[name] += event
    assert found.keys() <= KNOWN
    return found


async def test_a_form_has_what_cohere_takes(spool):
    exchange = asking(spool, temperature=0.5, prompt="names", chunking_strategy="auto", response_format="json")
    request = cohere().encode(exchange, TARGET)
    assert request.url == "https://api.cohere.com/v2/audio/transcriptions"
    assert dict(request.headers)["authorization"] == f"Bearer {KEY}"
    assert await form_in(request) == {
        "model": TARGET.model.encode(),
        "language": b"de",
        "temperature": b"0.5",
        "file": b"sound",
    }
    assert exchange.notes["dropped"] == "chunking_strategy, prompt"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"language": None}, "missing_required_parameter"),
        ({"language": ""}, "missing_required_parameter"),
        ({"response_format": "srt"}, "unsupported_parameter"),
        ({"response_format": "verbose_json"}, "unsupported_parameter"),
        ({"include": ["logprobs"]}, "unsupported_parameter"),
        ({"known_speaker_names": ["Ann"]}, "unsupported_parameter"),
    ],
    ids=str,
)
def test_what_cannot_be_had_is_refused(fields, code):
    with pytest.raises(InvalidRequest) as caught:
        cohere().encode(asking(**fields), TARGET)
    assert (caught.value.param, caught.value.code) == (next(iter(fields)), code)


def test_hints_are_refused_where_nothing_may_be_left_out():
    with pytest.raises(InvalidRequest, match="prompt"):
        cohere(strict=True).encode(asking(prompt="names"), TARGET)


@pytest.mark.parametrize(
    ("fields", "body", "media_type"),
    [
        ({}, SAID, "application/json"),
        ({"response_format": "json"}, SAID, "application/json"),
        ({"response_format": "text"}, "Grüße\n".encode(), "text/plain; charset=utf-8"),
    ],
)
def test_a_transcript_comes_in_the_form_that_was_asked_for(fields, body, media_type):
    reply, _ = cohere().decode(asking(**fields), JSON, SAID)
    assert (reply.body, reply.media_type) == (body, media_type)


def test_a_transcript_comes_whole_in_the_events_of_a_stream():
    decoder = cohere().decoder(asking(stream=True), JSON)
    assert decoder.feed(SAID) == []
    chunks = decoder.finish()
    assert [chunk.kind for chunk in chunks] == [ChunkKind.CONTENT, ChunkKind.FINISH]
    assert msgspec.json.decode(chunks[1].data) == {"type": "transcript.text.done", "text": "Grüße"}


@pytest.mark.parametrize("wanted", ["json", "text"])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"text":7}', b'{"text":"a', b'{"text":"\xff"}'])
def test_what_is_no_transcript_is_the_providers_error(body, wanted):
    with pytest.raises(UpstreamError, match="'co'"):
        cohere().decode(asking(response_format=wanted), JSON, body)


@pytest.mark.parametrize("wanted", ["json", "text"])
def test_a_page_is_no_transcript(wanted):
    page = UpstreamHead(200, {"content-type": "text/html"})
    with pytest.raises(UpstreamError, match="text/html"):
        cohere().decode(asking(response_format=wanted), page, b"<html>")
    with pytest.raises(UpstreamError, match="text/html"):
        cohere().decoder(asking(stream=True), page)
