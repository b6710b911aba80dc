"""Speech: OpenAI's requests as a chat with a model of Gemini that answers in sound.

Source: https://ai.google.dev/gemini-api/docs/speech-generation. The sound is bare samples of 16 bits, the lower byte
first, on one channel; its type says how many there are in a second.
"""

from __future__ import annotations

import re
import struct
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from sluicegate.pipeline.errors import GatewayError, InvalidRequest
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.schemas import SpeechRequest

from ..reading import Malformed
from ..spoken import WholeSpeech, sound_in
from .answer import refuse
from .errors import GoogleErrors
from .tables import FINISHES
from .wire import Blob, Frame, read_frame, read_usage

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange

RATE = 24000
"""Samples in a second, of 16 bits each; OpenAI's ``pcm`` has as many."""
FORMATS = {"wav": "audio/wav", "pcm": "audio/pcm"}
_SAMPLES = ("audio/l16", "audio/pcm")
_RATE = re.compile(r";\s*rate=([1-9]\d{3,5})(?!\d)")


def speech_body(exchange: Exchange, dropped: Dropped) -> tuple[str, bytes]:
    """Return the method to call, and its body.

    Args:
        exchange: What is asked. Who names no format gets WAV, since there is no MP3.
        dropped: Takes what has to be left out.

    Raises:
        InvalidRequest: The request asks for what the API has not.
    """
    asked = _request(exchange)
    if asked.response_format not in (None, *FORMATS):
        raise dropped.unsupported("response_format", f"response_format {asked.response_format!r}")
    if asked.stream_format == "sse":
        raise dropped.unsupported("stream_format")
    if not isinstance(asked.voice, str):
        raise dropped.unsupported("voice", "voice of the caller's own")
    for name in ("speed", "instructions"):
        if getattr(asked, name) is not None:
            dropped.drop(name)
    voice = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": asked.voice}}}
    config = {"responseModalities": ["AUDIO"], "speechConfig": voice}
    contents = [{"role": "user", "parts": [{"text": asked.input}]}]
    return "generateContent", msgspec.json.encode({"contents": contents, "generationConfig": config})


def speech_stream(name: str, errors: GoogleErrors, exchange: Exchange, head: UpstreamHead) -> WholeSpeech:
    """Return a decoder for the answer, which comes whole. Raises UpstreamError where it is none, such as a page."""
    errors.check_type(head)
    asked = _request(exchange)
    form = asked.response_format or "wav"
    return WholeSpeech(name, FORMATS[form], len(asked.input), partial(_read, errors, form))


def _read(errors: GoogleErrors, form: str, body: bytes) -> tuple[bytes, Usage | None]:
    """Return the sound of an answer, and its tokens.

    Raises:
        InvalidRequest: There is none, since the text may not be said.
        UpstreamError: The answer is none of the API's.
    """
    try:
        frame = read_frame(body)
        refuse(frame, errors, body)
        blobs = _blobs(frame)
        sound = b"".join(sound_in(blob.data) for blob in blobs)
        if not sound:
            raise _silence(frame, errors)
        rate = _rate(blobs[0].mime_type)
    except Malformed as error:
        raise errors.nonsense(str(error)) from error
    if form == "pcm" and rate != RATE:
        raise errors.nonsense(f"has {rate} samples a second, where {RATE} make pcm")
    return (sound if form == "pcm" else wav(sound, rate)), read_usage(frame.usage_metadata)


def _blobs(frame: Frame) -> list[Blob]:
    """Return the pieces of sound, in order."""
    contents = [one.content for one in frame.candidates or () if one.content is not None]
    parts = [part for content in contents[:1] for part in content.parts or ()]
    return [part.inline_data for part in parts if part.inline_data is not None and not part.thought]


def _silence(frame: Frame, errors: GoogleErrors) -> GatewayError:
    """Return the error for an answer without sound: the text may not be said, or the model has failed."""
    reasons = [one.finish_reason or "" for one in frame.candidates or ()]
    # OTHER is also how these models fail for no reason of the text: another try may help.
    if reasons and reasons[0] != "OTHER" and FINISHES.get(reasons[0]) == "content_filter":
        told = "the provider's safety filters let no speech of this text through"
        return InvalidRequest(told, code="content_policy_violation", param="input")
    return errors.nonsense("has no sound in it")


def _rate(media_type: str) -> int:
    """Return how many samples a second has. Raises Malformed for sound of another kind."""
    lowered = media_type.lower()
    if lowered and not lowered.startswith(_SAMPLES):
        raise Malformed(f"is {media_type[:80]}, not bare samples")
    found = _RATE.search(lowered)
    return int(found[1]) if found else RATE


def wav(samples: bytes, rate: int) -> bytes:
    """Return samples of 16 bits on one channel as a file: RIFF's header, and them."""
    size = len(samples)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + form + struct.pack("<4sI", b"data", size) + samples


def _request(exchange: Exchange) -> SpeechRequest:
    """Return the typed request; it is there unless `validate` is not in the pipeline."""
    typed = exchange.request.typed
    if isinstance(typed, SpeechRequest):
        return typed
    try:
        return msgspec.json.decode(exchange.request.body, type=SpeechRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"the request for speech makes no sense: {error}") from error
