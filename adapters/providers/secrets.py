"""Keep a provider's credentials out of what clients and logs are shown."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from sluicegate.pipeline.config.sections import HttpProviderSettings
from sluicegate.pipeline.config.url_secrets import url_secrets

MASK = "***"
MAX_ADDED = 6
"""Secrets that come later and are remembered: of what is fetched once an hour, three at a time at most, only the last
can show, and the one before it."""
SHORTEST = 4
"""Anything shorter is a placeholder that local servers ask for, and may be part of any word."""
_HARMLESS_HEADERS = frozenset({"accept", "accept-encoding", "content-type", "user-agent"})


class Secrets:
    """The strings that one provider's requests carry and no message may.

    Args:
        settings: Its settings.
        also: The key by other spellings, as requests carry it.
    """

    def __init__(self, settings: HttpProviderSettings, *also: str) -> None:
        key = str(settings.api_key).strip()
        values = {key, *also, *_header_values(settings.headers), *url_secrets(settings.base_url)}
        # The longest first, so that a secret that begins like another one is not left with its end showing.
        self._values = sorted((value for value in values if len(value) >= SHORTEST), key=len, reverse=True)
        self._added: deque[str] = deque(maxlen=MAX_ADDED)

    def __repr__(self) -> str:
        return f"<Secrets: {len(self._values)}>"

    def add(self, value: str) -> None:
        """Hide this from now on too."""
        if len(value) >= SHORTEST:
            self._added.append(str(value))

    def hide(self, text: str) -> str:
        """Return ``text`` with every secret in it masked."""
        for value in (*self._added, *self._values):
            text = text.replace(value, MASK)
        return text


def _header_values(headers: Mapping[str, str]) -> set[str]:
    """Return what stands in the headers, and the credentials without their scheme's name."""
    found: set[str] = set()
    for name, value in headers.items():
        if name.lower() not in _HARMLESS_HEADERS:
            found |= {value.strip(), value.strip().rpartition(" ")[2]}
    return found
