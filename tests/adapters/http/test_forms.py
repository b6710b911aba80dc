"""Forms with files, over raw sockets: where they are kept, how much of them, and until when."""

import os
from contextlib import suppress

import pytest
import trio

from tests.adapters.http.harness import house, read_answer, request
from tests.upstreams.keeper import Told, keeping

PATH = "/v1/audio/transcriptions"
TYPE = ("content-type", "multipart/form-data; boundary=xyz")
MIB = 1024 * 1024
FAST = {"sim": {"type": "simulator", "first_token": "0s", "tokens_per_second": 0}}


def field(name, text):
    return f'--xyz\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()


def file(data, name="file"):
    head = (
        f'--xyz\r\ncontent-disposition: form-data; name="{name}"; filename="a.mp3"\r\ncontent-type: audio/mpeg\r\n\r\n'
    )
    return head.encode() + data + b"\r\n"


MODEL = field("model", "sim/any")
END = b"--xyz--\r\n"


def nameless():
    """How many files without a name this process has open."""
    count = 0
    for fd in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            count += os.readlink(f"/proc/self/fd/{fd}").endswith("(deleted)")
    return count


async def until(true):
    with trio.fail_after(10):
        while not true():  # noqa: ASYNC110  # nothing tells when a server has read, or noticed
            await trio.sleep(0.005)


async def send(running, *parts, path=PATH):
    return await running.ask("POST", path, b"".join(parts), [TYPE])


async def test_a_file_may_come_before_the_model_and_after_it():
    async with house(providers=FAST) as running:
        first = await send(running, file(b"sound"), MODEL, END)
        second = await send(running, MODEL, file(b"sound"), END)
    assert (first.status, first.headers["x-sluicegate-model"]) == (200, "any")
    assert first.json == second.json
    assert first.json["usage"] == {"type": "duration", "seconds": 1}


@pytest.mark.parametrize(
    ("parts", "param", "told"),
    [
        ([MODEL, END], "file", "file: required"),
        ([file(b"x"), END], "model", "model: required"),
        ([MODEL, field("file", "x"), END], "file", "must be sent as a file"),
        ([MODEL, file(b""), END], "file", "the file is empty"),
        ([MODEL, file(b"x"), file(b"y"), END], "file", "expected"),
        ([MODEL, file(b"x"), field("temperature", "hot"), END], "temperature", "number"),
        ([MODEL, file(b"x"), field("temperature", "2"), END], "temperature", "at most 1"),
        ([MODEL, file(b"x"), field("response_format", "xml"), END], "response_format", "must be one of"),
        (
            [MODEL, file(b"x"), field("timestamp_granularities[]", "word"), END],
            "timestamp_granularities",
            "verbose_json",
        ),
        ([MODEL, file(b"x")], None, "final boundary is missing"),
        ([MODEL, file(b"x"), field("prompt", "x" * (MIB + 1)), END], None, "fields of the form are over 1 MiB"),
    ],
)
async def test_what_is_wrong_with_a_form_is_told(parts, param, told):
    async with house(providers=FAST) as running:
        answer = await send(running, *parts)
        assert answer.status in (400, 413)
        assert told in answer.error["message"]
        assert answer.error["param"] == param
        await running.assert_well()


async def test_a_prompt_is_filtered():
    async with house(providers=FAST, filter={"blocked_words": ["secret"]}) as running:
        answer = await send(running, MODEL, file(b"x"), field("prompt", "a secret thing"), END)
    assert (answer.status, answer.error["param"], answer.error["code"]) == (400, "prompt", "content_filter")


async def test_what_is_too_large_is_refused_by_its_length_or_as_soon_as_it_is_over():
    async with house(providers=FAST, server={"max_upload": "1MiB"}) as running:
        declared = await running.raw(request("POST", PATH, b" " * (2 * MIB), [TYPE])[: 64 * 1024])
        assert declared.status == 413
        assert declared.error["message"] == "body is 2 MiB, limit 1 MiB (server.max_upload)"
        chunk = b"100000\r\n" + b"x" * MIB + b"\r\n"
        head = request("POST", PATH, None, [TYPE, ("transfer-encoding", "chunked")])
        start = file(b"")[:-2]
        endless = await running.raw(head + b"%x\r\n%b\r\n" % (len(start), start) + chunk + chunk)
        assert (endless.status, endless.error["code"]) == (413, "request_too_large")
        await running.assert_well()


