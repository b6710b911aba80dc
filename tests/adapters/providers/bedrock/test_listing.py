"""Lists of models, beside botocore's model of the control plane."""

import botocore.loaders
import msgspec
import pytest
from botocore.model import ServiceModel
from botocore.parsers import create_parser

from sluicegate.adapters.providers.bedrock.listing import PATHS, listing_url, read_listing
from sluicegate.adapters.providers.reading import Malformed
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.testing import ScriptedResponse, ScriptedTransport
from tests.adapters.providers.bedrock.asking import bedrock

CONTROL = ServiceModel(botocore.loaders.Loader().load_service_model("bedrock", "service-2"))
ARN = "arn:aws:bedrock:us-east-1::foundation-model/x"
MODELS = {
    "modelSummaries": [
        {"modelArn": ARN, "modelId": "amazon.nova-pro-v1:0", "inferenceTypesSupported": ["ON_DEMAND"]},
        {"modelArn": ARN, "modelId": "anthropic.claude-x-v1:0", "inferenceTypesSupported": ["INFERENCE_PROFILE"]},
    ]
}
PROFILE = {"inferenceProfileName": "US X", "inferenceProfileArn": ARN, "models": [], "type": "SYSTEM_DEFINED"}
PROFILES = {
    "inferenceProfileSummaries": [
        {**PROFILE, "inferenceProfileId": "us.anthropic.claude-x-v1:0", "status": "ACTIVE"},
        {**PROFILE, "inferenceProfileId": "us.old", "status": "LEGACY"},
    ]
}


@pytest.mark.parametrize(
    ("place", "operation", "body", "names"),
    [
        (0, "ListFoundationModels", MODELS, ("amazon.nova-pro-v1:0",)),
        (1, "ListInferenceProfiles", PROFILES, ("us.anthropic.claude-x-v1:0",)),
    ],
)
def test_list_is_where_botocore_asks_for_it_and_as_it_reads_it(place, operation, body, names):
    model = CONTROL.operation_model(operation)
    assert model.http["method"] == "GET"
    assert PATHS[place].partition("?")[0] == model.http["requestUri"]
    given = {"body": msgspec.json.encode(body), "status_code": 200, "headers": {}}
    parsed = create_parser("rest-json").parse(given, model.output_shape)
    assert {name: parsed[name] for name in body} == body
    page = read_listing(given["body"])
    assert page.models == names
    assert page.after == ("profiles" if place == 0 else "")


def test_lists_have_a_host_of_their_own():
    assert listing_url("", "eu-west-1") == "https://bedrock.eu-west-1.amazonaws.com/foundation-models"
    assert listing_url("http://127.0.0.1:9/", "eu-west-1") == "http://127.0.0.1:9/foundation-models"


async def test_both_lists_are_asked_for_signed():
    sent = ScriptedTransport(*(ScriptedResponse((0.0, msgspec.json.encode(body))) for body in (MODELS, PROFILES)))
    translator = bedrock(api_key="", access_key_id="AKIAEXAMPLE", secret_access_key="secret-0123456789")
    signing = translator.over(sent)
    names: tuple[str, ...] = ()
    after = ""
    while (request := translator.list_models(after)) is not None:
        response = await signing.send(request, connect=1.0)
        page = translator.listed(UpstreamHead(200, {"content-type": "application/json"}), await response.receive())
        names += page.models or ()
        if not (after := page.after):
            break
    assert names == ("amazon.nova-pro-v1:0", "us.anthropic.claude-x-v1:0")
    asked = [request for _, request in sent.requests]
    assert [request.method for request in asked] == ["GET", "GET"]
    assert asked[1].url.endswith("/inference-profiles?maxResults=1000")
    assert all("Signature=" in dict(request.headers)["authorization"] for request in asked)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"<html>", b'{"modelSummaries":[1]}'])
def test_what_is_no_list_is_malformed(body):
    with pytest.raises(Malformed):
        read_listing(body)
