"""Slows down those who try one wrong key after the other: by the address that they come from.

An address that has failed so many times within WINDOW seconds hears 429 until these are over. In the admin room and
where tokens are made that is so whatever it sends: nobody learns in that time whether a key is right. Elsewhere many
callers may come from one address, and a right key opens always. Each worker counts for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

import trio

from .asgi import Scope

ATTEMPTS = 10
MANY = 100
"""Failures of an address that may be that of many callers."""
WINDOW = 60.0
MAX_ADDRESSES = 10_000
"""Addresses that are counted; the one that began to fail first makes room."""


class Throttle:
    """Counts failures by address.

    Args:
        attempts: Failures from which on an address has to wait.
        clock: Seconds.
    """

    def __init__(self, attempts: int = ATTEMPTS, *, clock: Callable[[], float] = trio.current_time) -> None:
        self._attempts = attempts
        self._clock = clock
        self._failures: dict[str, tuple[int, float]] = {}

    def wait(self, address: str) -> float:
        """Return the seconds for which an address has to wait; 0 if it need not."""
        count, end = self._failures.get(address, (0, 0.0))
        left = end - self._clock()
        if count and left <= 0:
            del self._failures[address]
        return left if count >= self._attempts and left > 0 else 0.0

    def wait_of(self, scope: Scope) -> float:
        """Return the same for whom a request counts for."""
        return self.wait(address_of(scope)) if self._failures else 0.0

    def failed(self, address: str) -> None:
        """Count a failure."""
        count, end = self._failures.get(address, (0, self._clock() + WINDOW))
        if not count and len(self._failures) >= MAX_ADDRESSES:
            del self._failures[next(iter(self._failures))]
        self._failures[address] = count + 1, end


def address_of(scope: Scope) -> str:
    """Return whom a request counts for: of IPv6 the network of a host, which has all of its addresses for itself."""
    client = scope.get("client")
    text = str(client[0]) if client else ""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
    return text
