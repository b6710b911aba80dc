"""What settings say of their fields together: each mistake at its own place, and none hidden by another."""

import pytest

from sluicegate.pipeline.config.load import load, load_values
from sluicegate.pipeline.config.problems import ConfigError, Problem
from sluicegate.pipeline.config.sections import CorsSettings, ServerSettings, ServerTlsSettings
from sluicegate.pipeline.registry import Registry
from sluicegate.stages.cache import CacheSettings

SIM = "providers: {sim: {type: simulator}}\n"
ORIGIN = "is no origin: write scheme://host, such as https://app.example, or *"
URL = "base_url: must be an absolute URL, such as https://api.openai.com/v1"
SAME = "is the same key as that of"


def problems_of(text: str, environ: dict[str, str] | None = None) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load(text, environ or {}, Registry(), name="c")
    return caught.value.problems


def told(text: str, environ: dict[str, str] | None = None) -> list[str]:
    return [str(problem) for problem in problems_of(text, environ)]


def test_each_mistake_is_told_at_its_own_place():
    text = """\
providers:
  a:
    type: openai
    api_key: k
    headers: { "bad name": x, host: y, x-a: "\\x7f" }
    base_url: nonsense
server:
  cors:
    allowed_origins:
      - https://ok.example
      - bad1
      - bad2
"""
    assert told(text) == [
        "c:5:16: error: 'bad name' is no name of an HTTP header",
        "c:5:31: error: 'host' belongs to the connection, which sets it",
        "c:5:45: error: x-a: has a character that no HTTP header may have",
        f"c:6:15: error: {URL}",
        f"c:11:9: error: allowed_origins[1]: 'bad1' {ORIGIN}",
        f"c:12:9: error: allowed_origins[2]: 'bad2' {ORIGIN}",
    ]


def test_a_mistake_is_told_by_its_path_too():
    problems = problems_of(SIM + "server: {cors: {allowed_origins: [bad]}}\nauth: {api_keys: [{name: a}]}")
    assert [problem.path for problem in problems] == ["server.cors.allowed_origins[0]", "auth.api_keys[0]"]


@pytest.mark.parametrize(
    ("section", "place", "message"),
    [
        ("server: {max_body: 1MiB, max_incoming: 1KiB}", "2:40", "max_incoming: must be at least max_body"),
        ("server: {max_body: 1GiB}", "2:20", "max_incoming: must be at least max_body"),
        ("server: {max_incoming: 1KiB}", "2:24", "max_incoming: must be at least max_body"),
        ("cache: {max_entry: 2MiB, max_bytes: 1MiB}", "2:20", "max_entry: is 2MiB, and max_bytes only 1MiB"),
        ("cache: {max_bytes: 1KiB}", "2:20", "max_entry: is 1MiB, and max_bytes only 1KiB"),
        ("pipeline: [validate, route, cache: {max_bytes: 1B}, call]", "2:48", "max_entry: is 1MiB"),
    ],
)
def test_fields_that_do_not_go_together_are_told_at_one_that_the_file_has(section, place, message):
    assert any(line.startswith(f"c:{place}: error: {message}") for line in told(SIM + section))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "providers: {a: {type: openai, max_retries: x, base_url: no}}",
            ["c:1:44: error: max_retries: expected a whole number, found the text 'x'", f"c:1:57: error: {URL}"],
        ),
        (
            SIM + "server: {cors: {allowed_origins: [bad, [x]]}}",
            [
                f"c:2:35: error: allowed_origins[0]: 'bad' {ORIGIN}",
                "c:2:40: error: allowed_origins[1]: expected text, found a list",
            ],
        ),
        (
            SIM + "auth:\n  api_keys:\n  - {key: k, name: a}\n  - {key: l, name: b, rate_limit: 0}\n"
            "  - {key: k, name: c}\n  - {key: l, name: d}\n  - {key: [m]}",
            [
                "c:5:35: error: rate_limit: must be at least 1, is 0",
                f"c:6:11: error: key: {SAME} api_keys[0]",
                f"c:7:11: error: key: {SAME} api_keys[1]",
                "c:8:5: error: missing key 'name' in auth.api_keys[4]",
                "c:8:11: error: key: expected text, found a list",
            ],
        ),
    ],
    ids=["field", "element", "field_of_element"],
)
def test_what_is_wrong_elsewhere_hides_no_mistake(text, expected):
    assert told(text) == expected


