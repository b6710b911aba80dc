"""What was said, written down: OpenAI's forms as Cohere takes them. It has to be told the language.

Source: the types of its SDK (cohere 7.3). An answer has a text and nothing else.
"""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.files import Joined
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.request import Request

from ..family.messages import text_in
from ..openai.errors import ErrorTable
from ..openai.form_answer import read_form_answer
from ..openai.form_request import form_of
from ..openai.whole import AnswerReader
from ..reading import Malformed, read_json

_TOLD = ("language", "temperature")
_REFUSED = ("include", "known_speaker_names", "known_speaker_references")
"""What asks for more than a text."""
_OURS = frozenset({"model", "file", "stream", "response_format", *_TOLD, *_REFUSED})
_NULL = b"null"


class _Transcript(msgspec.Struct):
    text: str


_decode = msgspec.json.Decoder(_Transcript).decode


def transcript_form(name: str, request: Request, model: str, dropped: Dropped) -> tuple[str, Joined]:
    """Return the media type and the body of the form that asks a model.

    Args:
        name: The provider's.
        request: What is asked.
        model: The target's name for the model.
        dropped: Takes what has to be left out.

    Raises:
        InvalidRequest: The request asks for more than a text, or does not say in which language it is.
    """
    fields = {field: raw for field, raw in request.fields.items() if bytes(raw) != _NULL}
    if (wanted := _format(request)) not in ("json", "text"):
        raise dropped.unsupported("response_format", f"response_format {wanted}")
    for field in _REFUSED:
        if field in fields:
            raise dropped.unsupported(field)
    if not text_in(fields.get("language")):
        told = f"provider {name!r} does not find out by itself which language is spoken: name it, such as en"
        raise InvalidRequest(told, param="language", code="missing_required_parameter")
    for field in sorted(fields.keys() - _OURS):
        dropped.drop(field)
    return form_of(request, model, _TOLD)


def read_transcript(
    errors: ErrorTable, reader: AnswerReader, request: Request, head: UpstreamHead, body: bytes
) -> tuple[Reply, Usage | None]:
    """Return the reply that an answer means, as JSON or as a text. Raises GatewayError where it is none."""
    reader.check_type(head, body)
    if _format(request) != "text":
        return read_form_answer(errors, reader, request, head, body)
    try:
        text = read_json(_decode, body).text
    except Malformed as error:
        raise errors.nonsense(str(error)) from error
    return Reply(body=text.encode() + b"\n", media_type="text/plain; charset=utf-8"), None


def _format(request: Request) -> str:
    return text_in(request.fields.get("response_format")) or "json"
