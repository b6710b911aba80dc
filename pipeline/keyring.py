"""The keys of one provider that has several: whose turn it is, and which of them rests.

* Each key has a provider of its own, the same but for the key, so that nothing else has to know of keys.
* Turns follow the weights exactly, by nginx's smooth weighted round-robin: with 3 and 1 the first has three turns of
  any four, and not three in a row more often than it must.
* A key that is refused, or asked for patience, rests. While another one does not, that is no fault of the provider's,
  and its breaker hears nothing of it. If all of them rest, the one that has rested most goes on.

Sync all through: what one call does is atomic.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import GatewayError, UpstreamBusy, UpstreamRefused

if TYPE_CHECKING:
    from .provider import Provider

log = logging.getLogger("sluicegate.pipeline")
REFUSED = 60.0
"""Seconds that a refused key rests: people have to mend that, and may not think of this gateway then."""
BUSY = 5.0
"""Seconds that a key rests whose provider asks for patience and does not say for how long."""
LONGEST = 3600.0
"""Seconds that a key rests at most, whatever the provider says."""


def is_about_the_key(error: GatewayError) -> bool:
    """Say whether another key may have more luck: this one was refused, is out of quota, or asked for patience."""
    return isinstance(error, UpstreamRefused | UpstreamBusy)


@dataclass(slots=True)
class _Key:
    provider: Provider
    weight: int
    credit: int = 0
    rests_until: float = 0.0


class Keyring:
    """The keys of a provider.

    Args:
        keys: The provider as each key has it, and the key's weight.
    """

    def __init__(self, keys: Sequence[tuple[Provider, int]]) -> None:
        self._keys = [_Key(provider, weight) for provider, weight in keys]

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"<Keyring: {len(self._keys)}>"

    @property
    def providers(self) -> list[Provider]:
        """The provider as each key has it, in the order of the configuration."""
        return [key.provider for key in self._keys]

    def resting(self, now: float) -> int:
        """Return how many keys rest."""
        return sum(key.rests_until > now for key in self._keys)

    def rests(self, now: float) -> dict[int, float]:
        """Return the numbers of the keys that rest, from 1 on, and the seconds that each still does."""
        return {at: key.rests_until - now for at, key in enumerate(self._keys, 1) if key.rests_until > now}

    def number_of(self, provider: Provider) -> int:
        """Return which key a provider has, from 1 on. No other name of a key is ever shown."""
        return next(at for at, key in enumerate(self._keys, 1) if key.provider is provider)

    def pick(self, now: float) -> Provider:
        """Return the provider with the key whose turn it is."""
        ready = [key for key in self._keys if key.rests_until <= now]
        if not ready:
            return min(self._keys, key=lambda key: key.rests_until).provider
        for key in ready:
            key.credit += key.weight
        chosen = max(ready, key=lambda key: key.credit)
        chosen.credit -= sum(key.weight for key in ready)
        return chosen.provider

    def failed(self, provider: Provider, error: GatewayError, now: float) -> bool:
        """Note what an attempt with one key ended in. Return whether it is the key's matter alone: others go on."""
        if not is_about_the_key(error):
            return False
        place = self.number_of(provider)
        key = self._keys[place - 1]
        rest = REFUSED if isinstance(error, UpstreamRefused) else BUSY
        if error.retry_after is not None:
            rest = min(error.retry_after, LONGEST)
        if key.rests_until <= now:
            told = "provider %s: key %d of %d rests for %g s: %s"
            log.warning(told, provider.name, place, len(self._keys), rest, error.code)
        key.rests_until = max(key.rests_until, now + rest)
        return self.resting(now) < len(self._keys)
