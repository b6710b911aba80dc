"""What is passed through, over raw sockets: what goes up, what comes down, and what nobody can reach."""

import json

import pytest
import trio

from sluicegate.adapters.http.passing import read_passing
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.request import Request
from tests.adapters.http.harness import SIMULATOR, house
from tests.upstreams.keeper import Told, keeping

KEY = "the-key-of-a-caller"
KEYS = [{"key": KEY, "name": "caller"}, {"key": "the-key-of-a-guest", "name": "guest", "allowed_models": ["up/gpt-*"]}]
BEARER = ("authorization", f"Bearer {KEY}")


def upstreams(url, **settings):
    return {
        "up": {
            "type": "openai",
            "base_url": url,
            "api_key": "sk-ours",
            "max_retries": 2,
            "retry_delay": "1ms",
            **settings,
        }
    }


async def test_a_request_goes_up_with_our_key_in_place_of_the_callers_and_its_answer_comes_down():
    told = Told(
        b'{"id":"x","usage":{"input_tokens":7,"output_tokens":3}}',
        201,
        headers=(("etag", "1"), ("set-cookie", "a=b"), ("openai-version", "2"), ("access-control-allow-origin", "*")),
    )
    async with (
        keeping(told) as upstream,
        house(providers=upstreams(upstream.url, proxy=True), auth={"api_keys": KEYS}) as running,
    ):
        headers = [
            BEARER,
            ("content-type", "application/x-anything"),
            ("openai-beta", "assistants=v2"),
            ("cookie", "secret=1"),
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("te", "trailers"),
            ("x-forwarded-for", "1.2.3.4"),
            ("openai-organization", "org-of-the-caller"),
        ]
        path = "/v1/proxy/up/fine_tuning/jobs/a%2Fb?after=1&key=theirs&limit=2"
        answer = await running.ask("PUT", path, b"\x00\x01body", headers)
        await running.until_idle()
        record = running.records[-1]
    asked = upstream.asked[0]
    assert (asked.method, asked.target, asked.body) == (
        "PUT",
        "/v1/fine_tuning/jobs/a%2Fb?after=1&limit=2",
        b"\x00\x01body",
    )
    assert asked.headers == {
        "host": asked.headers["host"],
        "content-type": "application/x-anything",
        "openai-beta": "assistants=v2",
        "user-agent": "sluicegate",
        "authorization": "Bearer sk-ours",
        "accept-encoding": asked.headers["accept-encoding"],
        "content-length": "6",
    }
    assert (answer.status, answer.body) == (201, told.body)
    assert (answer.headers["etag"], answer.headers["openai-version"]) == ("1", "2")
    assert answer.headers["content-type"] == "application/json"
    assert not {"set-cookie", "access-control-allow-origin"} & set(answer.headers)
    assert (record["operation"], record["provider"], record["key"]) == ("proxy", "up", "caller")
    assert (record["input_tokens"], record["output_tokens"], record["status"]) == (7, 3, 201)


@pytest.mark.parametrize("settings", [{}, {"proxy": False}])
async def test_no_provider_is_open_unless_it_says_so(settings):
    async with keeping(Told()) as upstream, house(providers=upstreams(upstream.url, **settings)) as running:
        answer = await running.ask("GET", "/v1/proxy/up/models")
        assert (answer.status, answer.error["code"]) == (404, "not_open")
        assert (await running.ask("GET", "/v1/proxy/nobody/models")).error["code"] == "provider_not_found"
    assert upstream.asked == []


@pytest.mark.parametrize(
    "path",
    [
        "../admin",
        "a/../../admin",
        "a/%2e%2e/b",
        "a/.%2E/b",
        "%2e%2e%2fadmin",
        "a%2f..%2f..%2fb",
        "%252e%252e/b",
        "%25252e%25252e%25252fb",
        "a/./b",
        "a/..;/b",
        "a\\..\\b",
        "a%5c..%5cb",
        "a//b",
        "/evil.example/b",
        "@evil.example/b/%00",
        "a%0d%0ahost:%20evil",
        "a%zz",
        "a b",
        "a\u00e9",
    ],
)
def test_a_path_that_could_climb_is_refused(path):
    with pytest.raises(InvalidRequest, match="cannot be passed on") as raised:
        read_passing(Request("proxy"), "GET", f"up/{path}", b"")
    assert raised.value.code == "invalid_path"


