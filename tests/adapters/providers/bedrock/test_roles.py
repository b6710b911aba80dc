"""Roles: keys for them are had once, used while they hold, and had anew before they end."""

from typing import Any
from urllib.parse import parse_qsl

import botocore.loaders
import pytest
import trio
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from sluicegate.adapters.providers.bedrock import Bedrock, BedrockSettings
from sluicegate.adapters.providers.leased import EARLY
from sluicegate.pipeline.errors import UpstreamError, UpstreamRefused
from sluicegate.pipeline.provider import Transport, UpstreamHead, UpstreamRequest
from sluicegate.testing import ScriptedResponse, ScriptedTransport
from tests.adapters.providers.bedrock.stsfake import ROLE, WALL, error_xml, granted, keys_xml
from tests.adapters.providers.bedrock.test_sigv4 import botocores

STS = ServiceModel(botocore.loaders.Loader().load_service_model("sts", "service-2"))
ASSUME = STS.operation_model("AssumeRole")
KEYS = {"access_key_id": "AKIDEXAMPLE1234", "secret_access_key": "wJalrXUtnFEMI/K7MDENG"}
ASK = UpstreamRequest("POST", "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse", (("a", "b"),), b"{}")
EXPIRED = {"x-amzn-errortype": "ExpiredTokenException:http://internal"}


def translator(**settings: Any) -> Bedrock:
    given = {"type": "bedrock", "api_key": "", **KEYS, "role_arn": ROLE, **settings}
    return Bedrock("aws", BedrockSettings(**given), wall=lambda: WALL)


def over(*answers: ScriptedResponse | Exception, **settings: Any) -> tuple[Transport, ScriptedTransport]:
    shared = ScriptedTransport(*answers)
    return translator(**settings).over(shared), shared


def signers(shared: ScriptedTransport) -> list[str]:
    """Return whose key has signed each request, and for what."""
    told = [dict(request.headers)["authorization"].split("Credential=")[1].split("/") for _, request in shared.requests]
    return [f"{parts[0]} {parts[3]}" for parts in told]


async def test_role_is_assumed_as_botocore_does_it(autojump_clock):
    carrier, shared = over(granted(), ScriptedResponse(), external_id="shop-7", session_name="edge", region="eu-west-1")
    await carrier.send(ASK, connect=2.0)
    sent = shared.requests[0][1]
    assert sent.url == "https://sts.eu-west-1.amazonaws.com/"
    given = {"RoleArn": ROLE, "RoleSessionName": "edge", "ExternalId": "shop-7"}
    made = create_serializer("query").serialize_to_request(given, ASSUME)
    assert dict(parse_qsl(sent.body.decode())) == {name: str(value) for name, value in made["body"].items()}
    headers = dict(sent.headers)
    signed = (("content-type", headers["content-type"]),)
    expected = botocores("POST", sent.url, signed, sent.body, *KEYS.values(), "", "eu-west-1", WALL, service="sts")
    assert headers["authorization"] == expected["authorization"]
    assert shared.connects == [2.0, 2.0]


async def test_keys_are_read_as_botocore_reads_them_and_sign_what_follows(autojump_clock):
    parsed = create_parser("query").parse({"body": keys_xml(), "status_code": 200, "headers": {}}, ASSUME.output_shape)
    found = parsed["Credentials"]
    carrier, shared = over(granted(), ScriptedResponse(), ScriptedResponse())
    for _ in range(2):
        assert (await carrier.send(ASK, connect=1.0)).head.status == 200
    assert signers(shared) == ["AKIDEXAMPLE1234 sts", *["ASIATEMPORARY0001 bedrock"] * 2]
    expected = botocores(
        "POST",
        ASK.url,
        (),
        b"{}",
        found["AccessKeyId"],
        found["SecretAccessKey"],
        found["SessionToken"],
        "us-east-1",
        WALL,
    )
    headers = dict(shared.requests[1][1].headers)
    assert headers["authorization"] == expected["authorization"]
    assert headers["x-amz-security-token"] == "temporary-token-1"
    assert headers["a"] == "b"


async def test_keys_are_had_anew_before_they_end(autojump_clock):
    carrier, shared = over(granted(1), ScriptedResponse(), ScriptedResponse(), granted(2), ScriptedResponse())
    await carrier.send(ASK, connect=1.0)
    await trio.sleep(3600 - EARLY - 1)
    await carrier.send(ASK, connect=1.0)
    await trio.sleep(1)
    await carrier.send(ASK, connect=1.0)
    assert [one.partition(" ")[0][-4:] for one in signers(shared)] == ["1234", "0001", "0001", "1234", "0002"]


