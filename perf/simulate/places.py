"""Which API a path belongs to, and what of the request stands in the path.

Addresses differ by host and by what precedes the operation (``/openai/deployments/x``, ``/v1/projects/...``), so the
end of the path decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from .voices import media, others, vectors
from .voices.anthropic import AnthropicVoice
from .voices.cohere import CohereVoice
from .voices.converse import ConverseVoice
from .voices.gemini import GeminiVoice
from .voices.ollama import OllamaVoice
from .voices.openai import OpenAIVoice
from .voices.responses import ResponsesVoice
from .voices.voice import Voice

if TYPE_CHECKING:
    from .asked import Asked

Vectors = Callable[[str, int, int, bool], Any]
Media = Callable[["Asked", str, int], tuple[bytes, bytes]]
"""From what is asked, a model and how many tokens to a media type and a body."""


class Place(msgspec.Struct, frozen=True):
    """What is asked for at a path.

    Attributes:
        voice: Who says what goes wrong, and the text if text is asked for.
        vectors: Makes embeddings, where those are.
        media: Makes what is no text, where that is.
        form: Whether the body is a form, which is not looked into.
        model: In the path; empty where it is in the body.
        stream: Whether the path asks for a stream, or what is meant where the body does not say.
    """

    voice: Voice
    vectors: Vectors | None = None
    media: Media | None = None
    form: bool = False
    model: str = ""
    stream: bool | None = None


_CHAT, _COMPLETION, _RESPONSES = OpenAIVoice(chat=True), OpenAIVoice(chat=False), ResponsesVoice()
_MESSAGES, _COHERE, _OLLAMA, _CONVERSE = AnthropicVoice(), CohereVoice(), OllamaVoice(), ConverseVoice()
_GEMINI, _GEMINI_EVENTS = GeminiVoice(events=False), GeminiVoice(events=True)
_ENDS: tuple[tuple[str, Place], ...] = (
    ("/chat/completions", Place(_CHAT)),
    ("/completions", Place(_COMPLETION)),
    ("/embeddings", Place(_CHAT, vectors.openais)),
    ("/responses", Place(_RESPONSES)),
    ("/images/generations", Place(_CHAT, media=media.pictures)),
    ("/v1/images", Place(_CHAT, media=media.pictures)),
    ("/images/edits", Place(_CHAT, media=media.pictures, form=True)),
    ("/images/variations", Place(_CHAT, media=media.pictures, form=True)),
    ("/audio/speech", Place(_CHAT, media=media.speech)),
    ("/audio/transcriptions", Place(_CHAT, media=media.transcript, form=True)),
    ("/audio/translations", Place(_CHAT, media=media.transcript, form=True)),
    ("/moderations", Place(_CHAT, media=media.judgements)),
    ("/v2/rerank", Place(_COHERE, media=media.ranks)),
    ("/rerank", Place(_CHAT, media=media.ranks)),
    ("/v1/messages", Place(_MESSAGES)),
    ("/messages/count_tokens", Place(_MESSAGES, media=others.anthropics_count)),
    ("/v2/chat", Place(_COHERE)),
    ("/v2/embed", Place(_COHERE, vectors.coheres)),
    ("/api/chat", Place(_OLLAMA, stream=True)),
    ("/api/embed", Place(_OLLAMA, vectors.ollamas)),
    ("/invoke", Place(_CONVERSE, media=others.invoked)),
    ("/count-tokens", Place(_CONVERSE, media=others.bedrocks_count)),
    ("/converse", Place(_CONVERSE, stream=False)),
    ("/converse-stream", Place(_CONVERSE, stream=True)),
    (":rawPredict", Place(_MESSAGES, stream=False)),
    (":streamRawPredict", Place(_MESSAGES, stream=True)),
    (":predict", Place(_GEMINI, media=others.predictions)),
    (":rank", Place(_GEMINI, media=others.vertex_ranks)),
    (":countTokens", Place(_GEMINI, media=others.googles_count)),
    (":generateContent", Place(_GEMINI, stream=False)),
    (":streamGenerateContent", Place(_GEMINI, stream=True)),
    (":embedContent", Place(_GEMINI, vectors.geminis)),
    (":batchEmbedContents", Place(_GEMINI, vectors.geminis_many)),
)
_MODEL = re.compile(r"/(?:models?|deployments)/(?P<model>.+?)(?::[A-Za-z]+|/[a-z/-]+)\Z")


def place_of(path: str, query: str) -> Place | None:
    """Return what is asked for at a path, percent-encoded, or None where nothing is."""
    place = next((place for end, place in _ENDS if path.endswith(end)), None)
    if place is None:
        return None
    if place.voice is _GEMINI and "alt=sse" in query.split("&"):
        place = msgspec.structs.replace(place, voice=_GEMINI_EVENTS)
    named = _MODEL.search(path)
    return place if named is None else msgspec.structs.replace(place, model=unquote(named["model"]))


def as_asked(place: Place, asked: Asked) -> Place:
    """Return what the body means at a path where several things may be asked for."""
    if asked.sources is not None:
        return msgspec.structs.replace(place, media=others.bedrocks_ranks)
    if asked.speaks_mistral and place.media is media.speech:
        return msgspec.structs.replace(place, media=others.mistrals_speech)
    if place.stream is False and "IMAGE" in asked.modalities:
        return msgspec.structs.replace(place, media=others.geminis_picture)
    if place.stream is False and "AUDIO" in asked.modalities:
        return msgspec.structs.replace(place, media=others.geminis_speech)
    return place
