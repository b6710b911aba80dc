"""Which path leads where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote

from . import gemini_paths, health


class Room(Enum):
    """Who answers."""

    PIPELINE = "pipeline"
    HEALTH = "health"
    ADMIN = "admin"
    METRICS = "metrics"
    """Of the admin room's pages those that may be public."""


@dataclass(frozen=True, slots=True)
class Route:
    """What a path is for. ``operation`` is the request's, for the pipeline, and ``streams`` whether the path asks."""

    room: Room
    methods: tuple[str, ...]
    operation: str = ""
    streams: bool = False

    @property
    def allow(self) -> str:
        """The value of an ``Allow`` header (RFC 9110, section 10.2.1)."""
        return ", ".join((*self.methods, "OPTIONS"))


_READ = ("GET", "HEAD")
_MODEL = Route(Room.PIPELINE, _READ, "model")
_ADMIN = Route(Room.ADMIN, ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
_EXACT = {
    "/v1/chat/completions": Route(Room.PIPELINE, ("POST",), "chat"),
    "/v1/completions": Route(Room.PIPELINE, ("POST",), "completion"),
    "/v1/embeddings": Route(Room.PIPELINE, ("POST",), "embedding"),
    "/v1/messages": Route(Room.PIPELINE, ("POST",), "messages"),
    "/v1/messages/count_tokens": Route(Room.PIPELINE, ("POST",), "count_tokens"),
    **dict.fromkeys(gemini_paths.ROOTS, Route(Room.PIPELINE, _READ, "models")),
    **dict.fromkeys(health.LIVENESS | health.READINESS, Route(Room.HEALTH, _READ)),
    **dict.fromkeys(("/metrics", "/metrics/prometheus"), Route(Room.METRICS, _READ)),
}
_METHODS = {
    method: Route(Room.PIPELINE, ("POST",), operation, method == gemini_paths.STREAM)
    for method, operation in gemini_paths.OPERATIONS.items()
}
_ADMIN_ROOTS = ("/admin", "/dashboard")
_PLAIN = re.compile(rb"/[A-Za-z0-9._~/-]*")


def path_of(target: bytes) -> str:
    """Return the path of a request target, still percent-encoded, without query.

    A client that takes us for a proxy sends the whole URL (RFC 9112, section 3.2.2).
    """
    path = target.decode("latin-1").partition("?")[0]
    if path[:1] != "/" and "://" in path:
        return "/" + path.partition("://")[2].partition("/")[2]
    return path


def is_plain(target: bytes) -> bool:
    """Say whether a target is a path that nobody can read in two ways: no whole URL, and nothing percent-encoded."""
    return _PLAIN.fullmatch(target) is not None


def find(path: str) -> tuple[Route | None, str]:
    """Return the route of a percent-encoded path, or None, and the subject in it, such as a model's id."""
    route = _EXACT.get(path)
    if route is not None:
        return route, ""
    model, method = gemini_paths.method_in(path)
    if method:
        return _METHODS[method], unquote(model)
    for root in gemini_paths.ROOTS:
        if path.startswith(root + "/") and len(path) > len(root) + 1:
            return _MODEL, unquote(path[len(root) + 1 :])
    if any(path == root or path.startswith(root + "/") for root in _ADMIN_ROOTS):
        return _ADMIN, ""
    return None, ""