async def test_many_requests_wait_for_one_assuming(autojump_clock):
    carrier, shared = over(granted(wait=1.0), *[ScriptedResponse() for _ in range(5)])
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(lambda: carrier.send(ASK, connect=1.0))
    assert signers(shared) == ["AKIDEXAMPLE1234 sts", *["ASIATEMPORARY0001 bedrock"] * 5]
    assert trio.current_time() == 1.0


async def test_keys_that_have_ended_are_replaced_once(autojump_clock):
    denied = [ScriptedResponse(status=403, headers=EXPIRED) for _ in range(2)]
    carrier, shared = over(granted(1), denied[0], granted(2), denied[1])
    assert (await carrier.send(ASK, connect=1.0)).head.status == 403
    assert [one.partition(" ")[0][-4:] for one in signers(shared)] == ["1234", "0001", "1234", "0002"]
    assert denied[0].closed is not None
    assert denied[1].closed is None
    plain = ScriptedResponse(status=403, headers={"x-amzn-errortype": "AccessDeniedException"})
    carrier, shared = over(granted(), plain)
    assert (await carrier.send(ASK, connect=1.0)).head.status == 403
    assert len(shared.requests) == 2


@pytest.mark.parametrize(
    ("answer", "kind", "named"),
    [
        (ScriptedResponse((0.0, error_xml("AccessDenied")), status=403), UpstreamRefused, r"\(403, AccessDenied\)"),
        (ScriptedResponse((0.0, error_xml("InvalidClientTokenId")), status=403), UpstreamRefused, "InvalidClient"),
        (ScriptedResponse((0.0, error_xml("<b/>")), status=403), UpstreamRefused, r"\(403\)"),
        (ScriptedResponse((0.0, error_xml("Throttling")), status=400), UpstreamError, "Throttling"),
        (ScriptedResponse((0.0, b""), status=503), UpstreamError, r"\(503\)"),
        (ScriptedResponse((0.0, b"<html>")), UpstreamError, "no keys"),
        (ScriptedResponse((0.0, b"")), UpstreamError, "no keys"),
        (ScriptedResponse((0.0, b'<?xml version="1.0" encoding="odd"?><a/>')), UpstreamError, "no keys"),
        (granted(ends="tomorrow"), UpstreamError, "no keys"),
        (ScriptedResponse((0.0, keys_xml().replace(b"temporary-token-1", b"a\nb"))), UpstreamError, "no keys"),
        (ScriptedResponse((0.0, b'<!DOCTYPE a [<!ENTITY b "c">]>' + keys_xml())), UpstreamError, "no keys"),
    ],
)
async def test_failing_to_assume_a_role_is_an_upstream_error(answer, kind, named, autojump_clock):
    carrier, shared = over(answer)
    with pytest.raises(UpstreamError, match=f"provider 'aws'.*{named}") as caught:
        await carrier.send(ASK, connect=1.0)
    assert type(caught.value) is kind
    assert "arn:" not in caught.value.message
    assert len(shared.requests) == 1
    assert answer.closed is not None


async def test_keys_are_never_shown(autojump_clock):
    aws = translator()
    shared = ScriptedTransport(granted(), ScriptedResponse())
    await aws.over(shared).send(ASK, connect=1.0)
    told = b'{"message":"bad temporary+secret/1 and temporary-token-1 of ASIATEMPORARY0001"}'
    error = aws.error(UpstreamHead(400, {"content-type": "application/json"}), told)
    assert "bad *** and *** of ***" in error.message
    assert "temporary" not in repr(shared.requests) + repr(aws)


async def test_base_url_stands_for_sts_too_and_closing_closes_what_is_below(autojump_clock):
    carrier, shared = over(granted(), ScriptedResponse(), base_url="http://127.0.0.1:9/aws/")
    await carrier.send(ASK, connect=1.0)
    assert shared.requests[0][1].url == "http://127.0.0.1:9/aws/"
    await carrier.aclose()
    assert shared.closed


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"role_arn": "gateway"}, "role_arn must name a role"),
        ({"external_id": "a b"}, "external_id must have"),
        ({"session_name": "a b"}, "session_name must have"),
        ({"role_arn": "", "external_id": "shop"}, "external_id goes with role_arn"),
        (
            {"access_key_id": "", "secret_access_key": "", "base_url": "http://127.0.0.1:9"},
            "'aws' needs access_key_id and secret_access_key to",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        translator(**settings)


def test_api_key_goes_before_the_role_too():
    shared = ScriptedTransport()
    assert translator(api_key="bedrock-key").over(shared) is shared
