"""The keys that a gateway in another program knows are those of its database."""

import pytest
import trio

from sluicegate import GatewayBuilder, open_gateway
from sluicegate.adapters.database.database import open_database
from sluicegate.adapters.identity.identities import Identities
from sluicegate.pipeline.errors import RateLimited, Unauthorized


@pytest.fixture
async def identities(tmp_path):
    made = Identities(open_database(f"sqlite:///{tmp_path}/g.db"), {"SLUICEGATE_STATE_DIR": str(tmp_path)})
    await made.prepare()
    yield made
    await made.database.aclose()


def opened(tmp_path, key=None):
    builder = GatewayBuilder().provider("sim", type="simulator", first_token="1ms", tokens_per_second=100_000, tokens=3)
    builder.database(url=f"sqlite:///{tmp_path}/g.db")
    return open_gateway(builder, api_key=key, environ={"SLUICEGATE_STATE_DIR": str(tmp_path)})


async def test_a_key_of_the_database_holds_with_its_limits_until_it_is_revoked(tmp_path, identities, monkeypatch):
    monkeypatch.setenv("SLUICEGATE_STATE_DIR", str(tmp_path))
    issued = await identities.create_key({"name": "app", "limits": {"requests": "1/h"}})
    async with opened(tmp_path, issued.text) as gateway:
        with pytest.raises(Unauthorized):
            await gateway.as_caller(None).chat("sim/echo", "Hello")
        assert (await gateway.chat("sim/echo", "Hello")).exchange.caller.key_name == "app"
        with pytest.raises(RateLimited):
            await gateway.chat("sim/echo", "Hello")
        await identities.revoke(issued.key.id)
        await trio.sleep(1.0)
        with pytest.raises(Unauthorized, match="has been revoked"):
            await gateway.chat("sim/echo", "Hello")


async def test_a_database_without_keys_asks_for_none_and_an_error_arrives_as_it_is(tmp_path, identities, monkeypatch):
    monkeypatch.setenv("SLUICEGATE_STATE_DIR", str(tmp_path))

    async def fail():
        async with opened(tmp_path) as gateway:
            assert (await gateway.chat("sim/echo", "Hello")).text
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
