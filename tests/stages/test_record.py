"""`record` in a gateway: what stands in a take, whatever happened, and what never does."""

import json
from contextlib import suppress

import pytest
import trio

from sluicegate.adapters.stores.cassette import read_cassette, take_bytes
from sluicegate.library import GatewayBuilder, open_gateway
from sluicegate.pipeline.caller import Caller
from sluicegate.pipeline.errors import (
    DeadlineExceeded,
    Forbidden,
    GatewayError,
    InvalidRequest,
    Unauthorized,
    UpstreamError,
)
from sluicegate.pipeline.registry import stage
from sluicegate.pipeline.reply import Chunk, ChunkKind, Reply
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.stages.record import Record, RecordSettings
from sluicegate.testing import chat, gateway_of, judging, waiting

KEY = "the-callers-own-key-0001"


class Kept:
    """A recorder that keeps takes in a list, and makes itself."""

    def __init__(self):
        self.takes = []
        self.arrived = []
        self.opened = None

    def open(self, folder, **bounds):
        self.opened = (str(folder), bounds)
        return self

    def take(self, take, arrived):
        take_bytes(take)
        self.takes.append(take)
        self.arrived.append(arrived)

    async def aclose(self):
        await trio.lowlevel.checkpoint()


def recording(**settings):
    kept = Kept()
    resources = Resources(recorders=kept, wall=lambda: 5000.0 + trio.current_time())
    return Record(RecordSettings(**settings), resources), kept


async def one_take(stages, request=None, **settings):
    record, kept = recording(**settings)
    async with gateway_of(record, *stages) as gateway:
        with suppress(GatewayError):
            await gateway.ask(request if request is not None else chat())
    (take,) = kept.takes
    return take


def answer(exchange):
    return Reply(body=b'{"answer":"forty-two is it"}')


async def test_settings_reach_the_recorder():
    _, kept = recording(path="there", max_file=1, max_files=2, max_queue=3)
    assert kept.opened == ("there", {"max_file": 1, "max_files": 2, "max_queue": 3})


async def test_a_plain_exchange_is_told(autojump_clock):
    async def slow(exchange):
        await trio.sleep(2.0)
        exchange.notes["cache"] = "miss"
        exchange.caller = Caller("team", "team-key")
        return answer(exchange)

    record, kept = recording(contents="keep")
    async with gateway_of(record, waiting(slow)) as gateway:
        await trio.sleep(10.0)
        await gateway.ask(chat("Hello?", timeout=30.0))
    (take,) = kept.takes
    assert kept.arrived == [5010.0]
    assert (take.operation, take.model, take.stream) == ("chat", "simulator/small", False)
    assert json.loads(take.body)["messages"][0]["content"] == "Hello?"
    assert take.headers == {"x-sluicegate-timeout": "30.000000"}
    assert (take.tenant, take.key, take.notes) == ("team", "team-key", {"cache": "miss"})
    assert (take.outcome, take.status, take.code) == ("ok", 200, None)
    assert take.stages == {"record": 0.0, "slow": 2.0}
    assert (take.duration, take.reply) == (2.0, b"")


async def test_headers_that_change_nothing_are_not_kept():
    request = chat()
    request.headers = {"cache-control": "no-store", "cookie": "id=1", "x-internal": "secret"}
    take = await one_take([judging(answer)], request)
    assert take.headers == {"cache-control": "no-store"}


@pytest.mark.parametrize(
    ("error", "status"), [(InvalidRequest("no"), 400), (Forbidden("no"), 403), (UpstreamError("broken"), 502)]
)
async def test_a_refusal_behind_it_is_recorded(error, status):
    def refuse(exchange):
        raise error

    take = await one_take([judging(refuse)])
    assert (take.outcome, take.status, take.code) == ("failed", status, error.code)


async def test_a_caller_who_left_is_recorded(autojump_clock):
    record, kept = recording()

    async def hang(exchange):
        await trio.sleep_forever()

    async with gateway_of(record, waiting(hang)) as gateway:
        with trio.move_on_after(3.0):
            await gateway.ask(chat())
    (take,) = kept.takes
    assert (take.outcome, take.status, take.duration) == ("cancelled", 499, 3.0)


async def test_a_deadline_is_recorded(autojump_clock):
    record, kept = recording()

    async def hang(exchange):
        await trio.sleep_forever()

    async with gateway_of(record, waiting(hang)) as gateway:
        with pytest.raises(DeadlineExceeded):
            await gateway.ask(chat(timeout=2.0))
    (take,) = kept.takes
    assert (take.outcome, take.status, take.code) == ("failed", 504, "deadline_exceeded")


async def streaming(**settings):
    async def chunks():
        for text in (b"one", b"two"):
            await trio.sleep(1.0)
            yield [Chunk(b'{"say":"%s"}' % text, ChunkKind.CONTENT)]

    record, kept = recording(**settings)
    async with (
        gateway_of(record, judging(lambda _: Reply(stream=chunks()))) as gateway,
        gateway.stream(chat(stream=True)) as flow,
    ):
        async for _ in flow:
            pass
    return kept.takes[0]


async def test_a_stream_is_told_by_times_and_sizes(autojump_clock):
    take = await streaming(contents="keep")
    assert [(one.at, one.size, one.data) for one in take.chunks] == [(1.0, 13, b""), (2.0, 13, b"")]
    assert take.stream


