"""The translator for Vertex AI: places, credentials, embeddings, and what differs from Google AI Studio."""

import msgspec
import pytest

from sluicegate.adapters.providers.vertex import VertexSettings
from sluicegate.pipeline.config.convert import convert
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.errors import InvalidRequest, NotFound, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.registry import Registry
from sluicegate.pipeline.reply import Usage
from sluicegate.testing import ScriptedTransport
from tests.adapters.providers.gemini.asking import TOOL, check
from tests.adapters.providers.vertex.accounts import key_file, vertex
from tests.conformance.provider_sample import ask

JSON = UpstreamHead(200, {"content-type": "application/json"})
TARGET = Target("cloud", "gemini-2.5-flash")


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "https://aiplatform.googleapis.com/v1/projects/shop/locations/global/publishers/google/models/m"),
        (
            {"location": "europe-west4", "api_version": "v1beta1"},
            "https://europe-west4-aiplatform.googleapis.com/v1beta1/projects/shop/locations/europe-west4/"
            "publishers/google/models/m",
        ),
        (
            {"location": "eu"},
            "https://aiplatform.eu.rep.googleapis.com/v1/projects/shop/locations/eu/publishers/google/models/m",
        ),
        (
            {"project": "", "location": "us-east1", "api_key": Secret("AIza-0123")},
            "https://aiplatform.googleapis.com/v1/publishers/google/models/m",
        ),
        (
            {"base_url": "http://127.0.0.1:9", "location": "us-east1"},
            "http://127.0.0.1:9/v1/projects/shop/locations/us-east1/publishers/google/models/m",
        ),
    ],
)
def test_hosts_and_paths(settings, url):
    assert vertex(**settings).encode(ask(), Target("cloud", "m")).url == url + ":generateContent"


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("google/gemini-x", "/publishers/google/models/gemini-x:"),
        ("publishers/google/models/gemini-x", "/publishers/google/models/gemini-x:"),
        ("endpoints/123", "/locations/global/endpoints/123:"),
        ("claude-sonnet-4-5@20250929", "/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict"),
        ("anthropic/claude-x", "/publishers/anthropic/models/claude-x:rawPredict"),
    ],
)
def test_models_are_below_their_publishers(model, path):
    assert path in vertex().encode(ask(), Target("cloud", model)).url


@pytest.mark.parametrize("model", ["mistral-large", "meta/llama"])
def test_models_of_other_publishers_are_refused(model):
    with pytest.raises(NotFound, match="not of '"):
        vertex().encode(ask(), Target("cloud", model))


@pytest.mark.parametrize("model", ["../x", "google/../x", "a?b", ""])
def test_model_never_leads_out_of_its_path(model):
    with pytest.raises(NotFound):
        vertex().encode(ask(), Target("cloud", model))


def test_project_of_the_credentials_is_the_default():
    url = vertex(project="", credentials=key_file()).encode(ask(), TARGET).url
    assert "/projects/shop/" in url
    url = vertex(project="other", credentials=key_file()).encode(ask(), TARGET).url
    assert "/projects/other/" in url


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({"api_key": Secret("AIza-0123")}, ("x-goog-api-key", "AIza-0123")),
        ({"access_token": Secret("ya29.x")}, ("authorization", "Bearer ya29.x")),
    ],
)
def test_credentials_that_do_not_change_are_on_each_request(settings, header):
    translator = vertex(**settings)
    assert header in translator.encode(ask(), TARGET).headers
    assert header in translator.encode(ask(stream=True), TARGET).headers
    shared = ScriptedTransport()
    assert translator.over(shared) is shared


def test_credentials_that_are_swapped_are_on_none():
    translator = vertex(credentials=key_file())
    names = dict(translator.encode(ask(), TARGET).headers)
    assert not {"authorization", "x-goog-api-key"} & names.keys()
    shared = ScriptedTransport()
    assert translator.over(shared) is not shared


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"api_key": "k" * 8, "access_token": "t" * 8}, "name one"),
        ({"project": "a/b"}, "no id of a project"),
        ({"location": "a/b"}, "no location"),
        ({"credentials": "{}"}, "key file"),
        ({"access_token": "a\nb"}, "no HTTP header"),
        ({"safety": {"X": "OFF"}}, "no category"),
    ],
)
def test_wrong_settings_are_mistakes_of_the_configuration(settings, told):
    with pytest.raises(ConfigError, match=told):
        convert(VertexSettings, {"type": "vertex", **settings})


