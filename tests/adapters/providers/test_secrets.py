"""Credentials stay out of messages."""

from sluicegate.adapters.providers.secrets import MAX_ADDED, Secrets
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.config.sections import HttpProviderSettings


def build(key: str = "", **headers: str) -> Secrets:
    return Secrets(HttpProviderSettings(type="x", api_key=Secret(key), headers=headers))


def test_key_is_masked_wherever_it_stands():
    assert build("sk-123456").hide("a sk-123456, and sk-123456!") == "a ***, and ***!"


def test_credentials_in_headers_are_masked_with_and_without_their_scheme():
    secrets = build(Authorization="Basic dXNlcjpwYXNz")
    assert secrets.hide("dXNlcjpwYXNz") == "***"
    assert secrets.hide("Basic dXNlcjpwYXNz") == "***"


def test_longer_secret_goes_first():
    assert build("abcd", x="abcdefgh").hide("abcdefgh") == "***"


def test_placeholder_keys_and_harmless_headers_are_left():
    assert build("x", Accept="application/json").hide("x application/json") == "x application/json"


def test_repr_shows_nothing():
    assert repr(build("sk-123456")) == "<Secrets: 1>"


def test_what_is_secret_in_the_url_is_masked_as_written_and_as_meant():
    url = "http://host.example/v1?key=url+secret&other=p%40ssword"
    secrets = Secrets(HttpProviderSettings(type="x", base_url=url))
    assert secrets.hide("p%40ssword p@ssword url+secret, url secret") == "*** *** ***, ***"
    assert secrets.hide("other at host.example") == "other at host.example"


def test_secrets_that_come_later_are_masked_and_only_the_last_are_kept():
    secrets = build("sk-123456")
    for number in range(MAX_ADDED + 1):
        secrets.add(f"token-{number}")
    secrets.add("x")
    assert secrets.hide("sk-123456 token-0 token-1 token-4 x") == "*** token-0 *** *** x"
