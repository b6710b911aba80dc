"""The answers to ``POST /v1/messages/count_tokens`` and Gemini's ``:countTokens`` where a provider does not count.

https://docs.anthropic.com/en/api/messages-count-tokens and https://ai.google.dev/api/tokens
"""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.errors import GatewayError, UnsupportedEndpoint
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.heavy import compute
from sluicegate.pipeline.provider import Provider, TokenCounter
from sluicegate.pipeline.reply import Reply

from .token_estimate import estimate

COUNTED_AS = {"count_tokens": "input_tokens", "count_generate": "totalTokens"}
"""What the number is called, by the operation that asks for it."""


def to_be_estimated(exchange: Exchange, provider: Provider) -> bool:
    """Say whether tokens are to be counted, and this provider does not."""
    translator = provider.translator
    return exchange.request.operation in COUNTED_AS and not (
        isinstance(translator, TokenCounter) and translator.counts_tokens(exchange)
    )


def to_be_estimated_after(exchange: Exchange, failure: GatewayError) -> bool:
    """Say whether tokens were to be counted, and the provider has just said that it does not, with this model."""
    return exchange.request.operation in COUNTED_AS and isinstance(failure, UnsupportedEndpoint)


async def reply_with_estimate(exchange: Exchange) -> None:
    """Set the reply to an estimate, which it is marked as. A checkpoint where there is much to read."""
    request = exchange.request
    usage = await compute(len(request.body), estimate, request, 0)
    exchange.reply = Reply(body=msgspec.json.encode({COUNTED_AS[request.operation]: usage.input}))
    exchange.notes["estimated"] = "input_tokens"
