import json

import pytest

from sluicegate.adapters.http import routes
from sluicegate.adapters.http.dialects import dialect_at
from sluicegate.adapters.http.gemini_dialect import GEMINI, GeminiArray
from sluicegate.adapters.http.gemini_paths import key_in
from sluicegate.pipeline.errors import InvalidRequest, NotFound, RateLimited, UpstreamError
from sluicegate.pipeline.reply import Chunk, ChunkKind
from tests.adapters.http.harness import house
from tests.upstreams.faulty import FaultyUpstream, answer

ASK = {"contents": [{"parts": [{"text": "Hello"}]}]}
QUICK = {"p": {"type": "simulator", "first_token": "1ms", "tokens": 4, "tokens_per_second": 5000}}
MODEL = "/v1beta/models/p%2Fany"


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (InvalidRequest("no", param="contents"), 400, "INVALID_ARGUMENT"),
        (NotFound("no"), 404, "NOT_FOUND"),
        (RateLimited("no", retry_after=2.5), 429, "RESOURCE_EXHAUSTED"),
        (UpstreamError("no"), 502, "UNAVAILABLE"),
        (UpstreamError("no", status=418), 418, "INVALID_ARGUMENT"),
    ],
)
def test_error_tells_its_status_in_words(error, code, status):
    told = json.loads(GEMINI.error(error, "req_1"))["error"]
    assert (told["code"], told["status"], told["message"]) == (code, status, "no")
    details = {detail["@type"].rpartition(".")[2]: detail for detail in told["details"]}
    assert details["ErrorInfo"]["reason"] == error.code.upper()
    assert details["RequestInfo"]["requestId"] == "req_1"
    assert ("RetryInfo" in details) == (error.retry_after is not None)
    assert ("BadRequest" in details) == (error.param is not None)


def test_array_that_is_cut_is_never_closed():
    def begun() -> tuple[GeminiArray, bytes]:
        array = GeminiArray()
        return array, array.frames([Chunk(b'{"a":1}', ChunkKind.CONTENT), Chunk(b'{"b":2}', ChunkKind.CONTENT)])

    array, data = begun()
    assert json.loads(data + array.clean_end()) == [{"a": 1}, {"b": 2}]
    array, data = begun()
    cut = data + array.broken_end(UpstreamError("gone"), "req_1")
    assert json.loads(cut + b"]")[2]["error"]["message"] == "gone"
    assert GeminiArray().clean_end() == b"[]"


@pytest.mark.parametrize(
    ("path", "operation", "streams", "subject"),
    [
        ("/v1beta/models/a:generateContent", "generate", False, "a"),
        ("/v1/models/a%2Fb:streamGenerateContent", "generate", True, "a/b"),
        ("/v1beta/models/a/b:1:countTokens", "count_generate", False, "a/b:1"),
        ("/v1beta/models", "models", False, ""),
        ("/v1beta/models/a/b", "model", False, "a/b"),
    ],
)
def test_path_tells_method_and_model(path, operation, streams, subject):
    route, found = routes.find(path)
    assert (route.operation, route.streams, found) == (operation, streams, subject)


@pytest.mark.parametrize(
    ("path", "headers", "name"),
    [
        ("/v1beta/nothing", [], "gemini"),
        ("/v1/models/a:generateContent", [], "gemini"),
        ("/v1/models", [(b"x-goog-api-key", b"k")], "gemini"),
        ("/v1/models", [(b"authorization", b"Bearer k")], "openai"),
        ("/v1/models/a", [(b"x-goog-api-key", b"k")], "gemini"),
        ("/v1/chat/completions", [(b"x-goog-api-key", b"k")], "openai"),
    ],
)
def test_dialect_goes_by_path_and_key(path, headers, name):
    assert dialect_at(path, headers).name == name


def test_key_may_stand_in_the_query():
    assert key_in(b"alt=sse&key=a%2Bb") == "a+b"
    assert key_in(b"monkey=x") is None
    assert key_in(b"key=") is None


async def test_stream_is_events_or_an_array_by_what_is_asked():
    async with house(providers=QUICK) as running:
        array = await running.ask("POST", f"{MODEL}:streamGenerateContent", ASK)
        events = await running.ask("POST", f"{MODEL}:streamGenerateContent?alt=sse", ASK)
    assert (array.headers["content-type"], array.complete) == ("application/json", True)
    assert events.headers["content-type"].startswith("text/event-stream")
    frames = [json.loads(event) for event in events.events]
    assert [frame["candidates"] for frame in array.json] == [frame["candidates"] for frame in frames]
    assert "finishReason" in frames[-1]["candidates"][0]


async def test_key_in_the_query_lets_in_and_goes_no_further():
    upstream = FaultyUpstream(answer(b'{"candidates":[{"finishReason":"STOP"}]}'))
    async with upstream.serving():
        provider = {"type": "gemini", "base_url": upstream.url.removesuffix("/v1"), "api_key": "theirs"}
        keys = [{"key": "sk-the-callers-own-key-0123456789", "name": "ann"}]
        async with house(providers={"p": provider}, auth={"api_keys": keys}) as running:
            path = f"{MODEL}:generateContent"
            good = await running.ask("POST", f"{path}?key=sk-the-callers-own-key-0123456789", ASK)
            bad = await running.ask("POST", f"{path}?key=sk-another", ASK)
            await running.until_idle()
            logged = json.dumps(running.records, default=str)
    assert (good.status, bad.status, bad.json["error"]["status"]) == (200, 401, "UNAUTHENTICATED")
    (visit,) = upstream.visits
    assert b"callers-own" not in visit.head + visit.body
    assert "callers-own" not in logged
    assert "sk-another" not in logged + bad.body.decode()


async def test_words_of_contents_are_filtered_and_equal_requests_are_cached():
    async with house(providers=QUICK, filter={"blocked_words": ["swordfish"]}) as running:
        for field in (
            {"contents": [{"parts": [{"text": "a swordfish"}]}]},
            {**ASK, "system_instruction": {"parts": [{"text": "swordfish"}]}},
            {**ASK, "tools": [{"function_declarations": [{"name": "f", "description": "swordfish"}]}]},
            {**ASK, "novelty": {"deep": ["swordfish"]}},
            {"contents": [{"parts": [{"text": "x", "novelty": "swordfish"}]}]},
        ):
            refused = await running.ask("POST", f"{MODEL}:generateContent", field)
            assert (refused.status, refused.json["error"]["details"][0]["reason"]) == (400, "CONTENT_FILTER")
        cold = {**ASK, "generationConfig": {"temperature": 0}}
        for stream in ("generateContent", "streamGenerateContent"):
            first = await running.ask("POST", f"{MODEL}:{stream}", cold)
            second = await running.ask("POST", f"{MODEL}:{stream}", cold)
            assert (first.headers["x-sluicegate-cache"], second.headers["x-sluicegate-cache"]) == ("miss", "hit")
            assert second.body == first.body


@pytest.mark.parametrize("body", [b"", b"[]", b'{"contents":[}', b'{"a":"}', b"{}", b'{"contents":[{"parts":[{}]}],}'])
async def test_bad_body_is_refused_in_googles_words(body):
    async with house(providers=QUICK) as running:
        refused = await running.ask("POST", f"{MODEL}:generateContent", body)
    assert (refused.status, refused.json["error"]["status"]) == (400, "INVALID_ARGUMENT")


async def test_model_in_the_body_does_not_count():
    async with house(providers=QUICK) as running:
        found = await running.ask("POST", f"{MODEL}:generateContent", {"model": "other/x", **ASK, "stream": True})
    assert (found.status, found.json["modelVersion"]) == (200, "any")
