"""Listening sockets: making one, naming it, and saying who can reach it."""

from __future__ import annotations

import socket
from ipaddress import ip_address

_Address = tuple[str | int | bytes, ...]

BACKLOG = 2048
"""Connections that may wait to be accepted; the kernel's own limit (net.core.somaxconn) still stands."""


class CannotListen(OSError):
    """The address cannot be had. The message says which, and why."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address; port 0 takes a free one.

    Raises:
        CannotListen: It is in use, not ours, or no address at all.
    """
    family, address = _resolve(host, port)[0]
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit it; chunks must not wait for each other.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind(address)
        # Two sockets may be bound to one port as long as neither listens: only now is it ours.
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return sock


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach what listens on ``host``.

    Raises:
        CannotListen: It is no address.
    """
    return all(ip_address(str(address[0]).partition("%")[0]).is_loopback for _, address in _resolve(host, 0))


def url_of(sock: socket.socket, *, secure: bool = False) -> str:
    """Return the URL of what listens on a socket."""
    host, port = sock.getsockname()[:2]
    scheme = "https" if secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _resolve(host: str, port: int) -> list[tuple[socket.AddressFamily, _Address]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise CannotListen(f"cannot listen on {host}: {getattr(error, 'strerror', None) or error}") from error
    return [(family, address) for family, _, _, _, address in found]
