"""What people may see of a configuration."""

import json

import pytest

from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.mask import masked
from sluicegate.pipeline.config.url_secrets import masked_url, url_secrets
from tests.config.rooms import rooms

TEXT = """
server: { timeout: 90s, max_body: 1MiB }
providers:
  oa:
    type: openai
    api_key: sk-provider
    base_url: https://example.org/v1?key=sk-url
    headers: { authorization: Bearer sk-header }
models: { demo: { targets: [oa/echo] } }
auth: { api_keys: [{ key: sk-caller, name: ann, rate_limit: [5/min] }] }
limit: { requests: [600/min] }
prices:
  demo: { input: $0.000150/k, images: $0.04, searches: "$14/k", seconds: $0.36/h }
  "oa/*": {}
"""


def test_secrets_are_hidden_and_units_are_written():
    shown = masked(load(TEXT, {}, rooms()).config)
    assert "sk-" not in json.dumps(shown)
    assert shown["server"]["timeout"] == "90s"
    assert shown["server"]["max_body"] == "1MiB"
    assert shown["providers"]["oa"]["api_key"] == "***"
    assert shown["providers"]["oa"]["headers"] == {"authorization": "***"}
    assert shown["providers"]["oa"]["base_url"] == "https://example.org/v1?key=***"
    assert shown["auth"]["api_keys"] == [{"key": "***", "name": "ann", "rate_limit": ["5/min"], "metadata": {}}]
    assert shown["limit"]["requests"] == ["600/min"]
    assert shown["models"]["demo"] == {"targets": ["oa/echo"], "strategy": "fallback"}
    given = {name: price for name, price in shown["prices"]["demo"].items() if price is not None}
    assert given == {"input": "$0.15/M", "images": "$0.04", "searches": "$0.014", "seconds": "$0.36/h"}
    assert set(shown["prices"]["oa/*"].values()) == {None}
    assert shown["pipeline"] == ["validate", "auth", "limit", "filter", "recall", "cache", "route", "call", "meter"]


def test_a_secret_that_is_not_set_is_seen_to_be_empty():
    shown = masked(load("providers: {oa: {type: openai}}", {}, rooms()).config)
    assert shown["providers"]["oa"]["api_key"] == ""


@pytest.mark.parametrize(
    ("url", "shown", "secrets"),
    [
        ("https://example.org:8443/v1", "https://example.org:8443/v1", set()),
        ("http://user:p@ss@127.0.0.1:9/v1?key=KEY", "http://***@127.0.0.1:9/v1?key=***", {"p@ss", "KEY"}),
        ("https://token@host", "https://***@host", {"token"}),
        ("https://user:a/b@host/v1", "https://***@host/v1", {"a/b"}),
        ("https://user:a%40b@host", "https://***@host", {"a%40b", "a@b"}),
        (
            "https://host/v1?a=1+2&sole;b=x=y#end",
            "https://host/v1?a=***&***;b=***#***",
            {"1+2", "1 2", "sole", "x=y", "end"},
        ),
        ("https://host/v1?a=https://u:p@other/?k=v", "https://host/v1?a=***", {"https://u:p@other/", "v"}),
        ("no url: a@b?c=d", "no url: a@b?c=d", set()),
    ],
)
def test_a_url_shows_where_and_never_who_or_with_what(url, shown, secrets):
    assert masked_url(url) == shown
    assert url_secrets(url) == secrets


def test_urls_in_the_middle_of_a_text_are_masked_too():
    assert masked_url("ask http://a:b@c/?d=e or https://f/") == "ask http://***@c/?d=*** or https://f/"


def test_every_text_of_a_configuration_is_looked_at():
    text = TEXT.replace("timeout: 90s", "host: 'http://user:sk-@ss@example.org/v1?key=sk-query'")
    shown = masked(load(text, {}, rooms()).config)
    assert shown["server"]["host"] == "http://***@example.org/v1?key=***"
