"""`sluicegate serve` and a configuration that changes while it runs: what goes on, what is new, and what is told."""

import http.client
import json
import signal
import time
from contextlib import ExitStack, contextmanager

from tests.serve_process import ADMIN_KEY, PATIENCE, read_until, serving
from tests.test_serve_signals import HELD, held
from tests.test_serve_workers import QUIET, Load, events

CONFIG = """
providers:
  sim: { type: simulator, tokens: 40, tokens_per_second: 40 }
%s
server: { port: 0, drain: 20s }
cache: { enabled: false }
recall: { enabled: false }
"""
NEW = "  new%s: { type: simulator, first_token: 0ms, tokens: 1 }"


@contextmanager
def gateway(tmp_path, config=CONFIG % "", *arguments):
    with serving(tmp_path, config, *(arguments or QUIET), SLUICEGATE_ADMIN_KEY=ADMIN_KEY) as served:
        yield served


def asked(served, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    try:
        connection.request(method, path, headers={"x-api-key": ADMIN_KEY})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def reload(served):
    return asked(served, "POST", "/admin/reload")


def providers(served):
    return set(asked(served, "GET", "/admin/config")[1]["providers"])


def until(what):
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_under_load_no_request_is_lost_and_streams_end_whole(tmp_path):
    with gateway(tmp_path) as served, ExitStack() as stack:
        with Load(served, clients=4, model="sim/quick", max_tokens=1) as load:
            streams = []
            for number in range(5):
                stream = stack.enter_context(served.open_chat(stream=True))
                read_until(stream, b"data: ")
                streams.append(stream)
                (tmp_path / "config.yaml").write_text(CONFIG % (NEW % number))
                assert reload(served)[1]["changed"][0] in (f"providers.new{number - 1}", f"providers.new{number}")
                load.until_more(40)
            for stream in streams:
                assert b"[DONE]" in read_until(stream, b"[DONE]")
        assert load.failures == []
        assert set(load.statuses) == {200}
        assert len(load.statuses) >= 200
        figures = served.until(lambda figures: figures["in_flight"] == 0)
        assert figures["totals"]["outcomes"] == {"ok": len(load.statuses) + 5}
        assert served.end(signal.SIGTERM)[0] == 0
        assert events(served) == []


def test_a_configuration_that_cannot_be_used_changes_nothing_and_all_of_it_is_told_with_its_place(tmp_path):
    with gateway(tmp_path) as served:
        wrong = (CONFIG % (NEW % "")).replace("port: 0", "prot: 0").replace("enabled", "enabeld", 1)
        (tmp_path / "config.yaml").write_text(wrong)
        status, told = reload(served)
        places = [(one["line"], one["column"], one["message"]) for one in told["problems"]]
        assert status == 422
        assert places == [(5, 11, "unknown key 'prot'"), (6, 10, "unknown key 'enabeld'")]
        assert told["error"]["code"] == "invalid_config"
        assert providers(served) == {"sim"}
        assert served.chat(max_tokens=1)[0] == 200
        served.process.send_signal(signal.SIGHUP)
        until(lambda: served.chat(max_tokens=1)[0] == 200)
        assert served.end(signal.SIGTERM)[0] == 0
        said = [line["event"] for line in events(served)]
        assert said[:2] == [
            "the configuration stays as it is: config.yaml:5:11: error: unknown key 'prot'; did you mean 'port'?",
            "the configuration stays as it is: config.yaml:6:10: error: unknown key 'enabeld'; did you mean 'enabled'?",
        ]


def test_of_many_reloads_in_a_second_the_last_one_holds(tmp_path):
    with gateway(tmp_path) as served, served.open_chat(stream=True) as stream:
        read_until(stream, b"data: ")
        for number in range(20):
            (tmp_path / "next.yaml").write_text(CONFIG % (NEW % number))
            (tmp_path / "next.yaml").rename(tmp_path / "config.yaml")
            served.process.send_signal(signal.SIGHUP)
            time.sleep(0.03)
        until(lambda: providers(served) == {"sim", "new19"})
        assert served.chat(model="new19/any")[0] == 200
        assert served.chat(model="new18/any")[0] == 404
        assert b"[DONE]" in read_until(stream, b"[DONE]")


def test_a_provider_that_is_gone_ends_its_streams_and_takes_no_new_request(tmp_path):
    with held() as upstream, gateway(tmp_path, HELD % upstream.url) as served:
        with served.open_chat(model="held/any", stream=True) as stream:
            upstream.heard()
            (tmp_path / "config.yaml").write_text(CONFIG % "")
            assert reload(served) == (
                200,
                {
                    "changed": ["providers.held", "providers.sim", "recall", "cache", "pipeline"],
                    "needs_restart": [],
                    "problems": [],
                },
            )
            assert served.chat(model="held/any")[0] == 404
            assert served.figures()["in_flight"] == 1
            upstream.answer()
            assert b"[DONE]" in read_until(stream, b"[DONE]")
        assert served.until(lambda figures: figures["in_flight"] == 0)["totals"]["outcomes"] == {"ok": 1, "failed": 1}


def test_a_stream_that_is_longer_than_the_drain_is_told_so(tmp_path):
    config = (
        (CONFIG % "").replace("drain: 20s", "drain: 200ms").replace("tokens_per_second: 40", "tokens_per_second: 2")
    )
    with gateway(tmp_path, config) as served, served.open_chat(stream=True) as stream:
        read_until(stream, b"data: ")
        (tmp_path / "config.yaml").write_text(config + "limit: { requests: [1000/h] }\n")
        assert reload(served)[0] == 200
        assert b'"code":"shutting_down"' in read_until(stream, b"0\r\n\r\n")
        assert served.get("/health")[0] == 200


def test_limits_breakers_and_cached_answers_go_on(tmp_path):
    config = (
        "providers:\n"
        "  sim: { type: simulator, first_token: 0ms, tokens: 1 }\n"
        "  bad: { type: simulator, error_rate: 1, max_retries: 0, circuit_breaker: { failures: 1, recovery: 1h } }\n"
        "server: { port: 0 }\nlimit: { requests: [5/h] }\n"
    )
    with gateway(tmp_path, config) as served:
        answered = served.chat(temperature=0)
        assert served.chat(model="bad/any")[0] >= 500
        (tmp_path / "config.yaml").write_text(config.replace("port: 0", "port: 0, max_in_flight: 9"))
        assert reload(served)[1]["changed"] == ["server.max_in_flight"]
        breakers = asked(served, "GET", "/admin/circuit-breakers")[1]["circuit_breakers"]
        assert (breakers["bad"]["state"], breakers["sim"]["state"]) == ("open", "closed")
        assert served.chat(temperature=0) == answered
        assert served.figures()["totals"]["cache"]["hit"] == 1
        statuses = [served.chat(seed=number)[0] for number in range(6)]
        assert (statuses[0], statuses[-1]) == (200, 429)
        # Other settings of a provider are a reason to try it anew.
        (tmp_path / "config.yaml").write_text(config.replace("error_rate: 1", "error_rate: 0"))
        assert reload(served)[1]["changed"] == ["server.max_in_flight", "providers.bad"]
        assert served.chat(seed=7)[0] == 429
        breakers = asked(served, "GET", "/admin/circuit-breakers")[1]["circuit_breakers"]
        assert breakers["bad"]["state"] == "closed"


def test_what_takes_a_start_anew_is_told_and_stays(tmp_path):
    with gateway(tmp_path) as served:
        changed = (CONFIG % (NEW % "")).replace("port: 0", "port: 1, workers: 3, half_close: true")
        (tmp_path / "config.yaml").write_text(changed + 'database: { url: "sqlite:///other.db" }\n')
        told = reload(served)[1]
        assert told["changed"] == ["providers.new"]
        assert told["needs_restart"] == ["server.port", "server.workers", "server.half_close", "database.url"]
        config = asked(served, "GET", "/admin/config")[1]
        assert config["server"]["workers"] == 1
        assert served.chat(model="new/any")[0] == 200
        assert served.end(signal.SIGTERM)[0] == 0
        assert not (tmp_path / "other.db").exists()
        assert [line["event"].partition(" has changed")[0] for line in events(served)] == told["needs_restart"]


def test_the_end_comes_as_ever_while_one_that_was_replaced_still_serves(tmp_path):
    with gateway(tmp_path) as served, served.open_chat(stream=True) as stream:
        read_until(stream, b"data: ")
        (tmp_path / "config.yaml").write_text(CONFIG % (NEW % ""))
        assert reload(served)[0] == 200
        served.process.send_signal(signal.SIGTERM)
        served.until_draining()
        assert b"[DONE]" in read_until(stream, b"[DONE]")
        assert served.process.wait(PATIENCE) == 0
        assert events(served) == []


def test_a_file_that_changes_is_read_anew_where_it_is_watched_and_so_is_a_secrets(tmp_path):
    secret = tmp_path / "tokens"
    secret.write_text("7")
    config = CONFIG.replace("tokens: 40", f'tokens: "${{file:{secret}}}"').replace("port: 0", "port: 0, watch: true")
    with gateway(tmp_path, config % "") as served:
        time.sleep(0.5)  # until the system tells
        (tmp_path / "config.yaml").write_text(config % (NEW % ""))
        until(lambda: providers(served) == {"sim", "new"})
        secret.write_text("8")
        until(lambda: asked(served, "GET", "/admin/config")[1]["providers"]["sim"]["tokens"] == 8)
        assert served.end(signal.SIGTERM)[0] == 0
        assert events(served) == []


def test_two_workers_are_replaced_when_the_file_changes(tmp_path):
    config = CONFIG.replace("port: 0", "port: 0, watch: true, workers: 2")
    with gateway(tmp_path, config % "") as served:
        served.until(lambda figures: len(figures["workers"]["pids"]) == 2)
        (tmp_path / "config.yaml").write_text(config % (NEW % ""))
        served.until(lambda figures: figures["breakers"].get("new", {}).get("workers") == {"closed": 2})
        assert served.chat(model="new/any")[0] == 200


def test_two_workers_tell_what_changed_or_what_is_wrong_and_lose_no_request(tmp_path):
    config = CONFIG.replace("port: 0", "port: 0, workers: 2")
    with gateway(tmp_path, config % "") as served:
        before = served.until(lambda figures: len(figures["workers"]["pids"]) == 2)["workers"]["pids"]
        with Load(served, clients=4, model="sim/quick", max_tokens=1) as load, served.open_chat(stream=True) as stream:
            read_until(stream, b"data: ")
            (tmp_path / "config.yaml").write_text(config.replace("port: 0", "prot: 0") % "")
            status, told = reload(served)
            assert (status, [(one["line"], one["column"]) for one in told["problems"]]) == (422, [(5, 11)])
            (tmp_path / "config.yaml").write_text(config.replace("port: 0", "port: 1") % (NEW % ""))
            assert reload(served) == (
                200,
                {"changed": ["providers.new"], "needs_restart": ["server.port"], "problems": []},
            )
            assert b"[DONE]" in read_until(stream, b"[DONE]")
            stream.close()
            served.until(lambda figures: set(before).isdisjoint(figures["workers"]["pids"]))
            load.until_more(50)
        assert (load.failures, set(load.statuses)) == ([], {200})
        assert served.chat(model="new/any")[0] == 200


def test_the_ledger_has_what_was_asked_before_and_after(tmp_path):
    with gateway(tmp_path) as served:
        assert served.chat(max_tokens=1)[0] == 200
        (tmp_path / "config.yaml").write_text(CONFIG % (NEW % ""))
        assert reload(served)[0] == 200
        assert served.chat(model="new/any")[0] == 200

        def providers_told():
            rows = asked(served, "GET", "/admin/ledger")[1]["rows"]
            return sorted(row["provider"] for row in rows)

        until(lambda: providers_told() == ["new", "sim"])
