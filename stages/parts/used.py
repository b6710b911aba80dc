"""What an exchange or a call has used in the end, beside what was reserved for it."""

from __future__ import annotations

from sluicegate.pipeline.exchange import Attempt, Exchange
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Usage

from .limit_rules import Amounts


def change_of(exchange: Exchange, reserved: Amounts, asked: Usage | None) -> Amounts:
    """Return how much more or less than ``reserved`` an ended exchange has used.

    Args:
        asked: What was expected of it, if that was to be known.
    """
    tokens = cost = 0
    for attempt in exchange.attempts:
        tokens += tokens_of(attempt, asked)
        cost += attempt.cost or 0
    requests, reserved_tokens, reserved_cost = reserved
    back = is_given_back(exchange)
    return -requests if back else 0, tokens - reserved_tokens, cost - reserved_cost


def is_given_back(exchange: Exchange) -> bool:
    """Say whether an exchange has neither got anything of an answer nor wasted a provider's time."""
    if exchange.outcome is not State.FAILED or exchange.first_content is not None:
        return False
    return not exchange.attempts or exchange.failure.moves_on


def tokens_of(attempt: Attempt, asked: Usage | None) -> int:
    """Return the tokens that a call has used.

    One that was given up before its provider told anything has used what it was asked: otherwise, whoever hangs up in
    time could ask as much as they like.
    """
    if attempt.usage is not None:
        return attempt.usage.total
    given_up = attempt.error is None and attempt.ended is not None
    return asked.input if given_up and asked is not None else 0
