"""Cross-origin calls: which web pages may call the gateway. https://fetch.spec.whatwg.org/#http-cors-protocol

With no origin listed nothing here says anything, and browsers let no page read an answer; `guard` sees to it that none
is made. Keys travel in headers, never in cookies, so credentials are never allowed.
"""

from __future__ import annotations

from sluicegate.pipeline.config.sections import CorsSettings

from .asgi import Message, RawHeaders, Send, find_header
from .headers import Encoded, safe

EXPOSED = ", ".join(
    [
        "x-request-id",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "x-should-retry",
        "server-timing",
        *(
            f"x-sluicegate-{name}"
            for name in ("provider", "model", "attempts", "cost-usd", "cache", "dropped", "estimated")
        ),
        *(f"x-ratelimit-{part}-requests" for part in ("limit", "remaining", "reset")),
    ]
)
MAX_AGE = 600
"""Seconds for which a browser may remember a preflight."""


class Cors:
    """Adds what browsers ask for to the heads of answers."""

    def __init__(self, settings: CorsSettings) -> None:
        self._any = "*" in settings.allowed_origins
        self._origins = frozenset(_as_sent(origin).encode() for origin in settings.allowed_origins)

    def wrap(self, headers: RawHeaders, send: Send) -> Send:
        """Return a ``send`` that tells the browser whether the page it runs may read the answer."""
        if not self._origins:
            return send
        extra = self._permission(find_header(headers, b"origin"))
        if not extra:
            return send

        async def send_with_permission(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        return send_with_permission

    def preflight(self, headers: RawHeaders, methods: str) -> Encoded:
        """Return what, besides `wrap`, answers a preflight; nothing if it is not one or not allowed."""
        origin = find_header(headers, b"origin")
        if not self.allows(origin) or find_header(headers, b"access-control-request-method") is None:
            return []
        asked = find_header(headers, b"access-control-request-headers") or b"authorization, content-type"
        return [
            (b"access-control-allow-methods", methods.encode("ascii")),
            (b"access-control-allow-headers", safe(asked.decode("latin-1")).encode("ascii")),
            (b"access-control-max-age", str(MAX_AGE).encode("ascii")),
        ]

    def allows(self, origin: bytes | None) -> bool:
        """Say whether an origin is listed."""
        return origin is not None and (self._any or origin.lower() in self._origins)

    def _permission(self, origin: bytes | None) -> Encoded:
        vary: Encoded = [] if self._any else [(b"vary", b"origin")]
        if origin is None or not self.allows(origin):
            return vary
        return [
            (b"access-control-allow-origin", b"*" if self._any else origin),
            (b"access-control-expose-headers", EXPOSED.encode("ascii")),
            *vary,
        ]


def _as_sent(origin: str) -> str:
    """Return an origin as browsers send it, but in lower case: without the port that its scheme means anyway."""
    origin = origin.rstrip("/").lower()
    port = {"http": ":80", "https": ":443"}.get(origin.partition("://")[0], "")
    return origin.removesuffix(port)