@pytest.mark.parametrize("query", [b"a=\xff", b"a=%0", b"a#b"])
def test_a_query_with_what_none_may_have_is_refused(query):
    with pytest.raises(InvalidRequest, match="its query"):
        read_passing(Request("proxy"), "GET", "up/a", query)


@pytest.mark.parametrize("below", ["@evil.example/x", ":80@evil.example/x", "..", "evil.example:80/x", "up%2f..%2fx/y"])
async def test_no_name_of_a_provider_leads_elsewhere(below):
    async with keeping(Told()) as upstream, house(providers=upstreams(upstream.url, proxy=True)) as running:
        answer = await running.ask("GET", f"/v1/proxy/{below}")
        assert answer.status in (400, 404)
    assert upstream.asked == []


async def test_what_the_host_of_a_path_looks_like_stays_a_path():
    async with keeping(Told()) as upstream, house(providers=upstreams(upstream.url, proxy=True)) as running:
        assert (await running.ask("GET", "/v1/proxy/up/@evil.example/x")).status == 200
    assert upstream.asked[0].target == "/v1/@evil.example/x"
    assert upstream.asked[0].headers["host"] in upstream.url


async def test_a_stream_passes_as_it_is_and_a_cut_one_has_no_end():
    events = b": hello\n\nevent: x\ndata: 1\n\n"
    for told, complete in ((Told(events, media_type="text/event-stream"), True), (Told(events, cut=True), False)):
        async with keeping(told) as upstream, house(providers=upstreams(upstream.url, proxy=True)) as running:
            answer = await running.ask("GET", "/v1/proxy/up/stream")
            assert (answer.body, answer.complete) == (events if complete else answer.body, complete)


async def test_what_may_have_made_something_is_not_sent_twice():
    async with (
        keeping(Told(b'{"error":{"message":"down"}}', status=503)) as upstream,
        house(providers=upstreams(upstream.url), auth={"api_keys": KEYS}) as running,
    ):
        made = await running.ask("POST", "/v1/batches", {"input_file_id": "file-1"}, [BEARER])
        assert (made.status, len(upstream.asked)) == (502, 1)
        assert "provider 'up'" in made.error["message"]
        await running.ask("GET", "/v1/batches", None, [BEARER])
        assert len(upstream.asked) == 4


async def test_a_key_for_some_models_passes_nothing_through():
    async with (
        keeping(Told()) as upstream,
        house(providers=upstreams(upstream.url, proxy=True), auth={"api_keys": KEYS}) as running,
    ):
        for path in ("/v1/files", "/v1/proxy/up/chat/completions"):
            answer = await running.ask("GET", path, None, [("x-api-key", "the-key-of-a-guest")])
            assert (answer.status, answer.error["code"]) == (403, "not_allowed")
            assert (await running.ask("GET", path)).status == 401
    assert upstream.asked == []


async def test_files_go_to_the_provider_that_is_named_or_is_the_only_one():
    async with keeping(Told(b'{"data":[]}')) as one, keeping(Told(b'{"data":[]}')) as two:
        providers = {
            "one": {"type": "openai", "base_url": one.url, "api_key": "k1"},
            "two": {"type": "openai", "base_url": two.url, "api_key": "k2"},
        }
        async with house(providers=providers) as running:
            unsaid = await running.ask("GET", "/v1/files")
            assert (unsaid.status, unsaid.error["param"]) == (400, "x-sluicegate-provider")
            assert "one, two" in unsaid.error["message"]
            assert (await running.ask("GET", "/v1/files", None, [("x-sluicegate-provider", "two")])).status == 200
            assert (await running.ask("GET", "/v1/files?provider=one&limit=5")).status == 200
        async with house(providers={**SIMULATOR, "one": providers["one"]}) as running:
            assert (await running.ask("DELETE", "/v1/files/file-1")).status == 200
            answer = await running.ask("GET", "/v1/files?provider=sim")
            assert (answer.status, answer.error["code"]) == (400, "unsupported_endpoint")
        async with house() as running:
            assert (await running.ask("GET", "/v1/files")).status == 404
    assert [asked.target for asked in two.asked] == ["/v1/files"]
    assert [(asked.method, asked.target) for asked in one.asked] == [
        ("GET", "/v1/files?limit=5"),
        ("DELETE", "/v1/files/file-1"),
    ]