@pytest.mark.parametrize(
    "section",
    ["server: {max_body: x, max_incoming: 1KiB}", "cache: {max_entry: x, max_bytes: 1KiB}", "auth: {api_keys: {}}"],
)
def test_a_field_that_cannot_be_read_is_not_compared_with_another(section):
    assert len(told(SIM + section)) == 1


def test_what_comes_from_a_variable_is_told_by_the_variable_and_not_shown():
    text = (
        "server: {cors: {allowed_origins: '${ORIGINS}'}}\nauth: {api_keys: '${KEYS}'}\n"
        "providers: {a: {type: openai, headers: '${HEADERS}', base_url: '${URL}'}}"
    )
    environ = {
        "ORIGINS": '["https://ok.example", "sk-1"]',
        "KEYS": '[{"key": "sk-2", "name": "a"}, {"key": "sk-2", "name": "b"}]',
        "HEADERS": '{"sk 3": "x"}',
        "URL": "sk-4",
    }
    lines = told(text, environ)
    assert lines == [
        f"c:1:34: error: in ORIGINS, server.cors.allowed_origins[1]: {ORIGIN}",
        f"c:2:18: error: in KEYS, auth.api_keys[1].key: {SAME} api_keys[0]",
        "c:3:40: error: in HEADERS, providers.a.headers: is no name of an HTTP header",
        f"c:3:64: error: in URL, providers.a.{URL}",
    ]


def test_keys_of_the_environment_are_told_apart_too():
    keys = '[{"key": "sk-2", "name": "a"}, {"key": "sk-2", "name": "b"}]'
    assert told(SIM, {"GATEWAY_API_KEYS": keys}) == [
        f"c:1:1: error: in GATEWAY_API_KEYS, auth.api_keys[1].key: {SAME} api_keys[0]"
    ]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ('"sk-one\\nsk-two"', "has a character that no HTTP header may have"),
        ('"sk-\\t"', "begins or ends with white space, which no HTTP header keeps"),
        ("' sk-'", "begins or ends with white space, which no HTTP header keeps"),
        ("sk-\u043a\u043b\u044e\u0447", "has a character that no HTTP header may have"),
    ],
)
def test_a_callers_key_that_no_request_can_bring_is_refused_without_being_shown(key, message):
    assert told(SIM + f"auth: {{api_keys: [{{name: a, key: {key}}}]}}") == [f"c:2:34: error: key: {message}"]


@pytest.mark.parametrize("port", ["0", "65536", "123456"])
def test_an_origin_with_a_port_that_there_is_not_is_none(port):
    origin = f"https://a.example:{port}"
    lines = told(SIM + f"server: {{cors: {{allowed_origins: ['{origin}']}}}}")
    assert lines == [f"c:2:35: error: allowed_origins[0]: {origin!r} {ORIGIN}"]


def test_an_origin_that_browsers_write_otherwise_is_refused():
    (line,) = told(SIM + "server: {cors: {allowed_origins: ['https://b\u00fccher.example']}}")
    assert "browsers write such a host in Punycode" in line


def test_an_alias_is_told_where_it_was_written():
    text = "x-o: &o [bad]\n" + SIM + "server: {cors: {allowed_origins: *o}}"
    assert told(text) == [f"c:1:10: error: allowed_origins[0]: 'bad' {ORIGIN}"]


def test_a_programs_values_are_told_by_their_path():
    values = {"server": {"cors": {"allowed_origins": ["bad"]}}, "providers": {"a": {"type": "openai", "base_url": "x"}}}
    with pytest.raises(ConfigError) as caught:
        load_values(values, {}, Registry())
    assert [str(problem) for problem in caught.value.problems] == [
        f"error: server.cors.allowed_origins[0]: 'bad' {ORIGIN}",
        f"error: providers.a.{URL}",
    ]


@pytest.mark.parametrize(
    ("settings", "values", "message"),
    [
        (CorsSettings, {"allowed_origins": ("a", "b")}, r"allowed_origins\[0\]: 'a' .*; allowed_origins\[1\]: 'b' "),
        (ServerTlsSettings, {"key": "a.pem"}, "key: certificate is missing"),
        (ServerSettings, {"max_incoming": 1}, "max_incoming: must be at least max_body"),
        (CacheSettings, {"max_bytes": 1}, "max_entry: is 1MiB, and max_bytes only 1B"),
    ],
)
def test_settings_that_a_program_makes_itself_are_checked_as_they_are_made(settings, values, message):
    with pytest.raises(ValueError, match=message):
        settings(**values)
