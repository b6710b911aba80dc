"""How each provider is asked for its models, and how its answer is read."""

from dataclasses import dataclass

import msgspec
import pytest

from sluicegate.adapters.providers.custom.settings import CustomAuth
from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.provider import ModelLister, ModelPage, Translator, UpstreamHead
from sluicegate.pipeline.registry import Registry
from tests.conformance.provider_sample import KEY

HEAD = UpstreamHead(200, {"content-type": "application/json"})
OPENAIS = {"object": "list", "data": [{"id": "m-1", "object": "model"}, {"id": "m-2"}]}
TWO = ModelPage(("m-1", "m-2"))


def build(type_: str, **settings: object) -> Translator:
    spec = Registry().provider(type_)
    return spec.component("upstream", spec.settings(**{"type": type_, "api_key": KEY, **settings}))


@dataclass
class Case:
    """``sent`` is a header with the key in it."""

    url: str
    sent: tuple[str, str] | None
    answer: object
    page: ModelPage
    settings: dict[str, object] | None = None
    after: str = ""


BEARER = ("authorization", f"Bearer {KEY}")
CASES = {
    "openai": Case("https://api.openai.com/v1/models", BEARER, OPENAIS, TWO),
    "mistral": Case("https://api.mistral.ai/v1/models", BEARER, OPENAIS, TWO),
    "groq": Case(
        "https://api.groq.com/openai/v1/models",
        BEARER,
        {"data": [{"id": "m-1", "active": True}, {"id": "gone", "active": False}, {"id": "m-2"}]},
        TWO,
    ),
    "together": Case("https://api.together.xyz/v1/models", BEARER, OPENAIS["data"], TWO),
    "openrouter": Case("https://openrouter.ai/api/v1/models/user", BEARER, OPENAIS, TWO),
    "custom": Case("http://host.test/v1/models", BEARER, OPENAIS, TWO, {"base_url": "http://host.test/v1"}),
    "azure": Case(
        "https://r.openai.azure.com/openai/v1/models",
        ("api-key", KEY),
        OPENAIS,
        ModelPage(None),
        {"base_url": "https://r.openai.azure.com"},
    ),
    "azure by version": Case(
        "https://r.openai.azure.com/openai/models?api-version=2024-10-21",
        ("api-key", KEY),
        OPENAIS,
        ModelPage(None),
        {"base_url": "https://r.openai.azure.com", "api_version": "2024-10-21"},
    ),
    "anthropic": Case(
        "https://api.anthropic.com/v1/models?limit=1000",
        ("x-api-key", KEY),
        {**OPENAIS, "has_more": True, "last_id": "m-2"},
        ModelPage(("m-1", "m-2"), "m-2", complete=False),
    ),
    "anthropic goes on": Case(
        "https://api.anthropic.com/v1/models?limit=1000&after_id=m%2F2",
        ("x-api-key", KEY),
        {**OPENAIS, "has_more": False, "last_id": "m-2"},
        ModelPage(("m-1", "m-2"), complete=False),
        after="m/2",
    ),
    "cohere": Case(
        "https://api.cohere.com/v1/models?page_size=1000",
        BEARER,
        {"models": [{"name": "m-1"}, {"name": "m-2"}], "next_page_token": "t"},
        ModelPage(("m-1", "m-2"), "t"),
    ),
    "ollama": Case(
        "http://localhost:11434/api/tags",
        BEARER,
        {"models": [{"name": "m-1"}, {"name": "m-2"}]},
        ModelPage(("m-1", "m-2"), complete=False),
    ),
    "bedrock": Case(
        "https://bedrock.us-east-1.amazonaws.com/foundation-models",
        BEARER,
        {"modelSummaries": [{"modelId": "m-1"}, {"modelId": "m-2"}]},
        ModelPage(("m-1", "m-2"), "profiles", complete=False),
    ),
    "bedrock goes on": Case(
        "https://bedrock.us-east-1.amazonaws.com/inference-profiles?maxResults=1000",
        BEARER,
        {"inferenceProfileSummaries": [{"inferenceProfileId": "m-1"}, {"inferenceProfileId": "m-2"}]},
        ModelPage(("m-1", "m-2"), complete=False),
        after="profiles",
    ),
    "gemini": Case(
        "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000",
        ("x-goog-api-key", KEY),
        {"models": [{"name": "models/m-1"}, {"name": "models/m-2"}], "nextPageToken": "t"},
        ModelPage(("m-1", "m-2"), "t"),
    ),
    "gemini goes on": Case(
        "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000&pageToken=a%26b",
        ("x-goog-api-key", KEY),
        {"models": []},
        ModelPage(()),
        after="a&b",
    ),
    "vertex": Case(
        "https://europe-west4-aiplatform.googleapis.com/v1beta1/publishers/google/models?pageSize=1000",
        ("x-goog-user-project", "p-1"),
        {"publisherModels": [{"name": "publishers/google/models/m-1"}, {"name": "publishers/google/models/m-2"}]},
        ModelPage(("m-1", "m-2"), complete=False),
        {"api_key": "", "access_token": KEY, "project": "p-1", "location": "europe-west4"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_provider_is_asked_in_its_own_way(name):
    case = CASES[name]
    lister = build(**{"type_": name.split()[0], **(case.settings or {})})
    assert isinstance(lister, ModelLister)
    request = lister.list_models(case.after)
    assert (request.method, request.url, request.body) == ("GET", case.url, b"")
    assert case.sent in request.headers
    assert lister.listed(HEAD, msgspec.json.encode(case.answer)) == case.page


@pytest.mark.parametrize("name", [name for name in CASES if " " not in name])
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"data": 3}', b"[" * 100_000, b"\xff", b"null"])
def test_what_is_no_list_is_the_providers_fault(name, body):
    lister = build(**{"type_": name, **(CASES[name].settings or {})})
    with pytest.raises(UpstreamError, match="upstream"):
        lister.listed(HEAD, body)


@pytest.mark.parametrize("name", [name for name in CASES if " " not in name])
def test_a_page_of_html_is_no_list(name):
    lister = build(**{"type_": name, **(CASES[name].settings or {})})
    with pytest.raises(UpstreamError, match="text/html"):
        lister.listed(UpstreamHead(200, {"content-type": "text/html"}), b"<title>Hello</title>")


def test_entries_without_a_usable_name_are_left_out():
    names = ["ok", 3, "x" * 300, "a\nb", "", "ok"]
    body = msgspec.json.encode({"data": ["z", {}, *[{"id": name} for name in names]]})
    assert build("openai").listed(HEAD, body).models == ("ok",)


def test_some_have_no_list_of_what_can_be_asked():
    assert build("perplexity").list_models() is None
    assert build("vertex").list_models() is None  # with an API key
    spec = Registry().provider("simulator")
    simulator = spec.component("s", spec.settings(type="simulator", models=("a", "b")))
    assert simulator.list_models() is None
    assert simulator.models() == ("a", "b")


def test_openrouter_without_a_key_shows_all_models():
    assert build("openrouter", api_key="").list_models().url == "https://openrouter.ai/api/v1/models"


def test_a_custom_server_may_list_its_models_elsewhere_or_nowhere():
    base = "http://host.test/v1"
    assert build("custom", base_url=base, paths={"models": "/tags"}).list_models().url == f"{base}/tags"
    assert build("custom", base_url=base, paths={"models": ""}).list_models() is None


def test_a_key_that_stands_in_the_query_stands_there_for_the_list_too():
    request = build("custom", base_url="http://h.test/v1", auth=CustomAuth(kind="query", name="k")).list_models()
    assert request.url == f"http://h.test/v1/models?k={KEY}"
    assert KEY not in repr(request)
