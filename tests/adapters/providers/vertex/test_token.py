"""Tokens: fetched once, kept while they hold, replaced early, and dropped where they are not accepted."""

import msgspec
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from sluicegate.adapters.providers.leased import EARLY
from sluicegate.adapters.providers.secrets import Secrets
from sluicegate.adapters.providers.vertex.account import Signer, read_account
from sluicegate.adapters.providers.vertex.token import Authorized, Tokens
from sluicegate.pipeline.config.sections import HttpProviderSettings
from sluicegate.pipeline.errors import UpstreamError, UpstreamRefused
from sluicegate.pipeline.provider import UpstreamRequest
from sluicegate.testing import ScriptedResponse, ScriptedTransport
from tests.adapters.providers.vertex.accounts import key_file

URL = "https://oauth2.googleapis.com/token"
ASK = UpstreamRequest("POST", "https://aiplatform.googleapis.com/x", (("a", "b"),), b"{}")
SIGNER = Signer(read_account(key_file()))


def granted(token: str, seconds: float = 3599, *, wait: float = 0.0) -> ScriptedResponse:
    body = msgspec.json.encode({"access_token": token, "expires_in": seconds, "token_type": "Bearer"})
    return ScriptedResponse((0.0, body), wait=wait)


def refused(
    status: int, body: bytes = b'{"error":"invalid_grant","error_description":"key kid-1"}'
) -> ScriptedResponse:
    return ScriptedResponse((0.0, body), status=status)


def over(*answers: ScriptedResponse | Exception) -> tuple[Authorized, ScriptedTransport]:
    shared = ScriptedTransport(*answers)
    tokens = Tokens("cloud", SIGNER, URL, Secrets(HttpProviderSettings(type="vertex")), wall=lambda: 1.79e9)
    return Authorized(tokens, shared), shared


def sent(shared: ScriptedTransport) -> list[str]:
    """Return what each request carried: a token, or a form in place of it."""
    return [dict(request.headers).get("authorization", "form") for _, request in shared.requests]


async def test_token_is_fetched_once_and_put_on_each_request(autojump_clock):
    carrier, shared = over(granted("t1"), ScriptedResponse(), ScriptedResponse())
    for _ in range(2):
        assert (await carrier.send(ASK, connect=2.0)).head.status == 200
    assert sent(shared) == ["form", "Bearer t1", "Bearer t1"]
    form = shared.requests[0][1]
    assert form.url == URL
    assert form.body.startswith(b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=ey")
    assert shared.connects == [2.0, 2.0, 2.0]
    assert shared.requests[1][1].headers[0] == ("a", "b")


async def test_token_is_replaced_before_its_end(autojump_clock):
    carrier, shared = over(
        granted("t1", 1000), ScriptedResponse(), ScriptedResponse(), granted("t2"), ScriptedResponse()
    )
    await carrier.send(ASK, connect=1.0)
    await trio.sleep(1000 - EARLY - 1)
    await carrier.send(ASK, connect=1.0)
    await trio.sleep(1)
    await carrier.send(ASK, connect=1.0)
    assert sent(shared) == ["form", "Bearer t1", "Bearer t1", "form", "Bearer t2"]


async def test_many_requests_wait_for_one_token(autojump_clock):
    carrier, shared = over(granted("t1", wait=1.0), *[ScriptedResponse() for _ in range(5)])
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(lambda: carrier.send(ASK, connect=1.0))
    assert sent(shared) == ["form", *["Bearer t1"] * 5]
    assert trio.current_time() == 1.0


async def test_others_go_on_with_a_token_that_still_holds(autojump_clock):
    carrier, shared = over(
        granted("t1", 1000), ScriptedResponse(), granted("t2", wait=5.0), ScriptedResponse(), ScriptedResponse()
    )
    await carrier.send(ASK, connect=1.0)
    await trio.sleep(800)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: carrier.send(ASK, connect=1.0))
        await wait_all_tasks_blocked()
        await carrier.send(ASK, connect=1.0)
        assert trio.current_time() == 800.0
    assert sent(shared) == ["form", "Bearer t1", "form", "Bearer t1", "Bearer t2"]


async def test_request_that_is_cancelled_while_it_fetches_leaves_that_to_the_next(autojump_clock):
    carrier, shared = over(granted("lost", wait=100.0), granted("t1"), ScriptedResponse())
    with trio.move_on_after(1):
        await carrier.send(ASK, connect=1.0)
    await carrier.send(ASK, connect=1.0)
    assert sent(shared) == ["form", "form", "Bearer t1"]


async def test_token_that_still_holds_serves_where_no_other_can_be_had(autojump_clock):
    carrier, shared = over(granted("t1", 1000), ScriptedResponse(), refused(503), ScriptedResponse(), refused(503))
    await carrier.send(ASK, connect=1.0)
    await trio.sleep(900)
    await carrier.send(ASK, connect=1.0)
    assert sent(shared)[-1] == "Bearer t1"
    await trio.sleep(100)
    with pytest.raises(UpstreamError):
        await carrier.send(ASK, connect=1.0)


async def test_token_that_is_not_accepted_is_replaced_once(autojump_clock):
    denied = [ScriptedResponse(status=401) for _ in range(2)]
    carrier, shared = over(granted("t1"), denied[0], granted("t2"), denied[1])
    assert (await carrier.send(ASK, connect=1.0)).head.status == 401
    assert sent(shared) == ["form", "Bearer t1", "form", "Bearer t2"]
    assert denied[0].closed is not None
    assert denied[1].closed is None


@pytest.mark.parametrize(
    ("answer", "kind", "retryable"),
    [
        (refused(400), UpstreamRefused, False),
        (refused(401, b"<html>"), UpstreamRefused, False),
        (refused(429, b"{}"), UpstreamError, True),
        (refused(500, b""), UpstreamError, True),
        (ScriptedResponse((0.0, b"<html>")), UpstreamError, True),
        (ScriptedResponse((0.0, b'{"access_token":"a\\nb"}')), UpstreamError, True),
        (ScriptedResponse((0.0, b'{"access_token":""}')), UpstreamError, True),
        (UpstreamError("no connection"), UpstreamError, True),
    ],
)
async def test_failing_to_get_a_token_is_an_upstream_error(answer, kind, retryable, autojump_clock):
    carrier, shared = over(answer)
    with pytest.raises(UpstreamError) as caught:
        await carrier.send(ASK, connect=1.0)
    assert type(caught.value) is kind
    assert caught.value.retryable is retryable
    assert "kid-1" not in caught.value.message
    assert len(shared.requests) == 1
    if isinstance(answer, ScriptedResponse):
        assert answer.closed is not None


async def test_reason_is_named_without_its_description(autojump_clock):
    carrier, _ = over(refused(400))
    with pytest.raises(UpstreamRefused, match=r"provider 'cloud' got no token \(400, invalid_grant\)"):
        await carrier.send(ASK, connect=1.0)


async def test_token_is_never_shown_once_it_is_known(autojump_clock):
    secrets = Secrets(HttpProviderSettings(type="vertex"))
    tokens = Tokens("cloud", SIGNER, URL, secrets)
    await tokens.get(ScriptedTransport(granted("ya29.secret")), connect=1.0)
    assert secrets.hide("bad token ya29.secret") == "bad token ***"


async def test_closing_closes_the_shared_transport():
    carrier, shared = over()
    await carrier.aclose()
    assert shared.closed
