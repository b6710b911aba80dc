"""From the bytes of a body to its top-level values as raw JSON, and to a typed request.

`parse` scans all of the body, what the structs ignore included: msgspec checks the whole grammar while it skips a
value, nesting and escapes too, but neither UTF-8 nor duplicate names. So UTF-8 is checked first. Of duplicate names at
the top level the last one stays.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ..errors import InvalidRequest
from .chat import ChatRequest
from .completion import CompletionRequest
from .content import KNOWN_PARTS
from .embedding import EmbeddingRequest
from .explain import explain
from .forms import ImageEditRequest, ImageVariationRequest, TranscriptionRequest, TranslationRequest
from .generate import GenerateRequest
from .media import ImageRequest, ModerationRequest, RerankRequest, SpeechRequest
from .messages import KNOWN_BLOCKS, CountTokensRequest, MessagesRequest
from .responses import CountResponseRequest, ResponsesRequest
from .texts import TypedRequest

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANYTHING = msgspec.json.Decoder()
_GENERATE = msgspec.json.Decoder[TypedRequest](GenerateRequest)
_TYPED: dict[str, msgspec.json.Decoder[TypedRequest]] = {
    "chat": msgspec.json.Decoder(ChatRequest),
    "completion": msgspec.json.Decoder(CompletionRequest),
    "embedding": msgspec.json.Decoder(EmbeddingRequest),
    "image": msgspec.json.Decoder(ImageRequest),
    "speech": msgspec.json.Decoder(SpeechRequest),
    "moderation": msgspec.json.Decoder(ModerationRequest),
    "rerank": msgspec.json.Decoder(RerankRequest),
    "messages": msgspec.json.Decoder(MessagesRequest),
    "count_tokens": msgspec.json.Decoder(CountTokensRequest),
    "responses": msgspec.json.Decoder(ResponsesRequest),
    "count_responses": msgspec.json.Decoder(CountResponseRequest),
    "generate": _GENERATE,
    "count_generate": _GENERATE,
    # A form has nothing but texts.
    "transcription": msgspec.json.Decoder(TranscriptionRequest, strict=False),
    "translation": msgspec.json.Decoder(TranslationRequest, strict=False),
    "image_edit": msgspec.json.Decoder(ImageEditRequest, strict=False),
    "image_variation": msgspec.json.Decoder(ImageVariationRequest, strict=False),
}
_KNOWN = {"messages": KNOWN_BLOCKS, "count_tokens": KNOWN_BLOCKS}
"""Types of parts that the API knows, where that is not OpenAI's."""
OPERATIONS = frozenset(_TYPED)
"""The operations that have a body."""

_AT = re.compile(r" ?\(byte (\d+)\)\Z")
_SURROGATE_TROUBLE = re.compile("surrogate|hex escape|truncated")
_INSIDE_PART = re.compile(r"`\$\.messages\[\d+\]\.content\[\d+\]\.")
_LONE_SURROGATE = re.compile(
    rb"(?<!\\)(?:\\\\)*(?P<escape>\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|"
    rb"(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F][0-9a-fA-F]{2}))"
)


def parse(body: bytes) -> dict[str, msgspec.Raw]:
    """Return the top level of a body. Raises InvalidRequest where it is not one JSON object in UTF-8."""
    if not body:
        raise InvalidRequest("the body is empty: expected a JSON object", code="invalid_json")
    try:
        if not body.isascii():
            body.decode()
        return _FIELDS.decode(body)
    except UnicodeDecodeError as error:
        raise _malformed("a byte that is not UTF-8", body, error.start) from error
    except RecursionError as error:
        raise too_deep() from error
    except msgspec.ValidationError as error:
        raise explain(error, msgspec.Struct) from error
    except msgspec.DecodeError as error:
        raise _locate(error, body) from error


def type_body(operation: str, body: bytes) -> TypedRequest:
    """Return a body that went through `parse`, typed. Raises InvalidRequest with the path of what is wrong."""
    decoder = _TYPED[operation]
    try:
        return decoder.decode(body)
    except RecursionError as error:
        raise too_deep() from error
    except msgspec.ValidationError as error:
        # Where ``messages`` stands twice, the error may be in the first one and the last one be no list.
        whole = decode_whole(body) if _INSIDE_PART.search(str(error)) is not None else None
        if whole is None or not isinstance(whole["messages"], list):
            raise explain(error, decoder.type) from error
    # A part of a provider's own type may give another shape to a name that the API knows.
    try:
        return decoder.decode(msgspec.json.encode(_bare(whole, _KNOWN.get(operation, KNOWN_PARTS))))
    except msgspec.ValidationError as error:
        raise explain(error, decoder.type) from error


def decode_whole(text: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[Any] = _ANYTHING) -> Any:
    """Return all of what went through `parse`, or of a part of it, with the last of duplicate names.

    Raises:
        InvalidRequest: It is nested too deeply, or a number in it is too large to be one here.
    """
    try:
        return decoder.decode(text)
    except RecursionError as error:
        raise too_deep() from error
    except msgspec.DecodeError as error:
        raise InvalidRequest(
            "the body is not acceptable JSON: a number in it is out of range", code="invalid_json"
        ) from error


def too_deep() -> InvalidRequest:
    """Return the error for a body whose nesting exhausts the interpreter's stack."""
    return InvalidRequest("the body is not acceptable JSON: it is nested too deeply", code="invalid_json")


def _bare(body: Any, known: frozenset[str]) -> Any:
    """Leave its type, and its text if that is one, of each part whose type the API does not know; take the rest."""
    for message in body["messages"]:
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, list):
            message["content"] = [_bare_part(part, known) for part in content]
            for part in message["content"]:
                inner = part.get("content") if isinstance(part, dict) else None
                if isinstance(inner, list):  # a tool's result
                    part["content"] = [_bare_part(each, known) for each in inner]
    return body


def _bare_part(part: Any, known: frozenset[str]) -> Any:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(kind, str) or kind in known:
        return part
    text = part.get("text")
    return {"type": kind, "text": text if isinstance(text, str) else None}


def _locate(error: msgspec.DecodeError, body: bytes) -> InvalidRequest:
    """Say what is malformed and where. msgspec gives no place where the input ended too early."""
    text = str(error).removeprefix("JSON is malformed: ")
    if _SURROGATE_TROUBLE.search(text) and (lone := _LONE_SURROGATE.search(body)):
        return _malformed("half of a surrogate pair in an escape", body, lone.start("escape"))
    if (at := _AT.search(text)) is None:
        return _malformed("the end came too early", body, len(body))
    # Of trailing characters the second is named.
    offset = int(at[1]) - text.startswith("trailing characters")
    if body.startswith((b"NaN", b"Inf"), offset):
        return _malformed("NaN and Infinity are not JSON", body, offset)
    return _malformed(text[: at.start()], body, offset)


def _malformed(what: str, body: bytes, offset: int) -> InvalidRequest:
    line = body.count(b"\n", 0, offset) + 1
    start = body.rfind(b"\n", 0, offset) + 1
    column = len(body[start:offset].decode(errors="replace")) + 1
    where = f"line {line}, column {column} (byte {offset})"
    return InvalidRequest(f"the body is not valid JSON: {what}, at {where}", code="invalid_json")