def test_somebody_has_to_say_which_project_it_is():
    with pytest.raises(ValueError, match="'cloud' needs a project"):
        vertex(project="")


def test_no_secret_is_shown():
    secret = "ya29.secret-0123456789"
    translator = vertex(access_token=Secret(secret))
    body = msgspec.json.encode({"error": {"code": 503, "message": f"bad {secret}"}})
    assert secret not in translator.error(UpstreamHead(503, {}), body).message
    for shown in (translator, translator.encode(ask(), TARGET), VertexSettings(type="v", access_token=Secret(secret))):
        assert secret not in repr(shown)


def test_calls_have_no_ids_and_metadata_are_labels():
    call = {"id": "c1", "type": "function", "function": {"name": "get", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "4"},
    ]
    body = msgspec.json.decode(
        vertex().encode(ask(messages=messages, tools=[TOOL], metadata={"team": "a"}), TARGET).body
    )
    check(body)
    assert body["labels"] == {"team": "a"}
    assert body["contents"][1]["parts"] == [{"functionCall": {"name": "get", "args": {}}}]
    assert body["contents"][2]["parts"] == [{"functionResponse": {"name": "get", "response": {"result": "4"}}}]


def test_embeddings_go_by_predict():
    request = vertex().encode(ask("embedding", model="m", input=["a", "b"], dimensions=8), Target("cloud", "e-1"))
    assert request.url.endswith("/publishers/google/models/e-1:predict")
    assert msgspec.json.decode(request.body) == {
        "instances": [{"content": "a"}, {"content": "b"}],
        "parameters": {"outputDimensionality": 8},
    }
    body = {
        "predictions": [
            {"embeddings": {"values": [1, 2], "statistics": {"token_count": 2, "truncated": False}}},
            {"embeddings": {"values": [3, 4], "statistics": {"token_count": 3.0}}},
        ]
    }
    exchange = ask("embedding", model="m", input=["a", "b"])
    reply, usage = vertex().decode(exchange, JSON, msgspec.json.encode(body))
    assert usage == Usage(input=5)
    assert [entry["embedding"] for entry in msgspec.json.decode(reply.body)["data"]] == [[1.0, 2.0], [3.0, 4.0]]


def test_newer_embeddings_go_by_their_own_method_one_at_a_time():
    target = Target("cloud", "gemini-embedding-2")
    request = vertex().encode(ask("embedding", model="m", input="a"), target)
    assert request.url.endswith(":embedContent")
    reply, _ = vertex().decode(ask("embedding", model="m", input="a"), JSON, b'{"embedding":{"values":[1]}}')
    assert msgspec.json.decode(reply.body)["data"][0]["embedding"] == [1.0]
    with pytest.raises(InvalidRequest, match="one text a call"):
        vertex().encode(ask("embedding", model="m", input=["a", "b"]), target)


@pytest.mark.parametrize(
    "body",
    [
        b'{"predictions":[]}',
        b'{"predictions":[{}]}',
        b'{"predictions":[{"embeddings":{"values":[]}}]}',
        b'{"predictions',
    ],
)
def test_nonsense_in_place_of_embeddings_is_an_upstream_error(body):
    with pytest.raises(UpstreamError, match="'cloud'"):
        vertex().decode(ask("embedding", model="m", input="a"), JSON, body)


def test_tokens_are_estimated_unless_all_are_counted():
    body = b'{"predictions":[{"embeddings":{"values":[1],"statistics":{"token_count":"x"}}}]}'
    _, usage = vertex().decode(ask("embedding", model="m", input="abcde"), JSON, body)
    assert usage == Usage(input=2, estimated=True)


VARIABLES = "providers:\n  cloud: {type: vertex, project: p, credentials: '${A:-}', access_token: '${B:-}'}\n"


@pytest.mark.parametrize(("environ", "left_out"), [({}, True), ({"B": "ya29.x"}, False)])
def test_provider_without_any_of_its_credentials_is_left_out(environ, left_out):
    found = load(VARIABLES + "  sim: {type: simulator}\n", environ, Registry(), name="c")
    assert ("cloud" not in found.config.providers) is left_out
    told = [str(problem) for problem in found.problems if problem.code == "provider-left-out"]
    assert told == (["c:2:3: warning: provider 'cloud' is left out: none of A, B is set"] if left_out else [])
