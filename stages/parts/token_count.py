"""What is answered to who asks for the tokens of a request where a provider does not count.

https://docs.anthropic.com/en/api/messages-count-tokens, https://ai.google.dev/api/tokens and
https://platform.openai.com/docs/api-reference/responses/input-tokens
"""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.errors import GatewayError, UnsupportedEndpoint
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.heavy import compute
from sluicegate.pipeline.provider import Provider
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.schemas import ResponsesRequest
from sluicegate.pipeline.token_counters import ResponseCounter, TokenCounter

from .said import unknown_response
from .token_estimate import estimate, tokens_in

COUNTED_AS = {"count_tokens": "input_tokens", "count_generate": "totalTokens", "count_responses": "input_tokens"}
"""What the number is called, by the operation that asks for it."""


def to_be_estimated(exchange: Exchange, provider: Provider) -> bool:
    """Say whether tokens are to be counted, and this provider does not."""
    translator, operation = provider.translator, exchange.request.operation
    if operation == "count_responses":
        return not (isinstance(translator, ResponseCounter) and translator.counts_responses(exchange))
    return operation in COUNTED_AS and not (isinstance(translator, TokenCounter) and translator.counts_tokens(exchange))


def to_be_estimated_after(exchange: Exchange, failure: GatewayError) -> bool:
    """Say whether tokens were to be counted, and the provider has just said that it does not, with this model."""
    return exchange.request.operation in COUNTED_AS and isinstance(failure, UnsupportedEndpoint)


async def reply_with_estimate(exchange: Exchange) -> None:
    """Set the reply to an estimate, which it is marked as. A checkpoint where there is much to read.

    Raises:
        NotFound: It is to go on from a response that nobody here knows.
    """
    request = exchange.request
    typed, recalled = request.typed, request.recalled
    if isinstance(typed, ResponsesRequest) and typed.previous_response_id is not None and recalled is None:
        raise unknown_response(typed.previous_response_id)
    before = recalled.items if recalled is not None else []
    size = len(request.body) + sum(len(memoryview(item)) for item in before)
    tokens = await compute(size, lambda: estimate(request, 0).input + tokens_in(msgspec.json.encode(before)))
    told: dict[str, object] = {"object": "response.input_tokens"} if request.operation == "count_responses" else {}
    exchange.reply = Reply(body=msgspec.json.encode({**told, COUNTED_AS[request.operation]: tokens}))
    exchange.notes["estimated"] = "input_tokens"
