"""Gateways open and close with their blocks, and leave nothing behind."""

import os
import signal
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from sluicegate import Client, ConfigError, GatewayBuilder, open_gateway
from sluicegate.pipeline.errors import GatewayError, InvalidRequest, NotFound, Overloaded, UpstreamError
from sluicegate.testing import ScriptedTransport
from tests.library.upstream import MODEL, answer, endless, over, whole

SIMULATOR = "providers: { sim: { type: simulator, seed: 1 } }\n"


@pytest.mark.parametrize("kind", ["path", "text", "config", "builder"])
async def test_every_kind_of_source_opens_the_same_gateway(kind, tmp_path, autojump_clock):
    file = tmp_path / "gateway.yaml"
    file.write_text(SIMULATOR)
    builder = GatewayBuilder().provider("sim", type="simulator", seed=1)
    sources = {"path": file, "text": str(file), "config": builder.build(), "builder": builder}
    async with open_gateway(sources[kind], environ={}) as gateway:
        assert await gateway.models() == ["sim/echo"]


async def test_variables_come_from_the_environment_that_is_given(tmp_path, autojump_clock):
    file = tmp_path / "gateway.yaml"
    file.write_text('providers: { sim: { type: simulator, models: ["${NAME}"] } }\n')
    async with open_gateway(file, environ={"NAME": "mine"}) as gateway:
        assert await gateway.models() == ["sim/mine"]


