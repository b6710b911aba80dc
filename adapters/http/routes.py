"""Which path leads where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote

from . import gemini_paths, health, responses_paths


class Room(Enum):
    """Who answers."""

    PIPELINE = "pipeline"
    HEALTH = "health"
    ADMIN = "admin"
    REALTIME = "realtime"
    TOKENS = "tokens"
    METRICS = "metrics"
    """Of the admin room's pages those that may be public."""


class Intake(Enum):
    """What a body is, and where it goes: a form's files and any bytes to a spool, all else into memory."""

    BODY = "body"
    FORM = "form"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Route:
    """What a path is for.

    Attributes:
        operation: The request's, for the pipeline.
        removal: That of DELETE, where it is another.
        streams: Whether the path asks for a stream.
        explains: Whether only the routing is asked for, and no answer.
        embeds: The method of Gemini's that asks for an embedding.
    """

    room: Room
    methods: tuple[str, ...]
    operation: str = ""
    intake: Intake = Intake.BODY
    removal: str = ""
    streams: bool = False
    explains: bool = False
    embeds: str = ""

    @property
    def allow(self) -> str:
        """The value of an ``Allow`` header (RFC 9110, section 10.2.1)."""
        return ", ".join((*self.methods, "OPTIONS"))


_READ = ("GET", "HEAD")
_MODEL = Route(Room.PIPELINE, _READ, "model")
_KEPT = {
    "": Route(Room.PIPELINE, (*_READ, "DELETE"), "response", removal="delete_response"),
    responses_paths.ITEMS: Route(Room.PIPELINE, _READ, "input_items"),
    "cancel": Route(Room.PIPELINE, ("POST",), "cancel_response"),
}
"""Of a response by its id, by what stands behind it."""
_REQUEST = Route(Room.PIPELINE, _READ, "request")
_ADMIN = Route(Room.ADMIN, ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
_REALTIME = "/v1/realtime"
_EXACT = {
    "/v1/chat/completions": Route(Room.PIPELINE, ("POST",), "chat"),
    "/v1/route/explain": Route(Room.PIPELINE, ("POST",), "chat", explains=True),
    "/v1/completions": Route(Room.PIPELINE, ("POST",), "completion"),
    "/v1/embeddings": Route(Room.PIPELINE, ("POST",), "embedding"),
    "/v1/images/generations": Route(Room.PIPELINE, ("POST",), "image"),
    "/v1/audio/speech": Route(Room.PIPELINE, ("POST",), "speech"),
    "/v1/moderations": Route(Room.PIPELINE, ("POST",), "moderation"),
    **dict.fromkeys(("/v1/rerank", "/v2/rerank"), Route(Room.PIPELINE, ("POST",), "rerank")),
    "/v1/messages": Route(Room.PIPELINE, ("POST",), "messages"),
    "/v1/messages/count_tokens": Route(Room.PIPELINE, ("POST",), "count_tokens"),
    "/v1/audio/transcriptions": Route(Room.PIPELINE, ("POST",), "transcription", Intake.FORM),
    "/v1/audio/translations": Route(Room.PIPELINE, ("POST",), "translation", Intake.FORM),
    "/v1/images/edits": Route(Room.PIPELINE, ("POST",), "image_edit", Intake.FORM),
    "/v1/images/variations": Route(Room.PIPELINE, ("POST",), "image_variation", Intake.FORM),
    _REALTIME: Route(Room.REALTIME, ("GET", "POST")),
    "/v1/responses": Route(Room.PIPELINE, ("POST",), "responses"),
    "/v1/responses/input_tokens": Route(Room.PIPELINE, ("POST",), "count_responses"),
    **dict.fromkeys(gemini_paths.ROOTS, Route(Room.PIPELINE, _READ, "models")),
    **dict.fromkeys(health.LIVENESS | health.READINESS, Route(Room.HEALTH, _READ)),
    "/auth/token": Route(Room.TOKENS, ("POST",), "token"),
    "/auth/revoke": Route(Room.TOKENS, ("POST",), "revoke"),
    **dict.fromkeys(("/metrics", "/metrics/prometheus"), Route(Room.METRICS, _READ)),
}
_METHODS = {
    method: Route(Room.PIPELINE, ("POST",), operation, streams=method == gemini_paths.STREAM)
    for method, operation in gemini_paths.OPERATIONS.items()
} | {method: Route(Room.PIPELINE, ("POST",), "embedding", embeds=method) for method in gemini_paths.EMBEDDINGS}
_PROXY = "/v1/proxy/"
_ALL = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_PASSED = {
    "/v1/files": Route(Room.PIPELINE, ("GET", "POST", "DELETE"), "files", Intake.BYTES),
    "/v1/batches": Route(Room.PIPELINE, ("GET", "POST"), "batches", Intake.BYTES),
    "/v1/messages/batches": Route(Room.PIPELINE, ("GET", "POST", "DELETE"), "message_batches", Intake.BYTES),
}
_OPEN = Route(Room.PIPELINE, _ALL, "proxy", Intake.BYTES)
OPERATIONS = tuple(
    sorted(
        {
            operation
            for route in (
                *_EXACT.values(),
                *_METHODS.values(),
                *_PASSED.values(),
                *_KEPT.values(),
                _OPEN,
                _MODEL,
                _REQUEST,
            )
            for operation in (route.operation, route.removal)
            if operation
        }
    )
)
"""All that a request may ask for."""
_REQUESTS = "/v1/requests/"
_ADMIN_ROOTS = ("/admin", "/dashboard")
_BEHIND = "/openai/v1/"
_PLAIN = re.compile(rb"/[A-Za-z0-9._~/-]*")


def path_of(target: bytes) -> str:
    """Return the path of a request target, still percent-encoded, without query.

    A client that takes us for a proxy sends the whole URL (RFC 9112, section 3.2.2). Groq's own client, and others that
    were made for a server that has more than this API, begin with ``/openai``.
    """
    path = target.decode("latin-1").partition("?")[0]
    if path[:1] != "/" and "://" in path:
        path = "/" + path.partition("://")[2].partition("/")[2]
    return path.removeprefix("/openai") if path.startswith(_BEHIND) else path


def is_plain(target: bytes) -> bool:
    """Say whether a target is a path that nobody can read in two ways: no whole URL, and nothing percent-encoded."""
    return _PLAIN.fullmatch(target) is not None


def names_no_model(route: Route, subject: str) -> bool:
    """Say whether what looks like a model is a method of Google's that there is not, for who would call it.

    Names of models may have a colon too, and can be read about; but nothing can be sent to any of them by its name.
    """
    return route is _MODEL and ":" in subject.rpartition("/")[2]


def find(path: str) -> tuple[Route | None, str]:
    """Return the route of a percent-encoded path, or None, and the subject in it, such as a model's id."""
    route = _EXACT.get(path)
    if route is not None:
        return route, ""
    if path.startswith(_REALTIME + "/"):
        return _EXACT[_REALTIME], ""
    model, method = gemini_paths.method_in(path)
    if method:
        return _METHODS[method], unquote(model)
    for root in gemini_paths.ROOTS:
        if path.startswith(root + "/") and len(path) > len(root) + 1:
            return _MODEL, unquote(path[len(root) + 1 :])
    if path.startswith(_PROXY) and len(path) > len(_PROXY):
        return _OPEN, path[len(_PROXY) :]
    for root, passed in _PASSED.items():
        if path == root or path.startswith(root + "/"):
            return passed, path[len("/v1") :]
    if (kept := responses_paths.response_in(path)) is not None:
        return _KEPT[kept[1]], kept[0]
    if path.startswith(_REQUESTS) and "/" not in path[len(_REQUESTS) :] and len(path) > len(_REQUESTS):
        return _REQUEST, unquote(path[len(_REQUESTS) :])
    if any(path == root or path.startswith(root + "/") for root in _ADMIN_ROOTS):
        return _ADMIN, ""
    return None, ""
