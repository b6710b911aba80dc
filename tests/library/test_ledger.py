"""The ledger of a gateway that another program embeds: it has one if it says so."""

import sqlite3
from contextlib import closing

import pytest

from sluicegate import GatewayBuilder, open_gateway
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.ledger import NoLedger


def builder():
    return GatewayBuilder().provider("sim", type="simulator", first_token="1ms", tokens_per_second=100_000, tokens=3)


async def test_calls_are_in_the_ledger_with_their_tags_once_the_gateway_is_closed(tmp_path, monkeypatch):
    monkeypatch.setenv("SLUICEGATE_STATE_DIR", str(tmp_path))
    headers = {"x-request-id": "mine", "x-sluicegate-tags": "a,b"}
    async with open_gateway(builder().database(url=f"sqlite:///{tmp_path}/l.db", flush="10s"), environ={}) as gateway:
        await gateway.chat("sim/echo", "Hello", headers=headers)
    with closing(sqlite3.connect(tmp_path / "l.db")) as connection:
        rows = connection.execute("SELECT label, tags, provider, output, outcome FROM calls").fetchall()
    assert rows == [("mine", "a,b", "sim", 3, "ok")]


async def test_without_a_database_nothing_is_kept():
    async with open_gateway(builder(), environ={}) as gateway:
        assert isinstance(gateway.gateway.resources.ledger, NoLedger)


async def test_a_url_that_cannot_be_used_is_an_error_of_the_configuration():
    with pytest.raises(ConfigError, match=r"database\.url.*no database mysql"):
        async with open_gateway(builder().database(url="mysql://me:hunter2@host/x"), environ={}):
            pass
