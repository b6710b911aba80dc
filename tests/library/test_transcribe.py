"""A program gives a file in any of three ways, and gets the same transcript."""

import io

import pytest

from sluicegate import GatewayBuilder, GatewayError, open_gateway

SOUND = bytes(range(256)) * 8 * 1024  # 2 MiB: more than stays in memory


def builder(**server):
    made = GatewayBuilder().provider("sim", type="simulator", first_token="0s", tokens_per_second=0)
    return made.server(**server) if server else made


async def test_a_path_bytes_and_an_open_file_are_the_same(tmp_path):
    path = tmp_path / "speech.mp3"
    path.write_bytes(SOUND)
    async with open_gateway(builder()) as gateway:
        files = (path, str(path), SOUND, io.BytesIO(SOUND))
        transcripts = [await gateway.transcribe("sim/ears", file) for file in files]
        with path.open("rb") as opened:
            transcripts.append(await gateway.transcribe("sim/ears", opened))
            assert not opened.closed
    first = transcripts[0]
    assert first.text
    assert {transcript.text for transcript in transcripts} == {first.text}
    assert (first.provider, first.model, first.attempts) == ("sim", "ears", 1)
    assert first.usage.seconds == 132
    assert first.exchange.request.files[0].filename == "speech.mp3"
    assert transcripts[2].exchange.request.files[0].filename == "audio.wav"


async def test_options_are_those_of_the_api():
    async with open_gateway(builder()) as gateway:
        subtitles = await gateway.transcribe("sim/ears", b"x", response_format="srt")
        assert subtitles.text.startswith("1\n00:00:00,000 --> ")
        detailed = await gateway.transcribe(
            "sim/ears", b"x", response_format="verbose_json", timestamp_granularities=["segment"], filename="a.ogg"
        )
        assert detailed.segments[0]["text"] == detailed.text
        with pytest.raises(TypeError, match="whole transcripts"):
            await gateway.transcribe("sim/ears", b"x", stream=True)


@pytest.mark.parametrize(
    ("file", "code", "told"),
    [
        (b"", "invalid_value", "the file is empty"),
        ("/nowhere/a.mp3", "invalid_value", "cannot be read: No such file"),
        (b"x" * 1025, "request_too_large", "over 1024 bytes"),
    ],
)
async def test_what_is_no_good_file_is_refused(file, code, told):
    async with open_gateway(builder(max_upload="1KiB")) as gateway:
        with pytest.raises(GatewayError, match=told) as raised:
            await gateway.transcribe("sim/ears", file)
        assert raised.value.code == code


async def test_the_copy_of_a_file_is_gone_after_the_call():
    async with open_gateway(builder()) as gateway:
        transcript = await gateway.transcribe("sim/ears", SOUND)
        with pytest.raises(GatewayError, match="after its request had ended"):
            await transcript.exchange.request.upload.read(0, 1)
