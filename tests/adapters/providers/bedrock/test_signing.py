"""Requests are signed when they are sent, and anew when they are sent again."""

import math

from sluicegate.adapters.providers.bedrock import Bedrock
from sluicegate.adapters.providers.bedrock.signing import Signing
from sluicegate.adapters.providers.bedrock.sigv4 import Credentials, Signer
from sluicegate.pipeline.provider import UpstreamRequest
from sluicegate.testing import ScriptedResponse, ScriptedTransport
from tests.adapters.providers.bedrock.asking import bedrock
from tests.adapters.providers.bedrock.test_errors import SIGNED

ASK = UpstreamRequest("POST", "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse", (("a", "b"),), b"{}")


class Timed(ScriptedTransport):
    """A transport that ends its own waits, and says by when."""

    due = math.nan

    async def send_by(self, request: UpstreamRequest, *, connect: float, due: float) -> ScriptedResponse:
        self.due = due
        return await self.send(request, connect=connect)


async def test_request_that_is_sent_again_later_is_signed_anew(autojump_clock):
    clock = iter([1_790_000_000.0, 1_790_000_600.0])
    given = Credentials(access_key_id="AKID", secret_access_key="secret")
    shared = ScriptedTransport(ScriptedResponse(), ScriptedResponse())
    carrier = Signing(Signer(given, "us-east-1", "bedrock"), shared, lambda: next(clock))
    for _ in range(2):
        await carrier.send(ASK, connect=2.0)
    first, second = (dict(request.headers) for _, request in shared.requests)
    assert (first["x-amz-date"], second["x-amz-date"]) == ("20260921T141320Z", "20260921T142320Z")
    assert first["authorization"] != second["authorization"]
    assert first["a"] == "b"
    assert shared.connects == [2.0, 2.0]


async def test_time_limits_of_the_transport_below_stay(autojump_clock):
    shared = Timed(ScriptedResponse())
    carrier = bedrock(**SIGNED).over(shared)
    await carrier.send_by(ASK, connect=1.0, due=9.0)
    assert shared.due == 9.0
    assert "x-amz-security-token" in dict(shared.requests[0][1].headers)
    assert not hasattr(bedrock(**SIGNED).over(ScriptedTransport()), "send_by")


async def test_large_body_is_signed_too_and_a_configured_signature_is_replaced(autojump_clock):
    shared = ScriptedTransport(ScriptedResponse())
    request = UpstreamRequest("POST", ASK.url, (("authorization", "Basic x"),), b"x" * 200_000)
    await bedrock(**SIGNED).over(shared).send(request, connect=1.0)
    names = [name for name, _ in shared.requests[0][1].headers]
    assert names == ["x-amz-date", "x-amz-security-token", "authorization"]
    assert dict(shared.requests[0][1].headers)["authorization"].startswith("AWS4-HMAC-SHA256 ")


async def test_closing_closes_what_is_below(autojump_clock):
    shared = ScriptedTransport()
    await bedrock(**SIGNED).over(shared).aclose()
    assert shared.closed


def test_key_goes_before_credentials_and_nothing_is_signed_then():
    shared = ScriptedTransport()
    both: Bedrock = bedrock(**{**SIGNED, "api_key": "bedrock-key"})
    assert both.over(shared) is shared
