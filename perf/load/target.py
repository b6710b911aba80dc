"""Whom the load is sent to, and how a request looks there."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .shots import Shot

_OWN = frozenset(("host", "content-length", "connection", "transfer-encoding", "content-type", "authorization"))


@dataclass(frozen=True, eq=False)
class Target:
    """An HTTP/1.1 server.

    Attributes:
        url: As it was given, without a user in it.
        family: Of its address.
        address: What sockets connect to.
        host: As the head names it.
        prefix: Of all paths.
        key: The caller's, or None.
        headers: Sent with each request, such as another gateway's own.
    """

    url: str
    family: socket.AddressFamily
    address: tuple[str | int | bytes, ...]
    host: str
    prefix: str
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    _heads: dict[tuple[str, str], bytes] = field(default_factory=dict, repr=False, compare=False)

    def encode(self, shot: Shot) -> bytes:
        """Return the bytes of a request."""
        # Most requests have no headers of their own, and few paths.
        head = self._heads.get((shot.operation, shot.subject)) if not shot.headers else None
        if head is None:
            head = self._head(shot)
            if not shot.headers and len(self._heads) < 1000:
                self._heads[shot.operation, shot.subject] = head
        if not shot.body:
            return head + b"\r\n"
        return b"%bcontent-length: %d\r\n\r\n%b" % (head, len(shot.body), shot.body)

    def _head(self, shot: Shot) -> bytes:
        lines = [f"{'POST' if shot.body else 'GET'} {self.prefix}{shot.path} HTTP/1.1", f"host: {self.host}"]
        lines += ["user-agent: sluicegate-perf", "accept: */*"]
        if shot.body:
            lines.append("content-type: application/json")
        if self.key is not None:
            lines.append(f"authorization: Bearer {self.key}")
        sent = {**self.headers, **shot.headers}
        lines += [f"{name}: {value}" for name, value in sent.items() if name not in _OWN]
        return "".join(f"{line}\r\n" for line in lines).encode("latin-1", "replace")


def target_of(url: str, key: str | None = None, headers: Mapping[str, str] | None = None) -> Target:
    """Return the target at a URL, such as ``http://127.0.0.1:3000``; a path in it stands before all others.

    Raises:
        ValueError: It is none that load can be sent to; the message says why.
        OSError: Its name is not known.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"{url!r} is no target; write one such as http://127.0.0.1:3000, without TLS")
    family, _, _, _, address = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)[0]
    host, prefix = parts.netloc.rpartition("@")[2], parts.path.rstrip("/")
    return Target(f"http://{host}{prefix}", family, address, host, prefix, key, headers or {})