async def test_a_body_above_max_body_passes_if_it_is_a_form():
    async with house(providers=FAST, server={"max_body": "1KiB"}) as running:
        assert (await send(running, MODEL, file(b"x" * 10_000), END)).status == 200


async def test_files_count_among_the_uploads_until_their_exchange_ends():
    server = {"max_body": "1MiB", "max_incoming": "3MiB", "max_upload": "2MiB"}
    slow = {"sim": {"type": "simulator", "first_token": "60s"}}
    form, before = MODEL + file(b"x" * (19 * MIB // 10)) + END, nameless()
    async with house(providers=slow, server=server) as running:
        stream = await running.connect()
        await stream.send_all(request("POST", PATH, form, [TYPE]))
        await until(lambda: running.gateway.in_flight)
        assert nameless() == before + 1
        refused = await send(running, form)
        assert (refused.status, refused.error["code"]) == (503, "overloaded")
        await stream.aclose()  # the client leaves: its exchange is cancelled, and its file gone
        await running.until_idle()
        assert nameless() == before
        again = await running.connect()
        await again.send_all(request("POST", PATH, form, [TYPE]))
        await until(lambda: running.gateway.in_flight)
        await again.aclose()
        await running.until_idle()
        assert [record["status"] for record in running.records] == [503, 499, 499]
        assert nameless() == before


async def test_a_failover_sends_the_same_bytes_again():
    data = bytes(range(256)) * 8 * 1024  # 2 MiB, so they are on disk
    async with (
        keeping(Told(b'{"error":{"message":"down"}}', status=500)) as broken,
        keeping(Told(b'{"text":"hello"}')) as well,
    ):
        providers = {
            "one": {"type": "openai", "base_url": broken.url, "api_key": "k1", "max_retries": 1, "retry_delay": "1ms"},
            "two": {"type": "openai", "base_url": well.url, "api_key": "k2"},
        }
        models = {"ears": {"targets": ["one/a", "two/b"]}}
        async with house(providers=providers, models=models) as running:
            extra = field("timestamp_granularities[]", "word") + field("response_format", "verbose_json")
            answer = await send(running, file(data), field("model", "ears"), extra, field("unknown", "kept"), END)
        assert (answer.status, answer.json) == (200, {"text": "hello"})
        assert answer.headers["x-sluicegate-provider"] == "two"
    sent = [*broken.asked, *well.asked]
    assert [asked.target for asked in sent] == ["/v1/audio/transcriptions"] * len(sent)
    assert len(broken.asked) == 2
    for asked, model, key in zip(sent, "aab", ("k1", "k1", "k2"), strict=True):
        assert asked.headers["authorization"] == f"Bearer {key}"
        assert int(asked.headers["content-length"]) == len(asked.body)
        assert b'filename="a.mp3"\r\ncontent-type: audio/mpeg\r\n\r\n' + data + b"\r\n--" in asked.body
        assert f'name="model"\r\n\r\n{model}\r\n'.encode() in asked.body
        assert b'name="timestamp_granularities[]"\r\n\r\nword\r\n' in asked.body
        assert b'name="unknown"\r\n\r\nkept\r\n' in asked.body


async def test_two_images_keep_their_order_and_their_brackets():
    async with keeping(Told(b'{"created":1,"data":[]}')) as upstream:
        providers = {"one": {"type": "openai", "base_url": upstream.url, "api_key": "k"}}
        async with house(providers=providers) as running:
            parts = [
                field("model", "one/x"),
                file(b"first", "image[]"),
                field("prompt", "p"),
                file(b"second", "image[]"),
            ]
            assert (await send(running, *parts, END, path="/v1/images/edits")).status == 200
            assert (await send(running, *parts[:3], file(b"m", "mask"), END, path="/v1/images/edits")).status == 200
    body = upstream.asked[0].body
    assert body.count(b'name="image[]"') == 2
    assert 0 < body.index(b"first") < body.index(b"second")
    assert b'name="mask"; filename="a.mp3"' in upstream.asked[1].body


@pytest.mark.parametrize(
    ("told", "asked", "status"),
    [
        (Told(b"hello\n", media_type="text/plain"), "text", 200),
        (Told(b"WEBVTT\n", media_type="text/vtt"), "vtt", 200),
        (Told(b'{"text":"hello"}'), "text", 200),
        (Told(b"<html>", media_type="text/html"), "text", 502),
        (Told(b"hello", media_type="text/plain"), "json", 502),
        (Told(b"{}"), "json", 502),
        (Told(b""), "json", 502),
        (Told(b'{"text":'), "json", 502),
        (Told(b"\xff\xfe", media_type="text/plain"), "text", 502),
        (Told(b'{"error":{"message":"no such sound"}}'), "json", 502),
    ],
)
async def test_an_answer_leaves_as_it_came_or_is_none(told, asked, status):
    async with keeping(told) as upstream:
        providers = {"one": {"type": "openai", "base_url": upstream.url, "api_key": "k", "max_retries": 0}}
        async with house(providers=providers) as running:
            parts = [field("model", "one/x"), file(b"x"), field("response_format", asked), END]
            answer = await send(running, *parts)
    assert answer.status == status
    if status == 200:
        assert (answer.body, answer.headers["content-type"]) == (told.body, told.media_type)
    else:
        assert "provider 'one'" in answer.error["message"]


STREAM = (
    b'data: {"type":"transcript.text.delta","delta":"hel"}\n\ndata: {"type":"transcript.text.done","text":"hel"}\n\n'
)


@pytest.mark.parametrize(
    ("told", "complete"),
    [
        (Told(STREAM + b"data: [DONE]\n\n", media_type="text/event-stream"), True),
        (Told(STREAM, media_type="text/event-stream"), True),
        (Told(b'{"text":"hel"}'), True),
        (Told(STREAM[:60], media_type="text/event-stream"), False),
        (Told(STREAM[:55], media_type="text/event-stream", cut=True), False),
    ],
)
async def test_a_streamed_transcript_passes_and_a_cut_one_never_looks_whole(told, complete):
    async with keeping(told) as upstream:
        providers = {"one": {"type": "openai", "base_url": upstream.url, "api_key": "k", "max_retries": 0}}
        async with house(providers=providers) as running:
            answer = await send(running, field("model", "one/x"), file(b"x"), field("stream", "true"), END)
    assert answer.status == 200
    assert ("[DONE]" in answer.events) is complete
    assert b'"delta":"hel"' in answer.body
    assert (b'"transcript.text.done"' in answer.body) is complete


async def test_no_form_is_a_400_and_a_half_one_leaves_nothing_behind():
    before = nameless()
    async with house(providers=FAST) as running:
        answer = await running.ask("POST", PATH, {"model": "sim/any"}, [("content-type", "application/json")])
        assert (answer.status, answer.error["code"]) == (400, "unsupported_media_type")
        stream = await running.connect()
        half = request("POST", PATH, MODEL + file(b"x" * (2 * MIB)) + END, [TYPE])
        await stream.send_all(half[:-100])
        await until(lambda: nameless() > before)
        await stream.aclose()
        await until(lambda: nameless() == before)
        late = await running.connect()
        hurried = [TYPE, ("x-sluicegate-timeout", "0.1")]
        await late.send_all(request("POST", PATH, MODEL + file(b"x") + END, hurried)[:-5])
        assert (await read_answer(late)).status == 408
        await late.aclose()
        await running.assert_well()


async def test_a_form_of_transcript_that_a_provider_lacks_goes_to_the_next_target():
    subtitles = Told(b"WEBVTT\n", media_type="text/vtt")
    async with keeping(subtitles) as lacks, keeping(subtitles) as has:
        providers = {
            "one": {"type": "groq", "base_url": lacks.url, "api_key": "k"},
            "two": {"type": "openai", "base_url": has.url, "api_key": "k"},
        }
        async with house(providers=providers, models={"ears": {"targets": ["one/a", "two/b"]}}) as running:
            parts = [file(b"x"), field("response_format", "vtt")]
            answer = await send(running, field("model", "ears"), *parts, END)
            assert (answer.status, answer.headers["x-sluicegate-provider"]) == (200, "two")
            refused = await send(running, field("model", "one/a"), *parts, END)
            assert (refused.status, refused.error["code"]) == (400, "unsupported_parameter")
            assert refused.error["param"] == "response_format"
    assert (len(lacks.asked), len(has.asked)) == (0, 1)


async def test_as_many_images_are_made_of_a_file_as_are_wanted():
    async with house(providers=FAST) as running:
        parts = (MODEL, field("prompt", "a hat"), field("n", "3"), file(b"image", "image"), END)
        edited = await send(running, *parts, path="/v1/images/edits")
        varied = await send(running, MODEL, file(b"image", "image"), END, path="/v1/images/variations")
    assert (len(edited.json["data"]), len({one["b64_json"] for one in edited.json["data"]})) == (3, 3)
    assert len(varied.json["data"]) == 1
