"""The header by which callers bring keys of their own for providers, where a provider's settings let them."""

from __future__ import annotations

from .errors import InvalidRequest

PROVIDER_KEY = "x-sluicegate-provider-key"


def take_provider_keys(headers: dict[str, str]) -> dict[str, str]:
    """Take the caller's own keys out of the headers: ``x-sluicegate-provider-key: NAME=KEY, NAME=KEY``.

    Args:
        headers: By names in lower case.

    Raises:
        InvalidRequest: The header has another form. It is not quoted.
    """
    given = headers.pop(PROVIDER_KEY, None)
    if given is None:
        return {}
    pairs = [part.strip().partition("=") for part in given.split(",")]
    if not all(name and equals and key for name, equals, key in pairs):
        raise InvalidRequest(f"header {PROVIDER_KEY} takes NAME=KEY, with a provider's name", param=PROVIDER_KEY)
    keys = {name.strip(): key.strip() for name, _, key in pairs}
    if len(keys) < len(pairs):
        raise InvalidRequest(f"header {PROVIDER_KEY} names a provider twice", param=PROVIDER_KEY)
    return keys
