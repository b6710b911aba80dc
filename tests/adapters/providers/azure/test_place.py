"""Where Azure is asked, from whatever address its portal has shown."""

import msgspec
import pytest
from openai.lib.azure import _deployments_endpoints

from sluicegate.adapters.providers.azure.place import OFFERED, place_of
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.exchange import Target
from tests.adapters.providers.family.wires import build
from tests.conformance.provider_sample import KEY, ask

RES = "https://res.openai.azure.com"
DATED = "2024-10-21"


@pytest.mark.parametrize(
    ("base_url", "version", "url"),
    [
        (RES, "", f"{RES}/openai/v1/chat/completions"),
        (f"{RES}/", "preview", f"{RES}/openai/v1/chat/completions?api-version=preview"),
        (f"{RES}/openai/v1/", "", f"{RES}/openai/v1/chat/completions"),
        (f"{RES}/openai/v1/chat/completions?api-version=v1", "", f"{RES}/openai/v1/chat/completions?api-version=v1"),
        (RES, DATED, f"{RES}/openai/deployments/dep/chat/completions?api-version={DATED}"),
        (f"{RES}/openai", DATED, f"{RES}/openai/deployments/dep/chat/completions?api-version={DATED}"),
        (f"{RES}/?api-version={DATED}", "", f"{RES}/openai/deployments/dep/chat/completions?api-version={DATED}"),
        (
            f"{RES}/openai/deployments/mine/chat/completions?api-version={DATED}",
            "",
            f"{RES}/openai/deployments/mine/chat/completions?api-version={DATED}",
        ),
        (
            f"{RES}/openai/deployments/mine?api-version=2024-02-01&k=v",
            f"{DATED}-preview",
            f"{RES}/openai/deployments/mine/chat/completions?k=v&api-version={DATED}-preview",
        ),
        (f"{RES}/openai/deployments", DATED, f"{RES}/openai/deployments/dep/chat/completions?api-version={DATED}"),
        (
            "https://res.services.ai.azure.com/models?api-version=2024-05-01-preview",
            "",
            "https://res.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview",
        ),
    ],
)
def test_address_means_a_place(base_url, version, url):
    assert place_of(base_url, version).url("chat", "dep") == url


def test_deployments_have_what_openais_own_client_knows_of():
    assert set(OFFERED.values()) == _deployments_endpoints


def test_name_of_a_deployment_is_escaped():
    assert "/deployments/a%2Fb%20c/" in str(place_of(RES, DATED).url("chat", "a/b c"))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"base_url": ""}, "base_url must name your resource"),
        ({"base_url": f"{RES}/openai/v1", "api_version": DATED}, "api_version is a date, which /openai/v1"),
        ({"base_url": f"{RES}/openai/deployments/d"}, "api_version must be a date"),
        ({"base_url": RES, "api_version": "v9"}, "api_version must be a date, such as 2024-10-21, or v1 or preview"),
    ],
)
def test_version_that_does_not_fit_the_address_is_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        build("azure", **settings)


@pytest.mark.parametrize(
    ("auth", "header"), [("api-key", ("api-key", KEY)), ("bearer", ("authorization", f"Bearer {KEY}"))]
)
def test_key_goes_as_configured(auth, header):
    headers = build("azure", auth=auth).encode(ask(), Target("upstream", "dep")).headers
    assert header in headers
    assert sum(KEY in value for _, value in headers) == 1


def sent(version: str, **fields) -> tuple[dict, str]:
    exchange = ask(**fields)
    body = build("azure", api_version=version).encode(exchange, Target("upstream", "dep")).body
    return msgspec.json.decode(body), exchange.notes.get("dropped", "")


def test_what_a_version_does_not_know_is_left_out_or_said_otherwise():
    fields = {"max_completion_tokens": 5, "parallel_tool_calls": True, "reasoning_effort": "low", "stream": True}
    old, dropped = sent("2024-06-01", **fields)
    assert old.keys() == {"model", "messages", "max_tokens", "stream"}
    assert dropped == "parallel_tool_calls, reasoning_effort"
    for version in ("2024-12-01-preview", ""):
        new, dropped = sent(version, **fields)
        assert new.keys() == {"model", "messages", "stream_options", *fields}
        assert dropped == ""


@pytest.mark.parametrize(
    ("version", "fields"),
    [
        ("2024-02-01", {"tools": [], "tool_choice": "required"}),
        ("2024-06-01", {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}}),
    ],
)
def test_what_changes_the_meaning_is_refused_by_versions_that_do_not_know_it(version, fields):
    with pytest.raises(InvalidRequest, match="has no"):
        sent(version, **fields)
    assert sent("2024-10-21", **fields)[0].keys() >= fields.keys()
