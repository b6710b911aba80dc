"""Count each ended exchange, write its line of the access log, and hand its rows to the ledger.

Nothing of what was asked or answered is in any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import trio

from sluicegate.pipeline.config.kinds import NANOS
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.ledger import NoLedger
from sluicegate.pipeline.metrics import OTHER, Figures, Series, count_code, microseconds, whole_speed
from sluicegate.pipeline.passing import PASSED
from sluicegate.pipeline.registry import NoSettings, stage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.schemas.decode import OPERATIONS
from sluicegate.pipeline.schemas.fields import MAX_NAME
from sluicegate.pipeline.stage import Lane, Verdict

from .parts.account import Account, account, outcome_of
from .parts.ledger_rows import Refusals, is_recorded, rows_of


@stage("meter", lane=Lane.SETTLE, summary="Count requests, tokens and times; write the access log and the ledger.")
class Meter:
    """Add each exchange to ``resources.metrics``, its rows to ``resources.ledger``, a record to the access log.

    A model's name becomes a label once the model has answered, or where the configuration names it: what a caller made
    up and no provider knew is counted under ``other``, or it would fill the bounded number of series. Places for
    the names of the configuration are reserved: a provider that answers to any name cannot take them either.
    """

    def __init__(self, settings: NoSettings, resources: Resources) -> None:
        self._metrics = resources.metrics
        self._log = resources.access_log
        self._ledger = None if type(resources.ledger) is NoLedger else resources.ledger
        self._wall = resources.wall
        self._refusals = Refusals()
        self._seen = set(_configured(resources))
        self._metrics.reserve(_expected(self._seen, resources))

    def judge(self, exchange: Exchange) -> Verdict:
        """Count, log and record. Not a checkpoint."""
        figures = account(exchange)
        if figures.target is not None and figures.target not in self._seen and "provider" in exchange.notes:
            self._learn(figures.target)
        self._count(exchange, figures)
        if self._ledger is not None and is_recorded(exchange, self._refusals, now := self._wall()):
            self._ledger.record(rows_of(exchange, figures, now - trio.current_time()))
        self._log(record(exchange, figures))
        return Verdict.PASS

    def _learn(self, target: Target) -> None:
        """Count a model by its name from now on, if there is room for it."""
        if self._metrics.room:
            self._seen.add(target)
        else:
            self._metrics.overflowed += 1

    def _figures(self, exchange: Exchange, target: Target | None) -> Figures:
        operation = exchange.request.operation
        if target is None:
            return self._metrics.figures(Series(operation, "", ""))
        return self._metrics.figures(
            Series(operation, target.provider, target.model if target in self._seen else OTHER)
        )

    def _count(self, exchange: Exchange, of: Account) -> None:
        for attempt in exchange.attempts:
            asked = self._figures(exchange, attempt.target)
            asked.attempts += 1
            if attempt.cost is not None:
                asked.cost += attempt.cost
            elif attempt.usage is not None:
                asked.unpriced += 1
            if attempt.error is not None:
                count_code(asked.faults, attempt.error.code)
        figures = self._figures(exchange, of.target)
        figures.requests += 1
        figures.outcomes[outcome_of(exchange)] += 1
        if exchange.error is not None:
            count_code(figures.errors, exchange.error.code)
        figures.uncounted += exchange.notes.get("limit") == "open"
        if "cache" in exchange.notes:
            figures.cache[exchange.notes["cache"]] += 1
        if exchange.usage is not None and not of.cached:
            figures.input_tokens += exchange.usage.input
            figures.output_tokens += exchange.usage.output
            figures.images += exchange.usage.images
            figures.characters += exchange.usage.characters
            figures.audio_seconds += exchange.usage.seconds
        figures.latency.record_value(microseconds(of.duration))
        if of.first_token is not None:
            figures.first_token.record_value(microseconds(of.first_token))
        if of.speed is not None:
            figures.speed.record_value(whole_speed(of.speed))


def record(exchange: Exchange, of: Account) -> dict[str, Any]:
    """Return the access log's record of an exchange: always the same names, None where there is nothing to tell."""
    request, usage = exchange.request, exchange.usage
    line: dict[str, Any] = {
        "id": exchange.id,
        "label": request.label,
        "operation": request.operation,
        "tenant": exchange.caller.tenant,
        "key": exchange.caller.key_name or None,
        "model": request.model[:MAX_NAME] or None,
        "provider": of.target.provider if of.target is not None else None,
        "provider_key": of.key,
        "served": of.target.model if of.target is not None else None,
        "stream": request.stream,
        "outcome": outcome_of(exchange),
        "status": of.status,
        "code": exchange.error.code if exchange.error is not None else None,
        "attempts": len(exchange.attempts),
        "cache": exchange.notes.get("cache"),
        "limit": exchange.notes.get("limit"),
        "input_tokens": usage.input if usage is not None else None,
        "output_tokens": usage.output if usage is not None else None,
        "images": (usage.images or None) if usage is not None else None,
        "characters": (usage.characters or None) if usage is not None else None,
        "audio_seconds": (usage.seconds or None) if usage is not None else None,
        "cost_usd": exchange.cost / NANOS if exchange.cost is not None else None,
        "ttft_ms": _milliseconds(of.first_token),
        "duration_ms": _milliseconds(of.duration),
        "tokens_per_s": round(of.speed, 1) if of.speed is not None else None,
    }
    if exchange.caller.metadata:
        line["metadata"] = exchange.caller.metadata
    return line


def _milliseconds(seconds: float | None) -> float | None:
    return round(seconds * 1000, 3) if seconds is not None else None


def _configured(resources: Resources) -> Iterator[Target]:
    """Yield the targets that the configuration names, by the providers' own names of models."""
    named = [target for settings in resources.models.values() for target in settings.named]
    named += [f"{name}/{model}" for name, one in resources.providers.items() for model in one.translator.models()]
    for target in named:
        provider, slash, model = target.partition("/")
        if provider in resources.providers:
            model = resources.providers[provider].settings.model_mapping.get(model, model)
        if slash:
            yield Target(provider, model)


def _expected(targets: Iterable[Target], resources: Resources) -> Iterator[Series]:
    """Yield the series of what is configured, and those without a model's name."""
    for operation in (*OPERATIONS, *PASSED, "models", "model", "request"):
        yield Series(operation, "", "")
    for operation in PASSED:
        for provider in resources.providers:
            yield Series(operation, provider, OTHER)
    for operation in OPERATIONS:
        for target in targets:
            yield Series(operation, target.provider, target.model)
        for provider in resources.providers:
            yield Series(operation, provider, OTHER)
