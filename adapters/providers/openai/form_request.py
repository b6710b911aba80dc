"""Requests for operations with files: the caller's form with the target's model in it, its files from the spool."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.files import Joined, SentFile
from sluicegate.pipeline.request import Request

from ...multipart.writer import write_form
from .form_answer import SPOKEN


def form_of(request: Request, model: str, names: Collection[str] | None = None) -> tuple[str, Joined]:
    """Return the media type and the body of a request's form, with ``model`` as the model asked for.

    Args:
        request: What is asked.
        model: The target's name for the model.
        names: The fields that go with it; None for all.

    Raises:
        InvalidRequest: It has a field that no form can hold, or no files.
    """
    if not request.files:
        raise InvalidRequest("the request has no files", param="file", code="missing_required_parameter")
    named = {file.field for file in request.files}
    told = {name: raw for name, raw in request.fields.items() if names is None or name in names}
    fields = [("model", model), *_texts(told, named)]
    return write_form(fields, [(_bracketed(request, file), file) for file in request.files])


def check_transcript(provider: str, request: Request, formats: frozenset[str] | None) -> None:
    """Raise InvalidRequest where a transcript is wanted in a form that is none of a provider's ``formats``."""
    wanted = getattr(request.typed, "response_format", None) or "json"
    if request.operation in SPOKEN and formats is not None and wanted not in formats:
        told = f"provider {provider!r} has no response_format {wanted}"
        raise InvalidRequest(told, param="response_format", code="unsupported_parameter")


def _texts(fields: Mapping[str, msgspec.Raw], left_out: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the texts of a form as it was sent: lists get their brackets back."""
    for name, raw in fields.items():
        if name == "model" or name in left_out:
            continue
        value = msgspec.json.decode(raw)
        if isinstance(value, list):
            yield from ((f"{name}[]", _text(name, each)) for each in value)
        elif value is not None:
            yield name, _text(name, value)


def _text(name: str, value: object) -> str:
    """Return a value as a form has it; a program that asks may have given more than texts."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return msgspec.json.encode(value).decode()
    raise InvalidRequest(f"{name}: a form takes texts, numbers and lists of them", param=name, code="invalid_type")


def _bracketed(request: Request, file: SentFile) -> str:
    raw = bytes(request.fields.get(file.field, b""))
    return f"{file.field}[]" if raw.startswith(b"[") else file.field
