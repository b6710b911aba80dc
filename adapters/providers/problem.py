"""What an error body says, whatever its shape.

Servers that call themselves compatible with OpenAI agree on its paths more than on its errors. The order
of search: ``error.message``, ``error`` as text, ``message``, ``detail`` (text or FastAPI's list),
``errors[0].message``, ``title`` or ``description``, a page's title, the text itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import msgspec

MAX_TEXT = 500
MAX_MESSAGE = 4000
MAX_LABEL = 128
"""Characters of a type, a code or a param."""
_decode = msgspec.json.Decoder().decode
# Codes become labels of figures and words of log lines, so what is no plain name or path is none.
_NAME = re.compile(rf"[A-Za-z0-9_.-]{{1,{MAX_LABEL}}}")
_PATH = re.compile(rf"[A-Za-z0-9_.$/\[\]-]{{1,{MAX_LABEL}}}")
_TITLE = re.compile(r"<title[^>]*>([^<]{1,200})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, in the provider's words. Empty and None where it says nothing.

    Attributes:
        type: A short name; anything else that stands there is left out.
        code: The same.
        param: The same, or a path such as ``messages[0].content``.
        status: An HTTP status that stands in the body, as in errors inside a stream.
        structured: Whether the body is JSON, and so comes from an API and not from something in front of it.
    """

    message: str = ""
    type: str | None = None
    code: str | None = None
    param: str | None = None
    status: int | None = None
    structured: bool = True


def read_problem(body: bytes) -> Problem:
    """Return what an error body says. Never raises: what cannot be read has no structure, and says its own text."""
    try:
        value = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Problem(_text_of(body), structured=False)
    return problem_in(value)


def problem_in(value: object) -> Problem:
    """Return what a decoded error body says."""
    if isinstance(value, str):
        return Problem(value[:MAX_MESSAGE])
    if isinstance(value, list) and value:  # Google's compatible endpoint wraps its error in a list
        return problem_in(value[0])
    if not isinstance(value, dict):
        return Problem()
    error = value.get("error")
    if isinstance(error, dict):
        return _from_fields(error)
    outer = _from_fields(value)
    if isinstance(error, str) and error:
        kind = _matching(_NAME, value.get("error_type"))
        return replace(outer, message=error[:MAX_MESSAGE], type=kind or outer.type)
    return outer


def _from_fields(fields: dict[str, object]) -> Problem:
    code = fields.get("code")
    message, where = _message_of(fields)
    return Problem(
        message=message[:MAX_MESSAGE],
        type=_matching(_NAME, fields.get("type")),
        code=_matching(_NAME, code) or _inner_code(fields),
        param=_matching(_PATH, fields.get("param")) or _matching(_PATH, where),
        status=code if isinstance(code, int) and 300 <= code <= 599 else None,
    )


def _inner_code(fields: dict[str, object]) -> str | None:
    """Return the code that stands further in: OpenRouter's own is a number, and Azure's may be missing."""
    for place, name in (("metadata", "error_type"), ("innererror", "code"), ("inner_error", "code")):
        inner = fields.get(place)
        if isinstance(inner, dict) and (code := _matching(_NAME, inner.get(name))):
            return code
    return None


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    """Return a value that is a string of this pattern, or else None."""
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _message_of(fields: dict[str, object]) -> tuple[str, str | None]:
    """Return the message, and the path of the wrong field where the message's own shape tells it."""
    for name in ("message", "detail"):
        found = fields.get(name)
        if isinstance(found, str) and found:
            return found, None
        if isinstance(found, list) and found and isinstance(found[0], dict):
            return _complaint(found[0])
        if isinstance(found, dict) and found:
            inner = found.get("message")
            return (inner if isinstance(inner, str) else msgspec.json.encode(found).decode()), None
    errors = fields.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return _complaint(errors[0])
    for name in ("title", "description"):
        found = fields.get(name)
        if isinstance(found, str) and found:
            return found, None
    return "", None


def _complaint(entry: dict[str, object]) -> tuple[str, str | None]:
    """Read one entry of FastAPI's list: ``{"loc": ["body", "messages"], "msg": "field required"}``."""
    message = entry.get("msg") or entry.get("message")
    loc = entry.get("loc")
    path = ".".join(str(part) for part in loc if part != "body") if isinstance(loc, list) else ""
    text = message if isinstance(message, str) else ""
    return (f"{path}: {text}" if path else text), path or None


def _text_of(body: bytes) -> str:
    text = body[: 16 * MAX_TEXT].decode("utf-8", "replace")
    title = _TITLE.search(text)
    if title:
        return f"a page titled {title[1].strip()!r}"
    if text.lstrip()[:1] == "<":
        return "a page without a title"
    return " ".join(text.split())[:MAX_TEXT]
