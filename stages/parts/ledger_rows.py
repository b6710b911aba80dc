"""An ended exchange as rows of the ledger: one for each attempt, or one for an exchange that asked nobody."""

from __future__ import annotations

from sluicegate.pipeline.caller import ANONYMOUS
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.ledger import Row, more_of
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.schemas.fields import MAX_NAME
from sluicegate.pipeline.tags import tags_of

from .account import Account, outcome_of

LOOKS = frozenset({"models", "model", "response", "delete_response", "request"})
"""Operations that cost nobody anything unless a provider is asked: they only look at what is here."""
MAX_REFUSALS = 100
"""Rows of refused exchanges a second, and process."""
_NOTHING = Usage()


class Refusals:
    """Bounds the rows of refused exchanges: a client that asks in a loop would fill the disk."""

    def __init__(self) -> None:
        self._second = -1
        self._count = 0

    def admit(self, now: float) -> bool:
        """Say whether one more may be recorded; ``now`` is in seconds."""
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        self._count += 1
        return self._count <= MAX_REFUSALS


def is_recorded(exchange: Exchange, refusals: Refusals, now: float) -> bool:
    """Say whether an ended exchange has rows.

    A refusal of somebody who has shown no key has none: anybody could fill the ledger with them.
    """
    if exchange.attempts:
        return True
    if exchange.request.operation in LOOKS:
        return False
    if exchange.error is None:
        return True
    return exchange.caller is not ANONYMOUS and refusals.admit(now)


def rows_of(exchange: Exchange, of: Account, epoch: float) -> list[Row]:
    """Return an exchange's rows.

    Args:
        of: Its figures.
        epoch: What to add to trio's clock to have seconds since the epoch.
    """
    attempts = exchange.attempts
    if not attempts:
        code = exchange.error.code if exchange.error is not None else ""
        return [_row(exchange, of, epoch, 0, code, _NOTHING, 0, of.first_token, of.duration)]
    ended = exchange.ended if exchange.ended is not None else exchange.started
    rows = []
    for number, attempt in enumerate(attempts, 1):
        error = attempt.error if attempt.error is not None else exchange.error
        usage = attempt.usage
        first = attempt.first_content
        rows.append(
            _row(
                exchange,
                of,
                epoch,
                number,
                error.code if error is not None else "",
                usage if usage is not None else _NOTHING,
                # What used nothing costs nothing; of what used something, the price may be unknown.
                0 if usage is None and attempt.cost is None else attempt.cost,
                first - exchange.started if first is not None else None,
                (attempt.ended if attempt.ended is not None else ended) - attempt.started,
            )
        )
    return rows


def _row(
    exchange: Exchange,
    of: Account,
    epoch: float,
    number: int,
    code: str,
    usage: Usage,
    cost: int | None,
    first_token: float | None,
    duration: float,
) -> Row:
    request, caller, notes = exchange.request, exchange.caller, exchange.notes
    target = exchange.attempts[number - 1].target if number else of.target
    return Row(
        exchange=exchange.id,
        attempt=number,
        at=epoch + exchange.started,
        label=request.label,
        tenant=caller.tenant,
        key_id=caller.key_id,
        key_name=caller.key_name,
        user=caller.user,
        team=caller.team,
        tags=tags_of(request),
        operation=request.operation,
        model=request.model[:MAX_NAME],
        provider=target.provider if target is not None else "",
        served=target.model if target is not None else "",
        stream=request.stream,
        outcome=outcome_of(exchange),
        status=of.status,
        code=code,
        cache=notes.get("cache", ""),
        input=usage.input,
        cached=usage.cached,
        cache_write=usage.cache_write,
        output=usage.output,
        reasoning=usage.reasoning,
        images=usage.images,
        characters=usage.characters,
        seconds=usage.seconds,
        estimated=usage.estimated,
        cost=cost,
        first_token=first_token,
        duration=duration,
        whole=of.duration,
        last=number == len(exchange.attempts),
        more=more_of(usage),
    )
