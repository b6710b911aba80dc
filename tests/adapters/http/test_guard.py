"""What a browser was talked into does not get through; what a program asks for itself does."""

import pytest

from sluicegate.adapters.http.cors import Cors
from sluicegate.adapters.http.guard import Guard
from sluicegate.pipeline.config.sections import CorsSettings
from tests.adapters.http.harness import CHAT, house

CHATS = "/v1/chat/completions"
KEYS = {"auth": {"api_keys": [{"key": "a-callers-own-key", "name": "one"}]}}


def guard(*origins, host="127.0.0.1", keyless=False):
    return Guard(Cors(CorsSettings(allowed_origins=origins)), host=host, keyless=lambda: keyless)


def code(judge, **headers):
    refusal = judge.refusal([(name.encode(), value.encode()) for name, value in headers.items()])
    return None if refusal is None else (refusal.status, refusal.code)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:3000", "localhost:3000"),
        ("https://gw.example", "gw.example"),
        ("https://gw.example", "gw.example:443"),
        ("http://GW.example:80", "gw.example"),
        ("http://[::1]:3000", "[::1]:3000"),
    ],
)
def test_a_page_of_the_gateways_own_origin_passes(origin, host):
    assert code(guard(), origin=origin, host=host) is None


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "gw.example"),
        ("http://localhost:8000", "localhost:3000"),
        ("http://gw.example:443", "gw.example"),
        ("http://gw.example.evil", "gw.example"),
        ("null", "gw.example"),
        ("null", "null"),
        ("", "gw.example"),
    ],
)
def test_a_page_of_any_other_origin_does_not(origin, host):
    assert code(guard("https://app.example"), origin=origin, host=host) == (403, "origin_not_allowed")


def test_listed_origins_pass_and_a_star_lists_all():
    assert code(guard("https://app.example"), origin="https://app.example", host="gw.example") is None
    assert code(guard("*"), origin="null", host="gw.example") is None


def test_what_says_no_origin_is_no_web_page():
    assert code(guard(), host="gw.example") is None
    assert code(guard()) is None


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:3000",
        "localhost.",
        "gate.localhost:80",
        "127.0.0.1:3000",
        "127.9.9.9",
        "[::1]:3000",
        "gw.lan",
    ],
)
def test_without_keys_this_machines_names_are_answered_to(host):
    assert code(guard(host="gw.lan", keyless=True), host=host) is None


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "192.0.2.1:3000", "[2001:db8::1]", "", "[", "0"]
)
def test_without_keys_no_other_name_is(host):
    assert code(guard(keyless=True), host=host, origin=f"http://{host}") == (421, "host_not_allowed")


def test_http_1_0_may_do_without_a_host():
    assert code(guard(keyless=True)) is None


async def test_a_foreign_page_makes_nothing_happen_though_no_key_is_needed():
    plain = [("origin", "https://evil.example"), ("content-type", "text/plain")]
    async with house() as running:
        answer = await running.ask("POST", CHATS, CHAT, plain)
        assert (answer.status, answer.error["code"]) == (403, "origin_not_allowed")
        assert "https://evil.example" in answer.error["message"]
        assert running.gateway.resources.metrics.series == {}
        assert (await running.ask("GET", "/v1/models", headers=plain)).status == 403
        assert (await running.ask("GET", "/health", headers=plain)).status == 200
        assert [record["code"] for record in running.records] == ["origin_not_allowed"] * 2
        await running.assert_well()


async def test_a_page_whose_name_leads_here_reads_nothing_where_no_key_is_needed():
    data = b"GET /v1/models HTTP/1.1\r\nhost: evil.example:3000\r\norigin: http://evil.example:3000\r\n\r\n"
    async with house() as running:
        answer = await running.raw(data)
        assert (answer.status, answer.error["code"]) == (421, "host_not_allowed")
        assert "make an API key" in answer.error["message"]
        assert (await running.raw(data.replace(b"/v1/models", b"/health"))).status == 200


async def test_with_keys_any_host_is_good_and_a_foreign_page_still_is_not():
    data = b"GET /v1/models HTTP/1.1\r\nhost: gw.example\r\nx-api-key: a-callers-own-key\r\n%s\r\n"
    async with house(**KEYS) as running:
        assert (await running.raw(data % b"")).status == 200
        assert (await running.raw(data % b"origin: https://gw.example\r\n")).status == 200
        assert (await running.raw(data % b"origin: https://evil.example\r\n")).status == 403
