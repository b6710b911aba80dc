"""Mistral's speech: a voice by its id, and the sound in JSON.

Sources: https://docs.mistral.ai/studio/audio/text-to-speech, and the types of its SDK (mistralai 3.7).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.reply import Usage

from ..openai.errors import ErrorTable
from ..problem import read_problem
from ..reading import Malformed, read_json
from ..spoken import sound_in
from .media import Fields, write_sound
from .messages import text_in

FORMATS = {"mp3": "audio/mpeg", "wav": "audio/wav", "flac": "audio/flac", "opus": "audio/opus"}
"""Types by the names of formats, which are OpenAI's. It has ``pcm`` too, but nothing says that its samples are as
OpenAI's are."""
_NAMES = {name: name for name in FORMATS}


class _Speech(msgspec.Struct):
    audio_data: str = ""
    error: object = None


class _Voice(msgspec.Struct):
    id: str


_decode = msgspec.json.Decoder(_Speech).decode
_decode_voice = msgspec.json.Decoder(str | _Voice).decode


def format_of(fields: Mapping[str, msgspec.Raw]) -> str:
    """Return the format that is asked for: OpenAI's default where none is named."""
    return text_in(fields.get("response_format")) or "mp3"


def write_speech(fields: Fields, dropped: Dropped) -> None:
    """Ask for speech in Mistral's words. Raises InvalidRequest for a format or a voice that it has not."""
    write_sound(fields, _NAMES, dropped)
    fields["response_format"] = msgspec.Raw(msgspec.json.encode(format_of(fields)))
    fields.pop("stream", None)  # the whole sound is asked for
    if "voice" in fields:
        try:
            voice = _decode_voice(fields.pop("voice"))
        except msgspec.DecodeError as error:
            raise dropped.unsupported("voice") from error
        fields["voice_id"] = msgspec.Raw(msgspec.json.encode(voice if isinstance(voice, str) else voice.id))


def read_speech(errors: ErrorTable, body: bytes) -> tuple[bytes, Usage | None]:
    """Return the sound of an answer; nobody counts its tokens. Raises GatewayError where there is none."""
    try:
        answer = read_json(_decode, body)
        if answer.error:
            raise errors.in_band(read_problem(body))
        sound = sound_in(answer.audio_data)
    except Malformed as error:
        raise errors.nonsense(str(error)) from error
    if not sound:
        raise errors.nonsense("has no sound in it")
    return sound, None