async def test_answers_are_kept_where_that_is_wanted(autojump_clock):
    take = await streaming(contents="keep", answers=True)
    assert [one.data for one in take.chunks] == [b'{"say":"one"}', b'{"say":"two"}']
    plain = await one_take([judging(answer)], contents="keep", answers=True)
    assert plain.reply == b'{"answer":"forty-two is it"}'


async def test_masked_contents_have_their_size_and_nothing_else(autojump_clock):
    request = chat("a private thought")
    take = await one_take([judging(answer)], request, contents="mask", answers=True)
    assert b"private" not in take.body
    assert b"forty" not in take.reply
    assert (len(take.body), len(take.reply)) == (len(request.body), 28)
    stream = await streaming(contents="mask", answers=True)
    assert [len(one.data) for one in stream.chunks] == [13, 13]
    assert b"one" not in stream.chunks[0].data


async def test_dropped_contents_leave_sizes_and_times(autojump_clock):
    take = await one_take([judging(answer)], contents="drop", answers=True)
    assert (take.body, take.reply, take.model) == (b"", b"", "simulator/small")
    stream = await streaming(contents="drop", answers=True)
    assert [(one.size, one.data) for one in stream.chunks] == [(13, b""), (13, b"")]


async def test_a_large_body_is_read_in_a_thread_and_told_the_same():
    request = chat("word " * 20_000 + KEY)
    request.credential = KEY
    take = await one_take([judging(answer)], request, contents="keep")
    assert len(take.body) == len(request.body)
    assert KEY.encode() not in take.body


async def test_a_share_is_recorded():
    record, kept = recording(sample=0.3)
    async with gateway_of(record, judging(answer)) as gateway:
        for _ in range(300):
            await gateway.ask(chat())
    assert 50 < len(kept.takes) < 130  # six standard deviations around 90
    record, kept = recording(sample=0.0)
    async with gateway_of(record, judging(answer)) as gateway:
        await gateway.ask(chat())
    assert kept.takes == []


CONFIG = f"""
providers: {{ simulator: {{ type: simulator, first_token: 1ms, tokens_per_second: 0 }} }}
pipeline: [record, validate, auth, route, call]
auth: {{ api_keys: [ {{ key: "{KEY}", name: ann }} ] }}
record: {{ path: "%s", contents: keep, answers: true }}
"""


async def use(client):
    """Say the key in every place that a caller can say it in."""
    await client.chat("simulator/echo", f"my key is {KEY}", user=KEY, metadata={"key": KEY})
    async with client.stream_chat(f"simulator/{KEY}", KEY, headers={"cache-control": KEY}) as stream:
        async for _ in stream:
            pass
    await client.embed("simulator/echo", [KEY, "plain"])
    with pytest.raises(Unauthorized):
        await client.as_caller("some-other-key-of-mine").chat("simulator/echo", "some-other-key-of-mine")


async def test_no_key_is_in_the_file_wherever_a_caller_put_it(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG % tmp_path)
    async with open_gateway(config, api_key=KEY, environ={}) as client:
        await use(client)
        await client.gateway.ask(Request("model", subject=f"simulator/{KEY}", credential=KEY))
    (path,) = tmp_path.glob("*.cassette")
    assert KEY.encode() not in path.read_bytes()
    assert b"some-other-key-of-mine" not in path.read_bytes()
    takes = list(read_cassette(path))
    assert [(take.operation, take.status, take.key) for take in takes] == [
        ("chat", 200, "ann"),
        ("chat", 200, "ann"),
        ("embedding", 200, "ann"),
        ("chat", 401, ""),
        ("model", 200, "ann"),
    ]
    assert takes[1].plan == ("simulator/" + "*" * len(KEY),)
    assert takes[2].body.endswith(b'"' + b"*" * len(KEY) + b'","plain"],"encoding_format":"float"}')


async def test_before_validate_the_model_is_known_all_the_same(tmp_path):
    @stage("early", summary="Sees what `record` sees.")
    class Early:
        def __init__(self, settings, resources):
            pass

        def judge(self, exchange):
            seen.append(exchange.request.typed)
            return Verdict.PASS

    seen = []
    builder = (
        GatewayBuilder()
        .use(Early)
        .provider("simulator", type="simulator", first_token="1ms", tokens_per_second=0)
        .pipeline("early", "record", "validate", "route", "call")
        .stage("record", path=str(tmp_path), contents="drop")
    )
    async with open_gateway(builder, environ={}) as client:
        await client.chat("simulator/echo", "Hi")
    (path,) = tmp_path.glob("*.cassette")
    (take,) = read_cassette(path)
    assert seen == [None]
    assert take.model == "simulator/echo"


async def test_sound_is_told_by_times_and_sizes_alone(autojump_clock):
    async def sound():
        yield [Chunk(b"\x00\xff\n", ChunkKind.CONTENT)]

    record, kept = recording(contents="keep", answers=True)
    saying = judging(lambda _: Reply(stream=sound(), media_type="audio/wav", raw=True))
    async with gateway_of(record, saying) as gateway, gateway.stream(chat(stream=True)) as flow:
        async for _ in flow:
            pass
    assert [(one.size, one.data) for one in kept.takes[0].chunks] == [(3, b"")]