async def test_a_wrong_configuration_is_told_with_its_place(tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text(SIMULATOR + "limitt: {}\n")
    with pytest.raises(ConfigError, match=r"gateway\.yaml:2:1: error: unknown key 'limitt'; did you mean 'limit'"):
        async with open_gateway(file, environ={}):
            pass


async def test_a_file_that_is_not_there_is_told_by_name():
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: error: cannot be read: No such file"):
        async with open_gateway(Path("nowhere.yaml"), environ={}):
            pass


async def test_settings_that_no_header_can_hold_are_a_wrong_configuration_too():
    builder = GatewayBuilder().provider("main", type="openai", api_key="no\nkey")
    with pytest.raises(ConfigError, match=r"providers\.main\.api_key: has a character that no HTTP header may have"):
        async with open_gateway(builder, environ={}):
            pass


async def test_warnings_are_logged(tmp_path, caplog, autojump_clock):
    file = tmp_path / "gateway.yaml"
    file.write_text(SIMULATOR.replace(" }\n", ', oa: { type: openai, api_key: "${KEY:-}" } }\n'))
    async with open_gateway(file, environ={}):
        pass
    assert [(entry.name, entry.levelname) for entry in caplog.records] == [("sluicegate", "WARNING")]
    assert "provider 'oa' is left out: KEY is not set" in caplog.text


async def test_errors_of_the_gateway_arrive_as_themselves(autojump_clock):
    async with open_gateway(environ={}) as gateway:
        with pytest.raises(NotFound) as missing:
            await gateway.chat("nobody/knows", "Hello")
        assert (missing.value.status, missing.value.code) == (404, "model_not_found")
        with pytest.raises(InvalidRequest) as wrong:
            await gateway.chat("simulator/echo", [{"role": "user", "content": 7}])
        assert wrong.value.param == "messages[0].content"
        with pytest.raises(NotFound):
            async with gateway.stream_chat("nobody/knows", "Hello"):
                pytest.fail("a refused stream has no block")
        assert (await gateway.chat("simulator/echo", "Hello")).text


async def test_an_error_of_the_gateway_leaves_the_block_as_itself(autojump_clock):
    with pytest.raises(UpstreamError) as failed:
        async with open_gateway(over(ScriptedTransport(UpstreamError("down"))), environ={}) as gateway:
            await gateway.chat(MODEL, "Hello")
    assert str(failed.value) == "provider 'own': down"


class Stop(BaseException):
    """Like KeyboardInterrupt: nothing that `except Exception` takes."""


@pytest.mark.parametrize("mine", [ValueError("mine"), Stop(), ExceptionGroup("many", [ValueError(), KeyError()])])
async def test_the_programs_own_exception_leaves_the_block_as_itself(mine, autojump_clock):
    with pytest.raises(type(mine)) as raised:
        async with open_gateway(environ={}):
            raise mine
    assert raised.value is mine


async def test_a_cancelled_block_ends_at_once_and_cleanly(autojump_clock):
    transport = ScriptedTransport(endless())
    with trio.move_on_after(3.0) as scope:
        async with open_gateway(over(transport), environ={}) as gateway, gateway.stream_chat(MODEL, "Hello") as stream:
            async for _ in stream:
                pass
    assert scope.cancelled_caught
    assert trio.current_time() == 3.0
    assert transport.closed


async def test_an_error_beside_a_cancelled_task_arrives_in_trios_own_group(autojump_clock):
    async def fail() -> None:
        await trio.sleep(1.0)
        raise ValueError("mine")

    async def both() -> None:
        builder = over(ScriptedTransport(whole(answer(), after=99.0)))
        async with open_gateway(builder, environ={}) as gateway, trio.open_nursery() as nursery:
            nursery.start_soon(fail)
            await gateway.chat(MODEL, "Hello")

    with pytest.raises(ExceptionGroup) as group:
        await both()
    assert [type(error) for error in group.value.exceptions] == [ValueError]
    assert trio.current_time() == 1.0


def test_control_c_leaves_as_keyboard_interrupt():
    async def main() -> None:
        builder = GatewayBuilder().provider("sim", type="simulator", first_token=0)
        async with open_gateway(builder, environ={}) as gateway, gateway.stream_chat("sim/echo", "Hello") as stream:
            await anext(stream)
            os.kill(os.getpid(), signal.SIGINT)
            await trio.sleep(10.0)

    with pytest.raises(KeyboardInterrupt):
        trio.run(main)


async def test_leaving_the_block_waits_for_calls_of_other_tasks(autojump_clock):
    texts = []
    async with trio.open_nursery() as nursery:
        async with open_gateway(over(ScriptedTransport(whole(answer(), after=4.0))), environ={}) as gateway:

            async def ask() -> None:
                texts.append((await gateway.chat(MODEL, "Hello")).text)

            nursery.start_soon(ask)
            await wait_all_tasks_blocked()
        assert trio.current_time() == 4.0
    assert texts == ["Hi"]


@pytest.mark.parametrize(("failing", "ends"), [(False, 30.0), (True, 0.0)])
async def test_calls_of_other_tasks_end_with_an_error_when_patience_is_over(failing, ends, autojump_clock):
    told: list[GatewayError] = []

    async def ask(gateway: Client) -> None:
        try:
            await gateway.chat(MODEL, "Hello")
        except GatewayError as error:
            told.append(error)

    async with trio.open_nursery() as nursery:
        try:
            async with open_gateway(over(ScriptedTransport(whole(answer(), after=99.0))), environ={}) as gateway:
                nursery.start_soon(ask, gateway)
                await wait_all_tasks_blocked()
                if failing:
                    raise ValueError("mine")
        except ValueError:
            assert failing
        assert trio.current_time() == ends
    assert [(type(error), error.code) for error in told] == [(Overloaded, "shutting_down")]


async def test_a_client_of_a_closed_gateway_is_refused(autojump_clock):
    async with open_gateway(environ={}) as gateway:
        pass
    with pytest.raises(Overloaded) as refused:
        await gateway.chat("simulator/echo", "Hello")
    assert refused.value.code == "draining"


async def test_every_exchange_is_settled_when_the_block_has_been_left(autojump_clock):
    records = []
    async with open_gateway(environ={}, access_log=records.append) as gateway, trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(gateway.chat, "simulator/echo", f"{number}")
    assert [record["outcome"] for record in records] == ["ok"] * 20


async def test_many_tasks_share_a_client_without_waiting_for_each_other(autojump_clock):
    transport = ScriptedTransport(*[whole(answer(), after=1.0) for _ in range(200)])
    async with open_gateway(over(transport), environ={}) as gateway:
        async with trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(gateway.chat, MODEL, f"{number}")
        assert trio.current_time() == 1.0
    assert len(transport.requests) == 200


async def test_gateways_side_by_side_share_nothing(autojump_clock):
    first, second = ScriptedTransport(whole(answer(id="1"))), ScriptedTransport(whole(answer(id="2")))
    limits = {"requests": ["1/min"]}
    async with (
        open_gateway(over(first).stage("limit", **limits), environ={}) as one,
        open_gateway(over(second).stage("limit", **limits), environ={}) as two,
    ):
        assert (await one.chat(MODEL, "Hello")).data["id"] == "1"
        answered = await two.chat(MODEL, "Hello")
        assert (answered.data["id"], answered.cached) == ("2", False)
    assert first.closed
    assert second.closed


async def test_a_nested_gateway_closes_without_the_outer_one(autojump_clock):
    async with open_gateway(environ={}) as outer:
        async with open_gateway(environ={}) as inner:
            assert (await inner.chat("simulator/echo", "Hello")).text
        with pytest.raises(Overloaded):
            await inner.chat("simulator/echo", "Hello")
        assert (await outer.chat("simulator/echo", "Hello")).text
