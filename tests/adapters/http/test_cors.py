import pytest

from sluicegate.adapters.http.cors import Cors
from sluicegate.pipeline.config.sections import CorsSettings

PAGE = (b"origin", b"https://app.example")
ASKS = (b"access-control-request-method", b"POST")


async def head_with(cors, request_headers):
    sent = []

    async def send(message):
        sent.append(message)

    await cors.wrap(request_headers, send)({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
    return dict(sent[0]["headers"])


async def test_off_by_default_nothing_is_said_to_any_page():
    cors = Cors(CorsSettings())
    assert await head_with(cors, [PAGE]) == {b"a": b"b"}
    assert cors.preflight([PAGE, ASKS], "POST") == []


async def test_a_listed_origin_may_read_the_answer_and_our_headers():
    head = await head_with(Cors(CorsSettings(allowed_origins=("https://app.example/",))), [PAGE])
    assert head[b"access-control-allow-origin"] == b"https://app.example"
    assert head[b"vary"] == b"origin"
    exposed = head[b"access-control-expose-headers"].decode().split(", ")
    assert {"x-request-id", "x-sluicegate-provider", "x-ratelimit-reset-requests", "server-timing"} <= set(exposed)
    assert not [name for name in exposed if name.endswith("-tokens")]  # nothing sends these
    assert b"access-control-allow-credentials" not in head


@pytest.mark.parametrize(
    ("listed", "sent"),
    [
        ("https://two.example:443", b"https://two.example"),
        ("HTTPS://Two.example:443/", b"https://two.example"),
        ("http://two.example:80", b"http://two.example"),
        ("https://[::1]:443", b"https://[::1]"),
        ("https://two.example:80", b"https://two.example:80"),
        ("https://two.example:8443", b"https://two.example:8443"),
    ],
)
def test_a_listed_origin_is_compared_as_browsers_send_it(listed, sent):
    cors = Cors(CorsSettings(allowed_origins=(listed,)))
    assert cors.allows(sent)
    assert not cors.allows(sent + b":1")


@pytest.mark.parametrize("origin", [b"https://evil.example", b"null", b"https://app.example.evil"])
async def test_another_origin_is_told_nothing_but_caches_know_that_it_matters(origin):
    cors = Cors(CorsSettings(allowed_origins=("https://app.example",)))
    assert await head_with(cors, [(b"origin", origin)]) == {b"a": b"b", b"vary": b"origin"}
    assert cors.preflight([(b"origin", origin), ASKS], "POST") == []


async def test_a_star_admits_every_page():
    head = await head_with(Cors(CorsSettings(allowed_origins=("*",))), [PAGE])
    assert head[b"access-control-allow-origin"] == b"*"
    assert b"vary" not in head


def test_a_preflight_is_told_methods_headers_and_how_long_that_holds():
    cors = Cors(CorsSettings(allowed_origins=("https://app.example",)))
    asked = (b"access-control-request-headers", b"authorization, x-stainless-lang")
    assert dict(cors.preflight([PAGE, ASKS, asked], "POST, OPTIONS")) == {
        b"access-control-allow-methods": b"POST, OPTIONS",
        b"access-control-allow-headers": b"authorization, x-stainless-lang",
        b"access-control-max-age": b"600",
    }


def test_options_that_is_no_preflight_is_told_nothing_more():
    assert Cors(CorsSettings(allowed_origins=("*",))).preflight([PAGE], "POST") == []
