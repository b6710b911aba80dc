"""What a file may say, and what it means."""

from pathlib import Path

import pytest

from sluicegate.pipeline.config.kinds import Rate, Secret
from sluicegate.pipeline.config.load import Loaded, load
from tests.config.rooms import Key, Level, Where, rooms

ENVIRON = {
    "PORT": "8080",
    "HEX": "0x10",
    "YES": "true",
    "WAIT": "90s",
    "SIZE": "2KiB",
    "RATE": "5/s",
    "SHARE": "0.25",
    "HOST": "example.org",
    "EMPTY": "",
    "DOLLAR": "${HOST}",
    "KEYS": '[{"key": "k1", "name": "ann", "rate_limit": 3},'
    ' {"key": "k2", "name": "bob", "metadata": {"a": [1, null]}}]',
    "WORDS": '["off", "10:30"]',
    "SECTION": '{"ttl": "5s", "strict": true}',
    "MODES": '{"slow": "1h"}',
    "STORE": "disk",
}
SIM = "providers: {sim: {type: simulator}}\n"


def loaded(text: str) -> Loaded:
    return load(text, ENVIRON, rooms(), name="config.yaml")


def value_at(loaded: Loaded, path: str) -> object:
    """Follow a path such as ``server.port`` or ``cache.ttl`` into a configuration."""
    section, *rest = path.split(".")
    stages = dict(loaded.config.stages)
    value = stages[section] if section in stages else getattr(loaded.config, section)
    for name in rest:
        value = value[name] if isinstance(value, dict) else getattr(value, name)
    return value


# Text (after a provider), where to look, what must be there.
RIGHT = [
    # Scalars, by what their field wants.
    ("server: {port: 0777}", "server.port", 777),
    ("server: {port: 0o17}", "server.port", 15),
    ("server: {port: 0x1F}", "server.port", 31),
    ("server: {port: +80}", "server.port", 80),
    ("server: {host: 127.1}", "server.host", "127.1"),
    ("server: {host: 1_000}", "server.host", "1_000"),
    ("server: {host: 0777}", "server.host", "0777"),
    ("server: {host: ''}", "server.host", ""),
    ("server: {host: 'a''b'}", "server.host", "a'b"),
    ("server:\n  host: |-\n    a\n    b", "server.host", "a\nb"),
    ("cache: {strict: True}", "cache.strict", True),
    ("cache: {share: 1}", "cache.share", 1.0),
    ("cache: {share: 2.5e-1}", "cache.share", 0.25),
    ("cache: {share: .5}", "cache.share", 0.5),
    ("cache: {store: disk}", "cache.store", "disk"),
    ("filter: {level: high, blocked_words: [x]}", "filter.level", Level.HIGH),
    ("filter: {blocked_words: [off, no, 10:30, 2024-01-01, 666, 1.10]}", "filter.blocked_words",
     ("off", "no", "10:30", "2024-01-01", "666", "1.10")),
    ("filter: {blocked_words: ['true', 'null']}", "filter.blocked_words", ("true", "null")),
    # Units.
    ("cache: {ttl: 250ms}", "cache.ttl", 0.25),
    ("cache: {ttl: 1.5min}", "cache.ttl", 90.0),
    ("cache: {ttl: '2d'}", "cache.ttl", 172800.0),
    ("cache: {max_entry: 1.5KiB}", "cache.max_entry", 1536),
    ("cache: {max_entry: 2kB}", "cache.max_entry", 2000),
    ("cache: {max_entry: 1GiB}", "cache.max_entry", 2**30),
    ("limit: {requests: [1000/min, 10000/h, 9/10s, 5/1.5s]}", "limit.requests",
     (Rate(1000, 60.0), Rate(10000, 3600.0), Rate(9, 10.0), Rate(5, 1.5))),
    # Nothing.
    ("cache:", "cache.ttl", 3600.0),
    ("server:\nmodels:", "server.port", 3000),
    ("filter:\n  blocked_words:", "filter.blocked_words", ()),
    ("limit: {burst: ~}", "limit.burst", None),
    ("limit: {burst: 3/s}", "limit.burst", Rate(3, 1.0)),
    # Variables take the type of their field.
    ("server: {port: '${PORT}'}", "server.port", 8080),
    ("server:\n  port: ${PORT}", "server.port", 8080),
    ("server: {port: '${HEX}'}", "server.port", 16),
    ("server: {port: '${NOPE:-81}'}", "server.port", 81),
    ("server: {port: '${EMPTY:-81}'}", "server.port", 81),
    ("server: {port: '${NOPE:-${PORT}}'}", "server.port", 8080),
    ("server: {port: '80${NOPE:-82}'}", "server.port", 8082),
    ("server: {host: '${EMPTY}'}", "server.host", ""),
    ("server: {host: '${HOST:?needed}'}", "server.host", "example.org"),
    ("server: {host: 'a.${HOST}.${PORT}'}", "server.host", "a.example.org.8080"),
    ("server: {host: '${PORT}'}", "server.host", "8080"),
    ("server: {host: '${DOLLAR}'}", "server.host", "${HOST}"),
    ("server: {host: '$${HOST}'}", "server.host", "${HOST}"),
    ("server: {host: 'pa$word$'}", "server.host", "pa$word$"),
    ("cache: {strict: '${YES}', ttl: '${WAIT}', share: '${SHARE}'}", "cache.ttl", 90.0),
    ("cache: {max_entry: '${SIZE}'}", "cache.max_entry", 2048),
    ("cache: {store: '${STORE}'}", "cache.store", "disk"),
    ("limit: {requests: ['${RATE}']}", "limit.requests", (Rate(5, 1.0),)),
    ("limit: {burst: '${NOPE:-}'}", "limit.burst", None),
    ("cache: '${SECTION}'", "cache.ttl", 5.0),
    ("filter: {blocked_words: '${WORDS}'}", "filter.blocked_words", ("off", "10:30")),
    ("filter: {blocked_words: '${NOPE:-[\"a\"]}'}", "filter.blocked_words", ("a",)),
    ("filter: {blocked_words: '${NOPE:-}'}", "filter.blocked_words", ()),
    ("auth: {api_keys: '${KEYS}'}", "auth.api_keys",
     (Key(key=Secret("k1"), name="ann", rate_limit=3),
      Key(key=Secret("k2"), name="bob", metadata={"a": [1, None]}))),
    # One of several.
    ("auth: {api_keys: [{key: k, name: n, rate_limit: [1/s]}]}", "auth.api_keys",
     (Key(key=Secret("k"), name="n", rate_limit=(Rate(1, 1.0),)),)),
    ("auth: {api_keys: [{key: k, name: n, metadata: {on: off, n: 1, f: 1.5, b: true, l: [~]}}]}", "auth.api_keys",
     (Key(key=Secret("k"), name="n", metadata={"on": "off", "n": 1, "f": 1.5, "b": True, "l": [None]}),)),
    # Anchors, aliases, merge keys.
    ("x-base: &base {ttl: 7s, share: 0.1}\ncache: *base", "cache.ttl", 7.0),
    ("x-base: &base {ttl: 7s, share: 0.1}\ncache: {<<: *base, ttl: 8s}", "cache.ttl", 8.0),
    ("x-a: &a {ttl: 7s}\nx-b: &b {ttl: 9s, share: 0.1}\ncache: {<<: [*a, *b]}", "cache.share", 0.1),
    ("x-h: &h example.org\nserver: {host: *h}", "server.host", "example.org"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "path", "expected"), RIGHT, ids=[case[0].splitlines()[0] for case in RIGHT])
