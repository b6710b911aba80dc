"""What differs between two configurations."""

from sluicegate.cli.changes import OF_THE_SUPERVISOR, as_started, changes
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.registry import Registry

BASE = """
server: { port: 1 }
providers:
  one: { type: simulator }
  two: { type: simulator }
models:
  fast: { targets: [one/a] }
"""


def config(text):
    return load(text, {}, Registry()).config


def test_each_thing_is_named_as_the_file_has_it():
    other = BASE.replace("two: {", "three: {").replace("one/a", "one/b").replace("port: 1", "port: 1, drain: 1s")
    other += "cache: { ttl: 1min }\nmetrics: { public: true }\nlimit: { enabled: false }\n"
    assert changes(config(BASE), config(other)) == [
        "server.drain",
        "metrics.public",
        "providers.two",
        "providers.three",
        "models.fast",
        "limit",
        "cache",
        "pipeline",
    ]


def test_the_same_in_other_words_is_no_change():
    assert changes(config(BASE), config(BASE.replace("simulator }", "simulator, tokens: 40 } # the default"))) == []


def test_another_order_of_providers_is_one():
    swapped = BASE.replace("one: {", "x: {").replace("two: {", "one: {").replace("x: {", "two: {")
    assert changes(config(BASE), config(swapped)) == ["providers"]


def test_what_takes_a_start_anew_stays_and_the_rest_does_not():
    tls = "tls: { certificate: a.pem, key: b.pem }"
    other = BASE.replace("port: 1", f"port: 2, host: 127.0.0.2, {tls}, max_in_flight: 7")
    kept, waiting = as_started(config(BASE), config(other + "database: { url: 'sqlite:///x.db', flush: 1s }\n"))
    assert waiting == ["server.host", "server.port", "server.tls", "database.url"]
    assert (kept.server.port, kept.server.host, kept.server.max_in_flight) == (1, "127.0.0.1", 7)
    assert (kept.database.url, kept.database.flush) == ("", 1.0)
    kept, waiting = as_started(config(BASE), config(other), OF_THE_SUPERVISOR)
    assert (waiting, kept.server.port, kept.server.tls.key) == (["server.host", "server.port"], 1, "b.pem")
