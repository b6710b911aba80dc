"""What the simulator sends for pictures, sounds, judgements and ranks, and when."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import msgspec

from .answers import CREATED
from .forms import MOST_PICTURES
from .media import FORMATS, judged, picture_events, pictures, relevance, sound
from .play import Script, error_script, time_of
from .request import Asked

if TYPE_CHECKING:
    from .translator import SimulatorSettings

_encode = msgspec.json.encode


def media_script(settings: SimulatorSettings, url: str, asked: Asked, identity: str) -> Script | None:
    """Return the script for a request of this kind, or None for another."""
    if url.endswith("/images/generations"):
        return _images(settings, asked)
    if url.endswith("/audio/speech"):
        return _speech(settings, asked)
    if url.endswith("/moderations"):
        results = [judged(text) for text in asked.texts]
        return _whole(settings, {"id": f"modr-{identity}", "model": asked.model, "results": results})
    if url.endswith("/rerank"):
        return _rerank(settings, asked, identity)
    return None


def _whole(settings: SimulatorSettings, answer: object) -> Script:
    at = settings.first_token
    return Script(200, "application/json", at, ((at, _encode(answer)),))


def _images(settings: SimulatorSettings, asked: Asked) -> Script:
    prompt = asked.prompt if isinstance(asked.prompt, str) else ""
    count = min(max(1, asked.n or 1), MOST_PICTURES)
    if asked.response_format == "url":
        told = "the simulator keeps no pictures, so it has no url of them: ask for b64_json"
        return error_script(400, "invalid_request_error", "unsupported_value", told, settings)
    if not asked.stream:
        return _whole(settings, pictures(prompt, count, settings.seed, CREATED))
    partial = min(max(0, asked.partial_images or 0), 3)
    events = picture_events(prompt, count, partial, settings.seed, CREATED)
    steps = tuple(
        (time_of(settings, place), b"event: %s\ndata: %s\n\n" % (name.encode(), _encode(event)))
        for place, (name, event) in enumerate(events)
    )
    return Script(200, "text/event-stream", 0.0, steps)


def _speech(settings: SimulatorSettings, asked: Asked) -> Script:
    form = asked.response_format or "wav"
    if form not in FORMATS:
        told = f"the simulator speaks {' and '.join(FORMATS)}, not {form[:40]}"
        return error_script(400, "invalid_request_error", "unsupported_value", told, settings)
    text = asked.texts[0]
    pieces = sound(text, form)
    times = [time_of(settings, place) for place in range(len(pieces))]
    if asked.stream_format != "sse":
        return Script(200, FORMATS[form], times[0] if times else 0.0, tuple(zip(times, pieces, strict=True)))
    steps = [(at, _event("delta", audio=b64encode(piece).decode())) for at, piece in zip(times, pieces, strict=True)]
    words = len(text.split())
    usage = {"input_tokens": words, "output_tokens": words, "total_tokens": 2 * words}
    return Script(200, "text/event-stream", 0.0, (*steps, (steps[-1][0], _event("done", usage=usage))))


def _event(name: str, **fields: object) -> bytes:
    return b"data: " + _encode({"type": f"speech.audio.{name}", **fields}) + b"\n\n"


def _rerank(settings: SimulatorSettings, asked: Asked, identity: str) -> Script:
    texts = [_text(document) for document in asked.documents]
    scores = [(relevance(asked.query, text), index) for index, text in enumerate(texts)]
    scores.sort(key=lambda one: (-one[0], one[1]))
    results = [
        {"index": index, "relevance_score": score, "document": {"text": texts[index]}}
        for score, index in scores[: asked.top_n or len(scores)]
    ]
    tokens = sum(len(text.split()) for text in (asked.query, *texts))
    meta = {"billed_units": {"search_units": 1}}
    usage = {"total_tokens": tokens}
    answer = {"id": f"rerank-{identity}", "model": asked.model, "results": results, "meta": meta, "usage": usage}
    return _whole(settings, answer)


def _text(document: object) -> str:
    if isinstance(document, dict):
        document = document.get("text")
    return document if isinstance(document, str) else ""
