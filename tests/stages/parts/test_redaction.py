"""Keys out of what is kept, and nothing else."""

import json
import random

import pytest

from sluicegate.stages.parts.redaction import Redaction

KEY = 'k"e/y\\-0123456789'


def redacted(data, credential=None):
    return Redaction(credential).of(data)


@pytest.mark.parametrize(
    "spelling", [KEY, json.dumps(KEY)[1:-1], json.dumps(KEY)[1:-1].replace("/", "\\/")], ids=["plain", "json", "php"]
)
def test_the_callers_key_goes_however_json_spells_it(spelling):
    body = b'{"content":"it is %s, yes"}' % spelling.encode()
    assert redacted(body, KEY) == b'{"content":"it is %s, yes"}' % (b"*" * len(spelling))


@pytest.mark.parametrize("credential", ["none", "EMPTY", "x", None])
def test_a_credential_that_may_be_a_word_is_none(credential):
    body = b'{"content":"none of it is EMPTY x"}'
    assert redacted(body, credential) == body


@pytest.mark.parametrize(
    "name",
    [
        *("api_key", "apiKey", "x-api-key", "OPENAI_API_KEY", "password", "db.password", "client_secret"),
        *("aws_secret_access_key", "refresh_token", "idToken", "credentials", "Authorization"),
    ],
)
def test_the_text_of_a_field_that_is_called_a_secret_goes(name):
    assert redacted(b'{"%s" : "a\\"b","q":"z"}' % name.encode()) == b'{"%s" : "****","q":"z"}' % name.encode()


def test_a_secret_field_one_level_down_goes():
    arguments = json.dumps({"user": "ann", "api_key": 'a"b', "more": "yes"})
    body = json.dumps({"arguments": arguments}).encode()
    inner = json.loads(json.loads(redacted(body))["arguments"])
    assert inner.keys() == {"user", "api_key", "more"}
    assert (inner["user"], set(inner["api_key"]), inner["more"]) == ("ann", {"*"}, "yes")


@pytest.mark.parametrize(
    "key",
    [
        *("sk-abcdefghijklmnop", "sk-ant-api03-abcdefghijkl_mnop", "AKIAIOSFODNN7EXAMPLE", "ghp_" + "a1" * 18),
        *("AIza" + "Sy" * 18, "xoxb-123456789012-abcdefg", "Bearer abcdefghij.klmnop", "bearer  0123456789abcdef"),
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "-----BEGIN RSA PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA0123\\n",
    ],
)
def test_what_looks_like_a_key_goes(key):
    body = b'{"content":"use %s"}' % key.encode()
    found = redacted(body)
    assert key.encode() not in found
    assert found.startswith(b'{"content":"use ***')
    assert len(found) == len(body)


@pytest.mark.parametrize(
    "text",
    [
        "a task-based risk-management approach to sk-learn",
        "the bearer of bad news",
        "https://example.com/a/long/path/that/goes/on_and_on",
        "max_tokens and api_key are fields",
        "internationalization-of-everything",
    ],
)
def test_what_only_resembles_one_stays(text):
    body = json.dumps({"content": text, "max_tokens": 5, "token": "hello", "secret": {"type": "string"}}).encode()
    assert redacted(body) == body


def test_what_is_no_json_is_searched_too():
    assert redacted(b'{"api_key": "abc', None) == b'{"api_key": "***'
    assert redacted(b"\xff sk-abcdefghijklmnop \xff") == b"\xff " + b"*" * 19 + b" \xff"


def test_texts_come_back_as_texts():
    assert Redaction("secret-of-mine").of_text("é: secret-of-mine") == "é: **************"
    plain = "demo"
    assert Redaction("secret-of-mine").of_text(plain) is plain


def test_json_stays_json_whatever_stands_in_it():
    seed = 20260701
    chance = random.Random(seed)
    pieces = ['"', "\\", "/", "\n", "é", "api_key", "password", ": ", "{", "}", "sk-", "abcdefghijklmnopqrst", " ", ","]

    def text():
        return "".join(chance.choice(pieces) for _ in range(chance.randrange(12)))

    for _ in range(3000):
        given = {"content": text(), "password": text(), "arguments": json.dumps({"api_key": text(), "b": text()})}
        body = json.dumps(given, ensure_ascii=chance.random() < 0.5).encode()
        found = redacted(body, "abcdefghijklmnopqrst")
        assert len(found) == len(body), seed
        assert b"abcdefghijklmnopqrst" not in found, seed
        kept = json.loads(found)
        assert not set(kept["password"]) - {"*"}, (seed, body)
        assert not set(json.loads(kept["arguments"])["api_key"]) - {"*"}, (seed, body)
