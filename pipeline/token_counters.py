"""What a translator is besides, whose provider counts tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from .exchange import Exchange


@runtime_checkable
class TokenCounter(Protocol):
    """What a translator is besides, whose provider counts the tokens of a request that it does not answer.

    The operations ``count_tokens`` and ``count_generate`` are then encoded and decoded as any other is; the reply is
    ``{"input_tokens": n}``, or ``{"totalTokens": n}``, and there is no usage. Else the gateway estimates.
    """

    def counts_tokens(self, exchange: Exchange) -> bool:
        """Say whether the provider can be asked for the tokens of what this exchange asks."""
        ...


@runtime_checkable
class ResponseCounter(Protocol):
    """The same for ``count_responses``; the reply is ``{"object": "response.input_tokens", "input_tokens": n}``."""

    def counts_responses(self, exchange: Exchange) -> bool:
        """Say whether the provider counts, in the words of the Responses API."""
        ...
