"""`sluicegate ledger reprice`: what rows cost by the prices that are known now."""

from __future__ import annotations

from typing import Annotated

import typer

from sluicegate.adapters.database.database import Database
from sluicegate.adapters.database.queries import usd
from sluicegate.adapters.database.reprice import Repriced
from sluicegate.adapters.database.reprice import reprice as anew
from sluicegate.adapters.prices.known import KnownPrices
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.ledger import Row
from sluicegate.pipeline.pricing import Prices, cost_of
from sluicegate.pipeline.registry import Registry

from ..run import WrongUse
from ..source import load_chosen
from .chosen import Config, Where, query_of, with_ledger


def reprice(
    where: Where = None,
    try_only: Annotated[bool, typer.Option("--dry-run", help="Only say what would come of it.")] = False,
    config: Config = None,
) -> None:
    """Price rows anew, by the prices of their time. What was billed at first stays beside it."""
    chosen = query_of(where)
    try:
        loaded = load_chosen(config, Registry()).config
    except ConfigError as error:
        raise WrongUse(str(error)) from error
    prices = KnownPrices(loaded)

    async def change(database: Database) -> Repriced:
        return await anew(database, chosen, lambda row: cost_now(row, loaded, prices), write=not try_only)

    told = with_ledger(config, change)
    print(f"{told.rows} rows, {told.changed} {'would change' if try_only else 'changed'}: ", end="")
    print(f"${usd(told.before)} before, ${usd(told.after)} now; {told.unpriced} without a known price")


def cost_now(row: Row, config: GatewayConfig, prices: Prices) -> int | None:
    """Return what a row costs, in nano-dollars; None for a provider that is configured no more."""
    if row.provider not in config.providers:
        return None
    price = prices.of(config.providers[row.provider].type, row.provider, row.served, row.at)
    return cost_of(price, row.usage)
