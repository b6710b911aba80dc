"""What the simulator answers to forms with files: a transcript, or an image. The same bytes get the same answer."""

from __future__ import annotations

from base64 import b64encode
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from zlib import compress, crc32

import msgspec

from sluicegate.pipeline.provider import UpstreamRequest

from ...multipart.reader import FormReader, PartHead, boundary_of
from .words import sentences

if TYPE_CHECKING:
    from .translator import SimulatorSettings

BYTES_PER_SECOND = 16_000
"""How much of a file counts as a second of sound: 128 kbit/s."""
CREATED = 1_700_000_000
MOST_PICTURES = 10


@dataclass(slots=True)
class Form:
    """A form as the simulator reads it: its texts, and of its files only how many bytes they have and their digest."""

    digest: str = ""
    size: int = 0
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> int:
        """How long the sound is, at least one second."""
        return max(1, -(-self.size // BYTES_PER_SECOND))

    @property
    def streams(self) -> bool:
        """Whether a stream is asked for."""
        return self.texts.get("stream") == "true"


async def read_form(request: UpstreamRequest, seed: int) -> Form:
    """Read an upload piece by piece; none of its files is held. A checkpoint at times."""
    assert request.upload is not None
    reader = FormReader(boundary_of(dict(request.headers).get("content-type", "")))
    form, head = Form(), PartHead("", None, "")
    hashed = blake2b(digest_size=16, key=str(seed).encode()[:64])
    async with aclosing(request.upload.pieces()) as pieces:
        async for piece in pieces:
            for event in reader.feed(piece):
                if isinstance(event, PartHead):
                    head = event
                elif event is not None and head.filename is not None:
                    form.size += len(event)
                    hashed.update(event)
                elif event is not None:
                    form.texts[head.name] = form.texts.get(head.name, "") + event.decode()
    form.digest = hashed.hexdigest()
    return form


def words_of(form: Form, settings: SimulatorSettings) -> list[str]:
    """Return the transcript, word by word."""
    first, *others = sentences(int(form.digest[:8], 16), settings.tokens)
    return [first.lstrip(), *others]


def transcript(form: Form, settings: SimulatorSettings, task: str) -> tuple[str, bytes]:
    """Return the media type and the body of a whole transcript, in the form that is asked for."""
    text, seconds = "".join(words_of(form, settings)), form.seconds
    usage = {"type": "duration", "seconds": seconds}
    asked = form.texts.get("response_format", "json")
    if asked == "text":
        return "text/plain; charset=utf-8", f"{text}\n".encode()
    if asked == "srt":
        return "text/plain; charset=utf-8", f"1\n00:00:00,000 --> {_clock(seconds, ',')}\n{text}\n".encode()
    if asked == "vtt":
        return "text/vtt; charset=utf-8", f"WEBVTT\n\n00:00:00.000 --> {_clock(seconds, '.')}\n{text}\n".encode()
    fields: dict[str, Any] = {"text": text}
    if asked == "verbose_json":
        fields = {"task": task, "language": "english", "duration": seconds, "text": text}
        wanted = form.texts.get("timestamp_granularities[]", "segment")
        fields |= _words(text, seconds) if "word" in wanted else {}
        fields |= {"segments": [_segment(text, seconds)]} if "segment" in wanted else {}
    return "application/json", msgspec.json.encode({**fields, "usage": usage})


def image(form: Form) -> bytes:
    """Return the body of an answer with small images, as many as are wanted, whose colours are the file's."""
    count = _count(form.texts.get("n", ""))
    usage = {"input_tokens": form.seconds, "output_tokens": count, "total_tokens": form.seconds + count}
    digest = bytes.fromhex(form.digest)
    made = [{"b64_json": b64encode(_png(digest[number : number + 3])).decode()} for number in range(count)]
    return msgspec.json.encode({"created": CREATED, "data": made, "usage": usage})


def _count(told: str) -> int:
    return min(int(told), MOST_PICTURES) if told.isascii() and told.isdigit() and int(told[:4]) else 1


def _segment(text: str, seconds: int) -> dict[str, Any]:
    ratios = {"temperature": 0.0, "avg_logprob": -0.1, "compression_ratio": 1.0, "no_speech_prob": 0.0}
    return {"id": 0, "seek": 0, "start": 0.0, "end": float(seconds), "text": text, "tokens": [], **ratios}


def _words(text: str, seconds: int) -> dict[str, Any]:
    words = text.split()
    step = seconds / len(words)
    timed = [{"word": word, "start": at * step, "end": (at + 1) * step} for at, word in enumerate(words)]
    return {"words": timed}


def _clock(seconds: int, point: str) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}000"


def _png(colour: bytes) -> bytes:
    """Return an image of one pixel. https://www.w3.org/TR/png-3/"""
    size = (1).to_bytes(4, "big")
    chunks = ((b"IHDR", size + size + b"\x08\x02\0\0\0"), (b"IDAT", compress(b"\0" + colour)), (b"IEND", b""))
    told = [len(data).to_bytes(4, "big") + kind + data + crc32(kind + data).to_bytes(4, "big") for kind, data in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(told)