async def test_a_limit_counts_what_is_passed_through():
    async with (
        keeping(Told()) as upstream,
        house(providers=upstreams(upstream.url), limit={"requests": ["1/h"]}) as running,
    ):
        assert (await running.ask("GET", "/v1/files")).status == 200
        assert (await running.ask("GET", "/v1/files")).status == 429


async def test_a_breaker_and_a_deadline_hold_for_what_is_passed_through():
    async with keeping(Told(b"{}", status=500)) as upstream:
        settings = {"max_retries": 0, "circuit_breaker": {"failures": 1, "recovery": "1h"}}
        async with house(providers=upstreams(upstream.url, **settings)) as running:
            assert (await running.ask("GET", "/v1/files")).status == 502
            assert (await running.ask("GET", "/v1/files")).error["code"] == "circuit_open"

    async def silent(stream):
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, silent, 0)
        url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/v1"
        async with house(providers=upstreams(url)) as running:
            late = await running.ask("GET", "/v1/files", None, [("x-sluicegate-timeout", "0.1")])
            assert (late.status, late.error["code"]) == (504, "deadline_exceeded")
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("kind", "settings", "path", "target", "header"),
    [
        ("anthropic", {}, "v1/messages/batches", "/v1/v1/messages/batches", "x-api-key"),
        ("gemini", {}, "v1beta/models", "/v1/v1beta/models", "x-goog-api-key"),
        ("azure", {}, "files", "/v1/files", "api-key"),
        ("custom", {"auth": {"kind": "query", "name": "token"}}, "x?a=1", "/v1/x?token=sk-ours&a=1", None),
        ("custom", {"auth": {"kind": "header", "name": "x-secret"}}, "x", "/v1/x", "x-secret"),
        ("groq", {}, "batches", "/v1/batches", "authorization"),
    ],
)
async def test_each_kind_of_provider_is_shown_its_key_in_its_own_way(kind, settings, path, target, header):
    async with keeping(Told()) as upstream:
        providers = {"up": {"type": kind, "base_url": upstream.url, "api_key": "sk-ours", "proxy": True, **settings}}
        async with house(providers=providers) as running:
            assert (await running.ask("GET", f"/v1/proxy/up/{path}", None, [("x-api-key", "theirs")])).status == 200
    asked = upstream.asked[0]
    assert asked.target == target
    shown = {name: value for name, value in asked.headers.items() if "sk-ours" in value}
    assert list(shown) == ([header] if header else [])
    assert "theirs" not in json.dumps(asked.headers)


@pytest.mark.parametrize(("status", "code"), [(403, "forbidden"), (404, "not_found"), (405, None), (409, None)])
async def test_what_a_caller_did_wrong_there_has_its_own_status_and_opens_no_breaker(status, code):
    told = Told(b'{"error":{"message":"not so"}}', status)
    settings = {"proxy": True, "circuit_breaker": {"failures": 1}}
    async with keeping(told) as upstream, house(providers=upstreams(upstream.url, **settings)) as running:
        answers = [await running.ask("GET", "/v1/proxy/up/things/1") for _ in range(3)]
    assert [answer.status for answer in answers] == [status] * 3
    assert code is None or answers[0].error["code"] == code
    assert len(upstream.asked) == 3


@pytest.mark.parametrize(("status", "headers"), [(304, ()), (302, (("location", "https://example.org/file"),))])
async def test_what_has_not_changed_or_lies_elsewhere_is_told_as_it_is(status, headers):
    async with (
        keeping(Told(b"", status, headers=headers)) as upstream,
        house(providers=upstreams(upstream.url, proxy=True)) as running,
    ):
        answer = await running.ask("GET", "/v1/proxy/up/things/1", None, [("if-none-match", "1")])
    assert (answer.status, answer.body, len(upstream.asked)) == (status, b"", 1)
    assert answer.headers.get("location") == dict(headers).get("location")


async def test_a_page_that_is_passed_through_is_none_of_the_gateways():
    page = Told(b"<script>alert(1)</script>", headers=(("content-type", "text/html"),))
    async with keeping(page) as upstream, house(providers=upstreams(upstream.url, proxy=True)) as running:
        answer = await running.ask("GET", "/v1/proxy/up/page")
    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
