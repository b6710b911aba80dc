"""Passing requests through to a provider: with the gateway's credentials in place of the caller's, and below its base.

What concerns one connection only is not forwarded, in either direction:
https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import msgspec

from sluicegate.pipeline.config.sections import HttpProviderSettings, ProxyProviderSettings
from sluicegate.pipeline.files import Extent, Joined
from sluicegate.pipeline.passing import Passing
from sluicegate.pipeline.provider import UpstreamHead, UpstreamRequest
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind, Usage

from .usage import read_usage

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange

MAX_READ = 1024 * 1024
"""Bytes of a JSON answer in which its tokens are looked for."""
_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
)
_OURS = frozenset(
    {"host", "content-length", "accept-encoding", "user-agent", "cookie", "origin", "referer", "forwarded", "via"}
)
"""What the gateway says itself, or what is between the caller and the gateway only."""
_ACCOUNT = frozenset({"openai-organization", "openai-project", "x-amz-security-token", "x-request-id"})
_PREFIXES = ("proxy-", "x-sluicegate-", "x-forwarded-", "sec-", "x-goog-", "cf-")
_RETURNED = frozenset(
    {"content-disposition", "content-language", "content-range", "etag", "last-modified", "cache-control", "location"}
)
_HARMLESS = (("x-content-type-options", "nosniff"), ("content-security-policy", "sandbox"))
"""So that a page of the provider's is none of the gateway's own, in whose name a browser would run its scripts."""
_RETURNED_PREFIXES = ("openai-", "anthropic-ratelimit-", "x-groq-")


class Passage:
    """The way through to one provider.

    Args:
        settings: The provider's.
        base_url: Where its API is; nothing outside can be reached. Its query goes with each request.
        credentials: Headers that show the gateway's key.
        defaults: Headers that go where the caller sends none of the name.
        native: Operations that the API has by their own paths.

    Attributes:
        operations: What can be passed: those, and ``proxy`` where the settings allow it.
    """

    def __init__(
        self,
        settings: HttpProviderSettings,
        base_url: str,
        credentials: Mapping[str, str],
        native: frozenset[str] = frozenset(),
        defaults: Mapping[str, str] | None = None,
    ) -> None:
        self._base = urlsplit(base_url.strip())
        configured = {name.strip().lower(): value.strip() for name, value in settings.headers.items()}
        self._defaults = defaults or {}
        self._headers = {"user-agent": "sluicegate", **credentials, **configured}
        opened = isinstance(settings, ProxyProviderSettings) and settings.proxy
        self.operations = native | ({"proxy"} if opened else frozenset())

    def __repr__(self) -> str:
        return f"<Passage of {sorted(self.operations)}>"

    def encode(self, exchange: Exchange, passing: Passing) -> UpstreamRequest:
        """Return the caller's request as it goes on."""
        request = exchange.request
        base = self._base
        query = "&".join(part for part in (base.query, passing.query) if part)
        url = urlunsplit((base.scheme, base.netloc, base.path.rstrip("/") + passing.path, query, ""))
        headers = {**self._defaults, **dict(_forwarded(request.headers)), **self._headers}
        upload = request.upload
        source = Joined([Extent(upload, 0, upload.size)]) if upload is not None and upload.size else None
        return UpstreamRequest(passing.method, url, tuple(headers.items()), upload=source)

    def decoder(self, head: UpstreamHead) -> PassedAnswer:
        """Return what passes an answer on."""
        return PassedAnswer(head)


def _forwarded(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the caller's headers that are the provider's business. Credentials have been taken out by the edge."""
    named = {name.strip().lower() for name in headers.get("connection", "").split(",")}
    left_out = _CONNECTION | _OURS | _ACCOUNT | named
    for name, value in headers.items():
        if name not in left_out and not name.startswith(_PREFIXES) and value.isascii() and value.isprintable():
            yield name, value


class PassedAnswer:
    """Passes the bytes of an answer on as they come, and reads of a short JSON one what it has cost.

    Args:
        head: The head of the answer.

    Attributes:
        status: As it came.
        media_type: As it came.
        headers: Those that are the caller's business.
        done: Never before its end.
    """

    def __init__(self, head: UpstreamHead) -> None:
        self.status = head.status
        self.media_type = head.headers.get("content-type", "application/octet-stream")
        self.headers = (
            tuple(
                (name, value)
                for name, value in head.headers.items()
                if name in _RETURNED or name.startswith(_RETURNED_PREFIXES)
            )
            + _HARMLESS
        )
        self.done = False
        self._usage = Usage()  # what no provider counts costs no tokens
        self._read = bytearray()
        self._readable = head.media_type.endswith("json")
        self._begun = False

    @property
    def usage(self) -> Usage:
        """The tokens; none where the answer does not tell."""
        return self._usage

    def feed(self, data: bytes) -> Batch:
        """Return the bytes as a chunk."""
        if not data:
            return []
        if self._readable:
            self._read += data
            if len(self._read) > MAX_READ:
                self._readable = False
                self._read.clear()
        # Only the first counts as content: what counts pieces would take each of them for a token.
        kind = ChunkKind.HEAD if self._begun else ChunkKind.CONTENT
        self._begun = True
        return [Chunk(data, kind)]

    def finish(self) -> Batch:
        """Say that no more bytes come."""
        if self._readable:
            try:
                decoded = msgspec.json.decode(self._read)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                decoded = None  # it passes as it is, whatever it is
            if isinstance(decoded, dict):
                self._usage = read_usage(decoded.get("usage")) or self._usage
        return [Chunk(b"", ChunkKind.FINISH)]
