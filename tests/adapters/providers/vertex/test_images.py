"""Images by the models that Vertex AI has of Google's own."""

import msgspec
import pytest

from sluicegate.pipeline.errors import UnsupportedEndpoint
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.vertex.accounts import vertex
from tests.conformance.provider_sample import ask

JSON = UpstreamHead(200, {"content-type": "application/json"})
ROOT = "https://aiplatform.googleapis.com/v1/projects/shop/locations/global/publishers/google/models/"
IMAGE = {"model": "m", "prompt": "a cat"}


@pytest.mark.parametrize(
    ("model", "method"), [("imagen-4.0-generate-001", "predict"), ("gemini-2.5-flash-image", "generateContent")]
)
def test_each_model_is_asked_by_its_own_method(model, method):
    request = vertex().encode(ask("image", **IMAGE), Target("cloud", model))
    assert request.url == f"{ROOT}{model}:{method}"


def test_what_was_drawn_comes_as_openai_has_it():
    body = b'{"predictions":[{"bytesBase64Encoded":"AA=="},{"bytesBase64Encoded":"AQ=="}]}'
    reply, usage = vertex().decode(ask("image", **IMAGE, n=2), JSON, body)
    assert msgspec.json.decode(reply.body)["data"] == [{"b64_json": "AA=="}, {"b64_json": "AQ=="}]
    assert usage == Usage(images=2)


def test_claude_draws_nothing():
    with pytest.raises(UnsupportedEndpoint, match="'image'"):
        vertex().encode(ask("image", **IMAGE), Target("cloud", "claude-sonnet-4-5"))
