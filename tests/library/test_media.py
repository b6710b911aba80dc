"""Images, speech, moderations and ranking for a program, and what can be asked of its providers."""

import pytest

from sluicegate import GatewayBuilder, GatewayError, open_gateway
from sluicegate.pipeline.errors import StreamInterrupted
from sluicegate.testing import ScriptedResponse, ScriptedTransport
from tests.library.upstream import answer, over, whole

SIMULATOR = GatewayBuilder().provider("sim", type="simulator", first_token="1ms")
SOUND = {"content-type": "audio/mpeg"}


async def test_what_comes_back_has_names(autojump_clock):
    async with open_gateway(SIMULATOR, environ={}) as gateway:
        assert gateway.last_provider == ""
        made = await gateway.image("sim/any", "a cat", n=2)
        assert [image[:4] for image in made.images] == [b"\x89PNG"] * 2
        assert made.urls == []
        assert gateway.last_provider == "sim"
        judged = await gateway.moderate("sim/any", ["hello", "I hate you"])
        assert (judged.flagged, [one["flagged"] for one in judged.results]) == (True, [False, True])
        ranked = await gateway.rerank("sim/any", "red cat", ["a dog", "a cat", "the red cat"])
        assert ranked.order == [2, 1, 0]


async def test_sound_comes_piece_by_piece(autojump_clock):
    pieces = [(1.0, b"one"), (1.0, b"\x00\xff"), (0.0, b"")]
    transport = ScriptedTransport(ScriptedResponse(*pieces, headers=SOUND))
    async with open_gateway(over(transport), environ={}) as gateway, gateway.speech("own/small", "hi") as sound:
        assert sound.media_type == "audio/mpeg"
        assert [piece async for piece in sound] == [b"one", b"\x00\xff"]
        assert sound.usage is not None
        assert sound.usage.characters == 2


async def test_sound_that_is_cut_raises(autojump_clock):
    cut = ScriptedResponse((1.0, b"one"), (1.0, StreamInterrupted("cut")), headers=SOUND)
    async with open_gateway(over(ScriptedTransport(cut)), environ={}) as gateway:
        async with gateway.speech("own/small", "hi") as sound:
            with pytest.raises(GatewayError, match="cut"):
                await sound.read()
        assert gateway.health() == {"own": "closed"}


async def test_health_tells_of_an_open_breaker(autojump_clock):
    builder = over(ScriptedTransport(*[whole(b"{}", status=500)] * 2, whole(answer())))
    builder.provider("own", type="scripted", max_retries=0, circuit_breaker={"failures": 2})
    async with open_gateway(builder, environ={}) as gateway:
        for _ in range(2):
            assert gateway.health() == {"own": "closed"}
            with pytest.raises(GatewayError):
                await gateway.chat("own/small", "hi")
        assert gateway.health() == {"own": "open"}


async def test_a_stream_of_events_is_no_call_of_the_library(autojump_clock):
    async with open_gateway(SIMULATOR, environ={}) as gateway:
        with pytest.raises(TypeError, match="over HTTP"):
            await gateway.image("sim/any", "a cat", stream=True)
        with pytest.raises(TypeError, match="over HTTP"):
            await gateway.speech("sim/any", "hi", stream_format="sse").__aenter__()
