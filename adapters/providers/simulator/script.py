"""What the simulator will send, and when: decided as a whole from the request and the seed, before anything is sent."""

from __future__ import annotations

from hashlib import blake2b
from random import Random
from struct import Struct
from typing import TYPE_CHECKING, Any

import msgspec

from sluicegate.pipeline.heavy import LARGE

from .answers import Answer, answers_to, contents, ending, number_of_answers, opening, whole
from .forms import Form, image, transcript, words_of
from .media_script import media_script
from .play import Ending, Script, error_script, time_of
from .request import Asked
from .vectors import DIMENSIONS, MOST_DIMENSIONS, packed, vector

if TYPE_CHECKING:
    from .translator import SimulatorSettings

PER_TOKEN = 512
PER_DIMENSION = 64
"""How many bytes are read in the time that is needed to make up a token, or one number of a vector."""

CERTAIN = 2**32
"""What 1 is of luck, which is drawn in whole numbers below this."""
_LUCK = Struct("<4I")  # from the digest: to seed a generator of Python's takes longer than to make up the answer

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Asked).decode


def weight(settings: SimulatorSettings, url: str, body: bytes) -> int:
    """Return how much work a script is, as the number of bytes that are as much to read."""
    if len(body) > LARGE:
        return len(body)
    try:
        asked = _decode(body)
    except (msgspec.DecodeError, RecursionError):
        return 0
    if url.endswith("/embeddings"):
        dimensions = DIMENSIONS if asked.dimensions is None else asked.dimensions
        return len(asked.texts) * min(dimensions, MOST_DIMENSIONS) * PER_DIMENSION
    return number_of_answers(asked) * settings.tokens * PER_TOKEN


def script_for(settings: SimulatorSettings, url: str, body: bytes) -> Script:
    """Return the script for a request."""
    digest = blake2b(body, digest_size=32, key=str(settings.seed).encode()[:64]).digest()
    failed, cut, stalled, seed = _LUCK.unpack_from(digest)
    if failed < settings.error_rate * CERTAIN:
        return error_script(500, "server_error", "server_error", "the simulator failed: error_rate wants it", settings)
    try:
        asked = _decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        return error_script(
            400, "invalid_request_error", "invalid_value", f"the body is not a request: {error}", settings
        )
    script = _answer(settings, url, asked, digest[-12:].hex(), seed)
    if script.status != 200:
        return script
    if cut < settings.cut_rate * CERTAIN:
        return _broken(script, Ending.CUT, seed)
    if stalled < settings.stall_rate * CERTAIN:
        return _broken(script, Ending.STALL, seed)
    return script


def script_for_form(settings: SimulatorSettings, url: str, form: Form) -> Script:
    """Return the script for a form with files."""
    failed, cut, stalled, seed = _LUCK.unpack(bytes.fromhex(form.digest))
    if failed < settings.error_rate * CERTAIN:
        return error_script(500, "server_error", "server_error", "the simulator failed: error_rate wants it", settings)
    script = _form_answer(settings, url, form)
    if cut < settings.cut_rate * CERTAIN:
        return _broken(script, Ending.CUT, seed)
    return _broken(script, Ending.STALL, seed) if stalled < settings.stall_rate * CERTAIN else script


def _form_answer(settings: SimulatorSettings, url: str, form: Form) -> Script:
    spoken = "/audio/" in url
    if spoken and form.streams:
        words = words_of(form, settings)
        steps = [(time_of(settings, at), _event("transcript.text.delta", delta=word)) for at, word in enumerate(words)]
        usage = {"type": "duration", "seconds": form.seconds}
        last = _event("transcript.text.done", text="".join(words), usage=usage)
        return Script(200, "text/event-stream", 0.0, (*steps, (steps[-1][0], last)))
    task = "translate" if url.endswith("/translations") else "transcribe"
    media_type, body = transcript(form, settings, task) if spoken else ("application/json", image(form))
    ends = time_of(settings, settings.tokens - 1)
    return Script(200, media_type, ends, ((ends, body),))


def _event(kind: str, **fields: Any) -> bytes:
    return b"data: " + _encode({"type": kind, **fields}) + b"\n\n"


def _answer(settings: SimulatorSettings, url: str, asked: Asked, identity: str, seed: int) -> Script:
    if url.endswith("/embeddings"):
        return _embeddings(settings, asked)
    if (script := media_script(settings, url, asked, identity)) is not None:
        return script
    answers = answers_to(asked, settings.tokens, seed)
    if asked.stream:
        return _stream(settings, asked, answers, identity)
    longest = max(len(answer.pieces) or 1 for answer in answers)
    ends = time_of(settings, longest - 1)
    return Script(200, "application/json", ends, ((ends, _encode(whole(asked, answers, identity))),))


def _stream(settings: SimulatorSettings, asked: Asked, answers: list[Answer], identity: str) -> Script:
    steps = [(0.0, _framed(opening(asked, answers, identity)))]
    # Framed one by one: the chunks of a long answer all at once would be work for the garbage collector.
    for place, chunks in enumerate(contents(asked, answers, identity)):
        steps.append((time_of(settings, place), _framed(chunks)))
    ends = steps[-1][0]
    steps.append((ends, _framed(ending(asked, answers, identity))))
    steps.append((ends, b"data: [DONE]\n\n"))
    # A step without bytes, such as the opening that legacy completions do not have, would read as the end.
    return Script(200, "text/event-stream", 0.0, tuple(step for step in steps if step[1]))


def _framed(chunks: list[dict[str, Any]]) -> bytes:
    return b"".join(b"data: " + _encode(chunk) + b"\n\n" for chunk in chunks)


def _embeddings(settings: SimulatorSettings, asked: Asked) -> Script:
    dimensions = DIMENSIONS if asked.dimensions is None else asked.dimensions
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        told = f"dimensions is {dimensions}, the limit is {MOST_DIMENSIONS}"
        return error_script(400, "invalid_request_error", "invalid_value", told, settings)
    data = []
    for index, text in enumerate(asked.texts):
        values = vector(text, dimensions, settings.seed)
        embedding = packed(values) if asked.encoding_format == "base64" else values
        data.append({"object": "embedding", "index": index, "embedding": embedding})
    tokens = sum(len(text.split()) for text in asked.texts) or 1
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    body = _encode({"object": "list", "model": asked.model, "data": data, "usage": usage})
    return Script(200, "application/json", settings.first_token, ((settings.first_token, body),))


def _broken(script: Script, ending: Ending, seed: int) -> Script:
    """Return the script as far as somewhere in its middle: never nothing, never all that a client needs."""
    total = sum(len(data) for _, data in script.steps)
    left = Random(seed).randint(total // 4, total // 2)
    kept: list[tuple[float, bytes]] = []
    for at, data in script.steps:
        kept.append((at, data[:left]))
        left -= len(data)
        if left <= 0:
            break
    return Script(script.status, script.media_type, script.head_at, tuple(kept), ending)