def test_text_means_what_its_field_wants(text, path, expected):
    found = loaded(SIM + text + "\n")
    assert value_at(found, path) == expected
    assert found.problems == ()


def test_a_secret_is_a_secret_and_not_shown():
    found = loaded("providers: {oa: {type: openai, api_key: k1, headers: {x-key: k2}}}")
    settings = found.config.providers["oa"]
    assert settings.api_key == "k1"
    assert isinstance(settings.api_key, Secret)
    assert "k1" not in repr(found)
    assert "k2" not in repr(found)


def test_a_file_holds_a_secret_without_its_last_line_break(tmp_path):
    secret = tmp_path / "key"
    secret.write_text("s3cret\n")
    found = loaded(f"providers: {{oa: {{type: openai, api_key: '${{file:{secret}}}'}}}}")
    assert found.config.providers["oa"].api_key == "s3cret"


def test_a_file_is_named_in_its_problems(tmp_path: Path):
    path = tmp_path / "my.yaml"
    path.write_text("\ufeff" + SIM + "guard: {name: a}\n")
    found = load(path, {}, rooms())
    assert found.source == str(path)
    assert [str(problem) for problem in found.problems] == [
        f"{path}:2:1: warning: section 'guard' has no effect: the pipeline does not list this stage"
    ]


def test_stages_come_in_the_order_of_the_list_with_their_settings():
    found = loaded(
        SIM + "pipeline:\n- validate\n- guard: {name: a, where: {host: h}}\n- cache\n- route\n- call\n- meter:\n"
    )
    assert [name for name, _ in found.config.stages] == ["validate", "guard", "cache", "route", "call", "meter"]
    assert value_at(found, "guard.where") == Where(host="h")
    assert found.problems == ()


def test_without_a_list_the_default_pipeline_holds():
    names = [name for name, _ in loaded(SIM).config.stages]
    assert names == ["validate", "auth", "limit", "filter", "recall", "cache", "route", "call", "meter"]


@pytest.mark.parametrize("text", ["cache: {enabled: false}", "cache: {enabled: '${NOPE:-false}'}"])
def test_enabled_false_takes_a_stage_out(text):
    found = loaded(SIM + text)
    assert "cache" not in dict(found.config.stages)
    assert found.problems == ()


def test_enabled_true_is_no_unknown_key_and_leaves_a_stage_in():
    assert "cache" in dict(loaded(SIM + "cache: {enabled: true}").config.stages)


def test_inline_settings_can_disable_a_stage():
    found = loaded(SIM + "pipeline: [validate, route, cache: {enabled: false}, call]")
    assert [name for name, _ in found.config.stages] == ["validate", "route", "call"]


def test_a_stage_with_a_switch_of_its_own_is_taken_out_by_it_too():
    found = loaded(SIM + "pipeline: [validate, route, call]\ncall: {enabled: true}")
    assert value_at(found, "call.enabled") is True


def test_a_disabled_section_may_want_variables_that_are_not_set():
    text = (
        "guard: {enabled: false, name: '${NOPE}'}\nproviders: {a: {type: openai, enabled: false, api_key: '${NOPE}'}, "
    )
    found = loaded(text + "sim: {type: simulator}}")
    assert list(found.config.providers) == ["sim"]
    assert found.problems == ()


def test_an_empty_text_is_the_default_configuration():
    found = load("", {}, rooms())
    assert {name: settings.type for name, settings in found.config.providers.items()} == {"simulator": "simulator"}


def test_models_keep_their_targets_in_order():
    text = "providers: {a: {type: simulator}, b: {type: simulator}}\nmodels: {m/x: {targets: [b/y/z, a/x]}}"
    found = loaded(text)
    assert found.config.models["m/x"].targets == ("b/y/z", "a/x")
    assert found.problems == ()
