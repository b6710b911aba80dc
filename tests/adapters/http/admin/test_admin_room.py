import base64

import pytest
import trio
import trio.testing

from sluicegate.adapters.http.admin.door import AdminDoor
from sluicegate.adapters.http.admin_key import AdminKey
from sluicegate.adapters.http.routes import Room
from sluicegate.adapters.http.visit import Visit
from sluicegate.pipeline.config.sections import MetricsSettings
from tests.adapters.http.harness import ADMIN_KEY, house, request
from tests.upstreams.faulty import FaultyUpstream, answer

PATHS = ["/admin/providers", "/admin/config", "/admin/circuit-breakers", "/metrics", "/metrics/prometheus"]
DASHBOARD = ["/dashboard", "/dashboard/dashboard.js", "/dashboard/dashboard.css", "/dashboard/data"]
KEY = [("authorization", f"Bearer {ADMIN_KEY}")]


@pytest.mark.parametrize("path", [*PATHS, *DASHBOARD, "/admin", "/admin/nothing"])
async def test_nothing_is_shown_without_the_admin_key(path):
    async with house(auth={"api_keys": [{"key": "a-callers-own-key", "name": "one"}]}) as running:
        for headers in ([], [("x-api-key", "wrong")]):
            answer = await running.ask("GET", path, headers=headers)
            assert (answer.status, answer.error["code"]) == (401, "invalid_admin_key")
            assert answer.headers["www-authenticate"].startswith("Basic ")
        answer = await running.ask("GET", path, headers=[("authorization", "Bearer a-callers-own-key")])
        assert (answer.status, answer.error["code"]) == (403, "not_an_admin")


async def test_each_page_opens_with_the_key():
    async with house() as running:
        for path in [*PATHS, *DASHBOARD]:
            answer = await running.ask("GET", path, headers=KEY)
            assert (answer.status, answer.headers["cache-control"]) == (200, "no-store"), path
            assert answer.headers["x-request-id"] == answer.headers["request-id"]
        missing = await running.ask("GET", "/admin/nothing", headers=KEY)
        assert (missing.status, missing.error["code"]) == (404, "not_found")
        wrong = await running.ask("POST", "/admin/config", {}, KEY)
        assert (wrong.status, wrong.error["code"]) == (405, "method_not_allowed")
        assert "GET" in wrong.headers["allow"]


async def test_public_metrics_open_to_everybody_and_open_nothing_else():
    async with house(metrics={"public": True}) as running:
        for path in ("/metrics", "/metrics/prometheus"):
            assert (await running.ask("GET", path)).status == 200, path
        assert (await running.ask("POST", "/metrics", {})).status == 405
        for path, status in (("/admin/config", 401), ("/dashboard", 401), ("/metricsx", 404), ("/metrics/more", 404)):
            assert (await running.ask("GET", path)).status == status, path


# Each was once read as /metrics at the door, and as an admin page by the room behind it.
DOUBLE_DEALING = [
    "x://h%2Fadmin%2Fconfig%3F/metrics",
    "x://h%2Fadmin%2Fproviders%23/metrics",
    "x://h%2fadmin%2fconfig%3f/metrics",
    "http://h/metrics/..%2F..%2Fadmin%2Fconfig",
    "/metrics/..%2Fadmin%2Fconfig",
    "/metrics/../admin/config",
    "/metrics%2F..%2Fadmin%2Fconfig",
    "//admin/config",
]


@pytest.mark.parametrize("target", DOUBLE_DEALING)
async def test_no_target_is_one_path_at_the_door_and_another_one_inside(target):
    async with house(metrics={"public": True}) as running:
        answer = await running.ask("GET", target)
        assert answer.status in (400, 404)
        assert b"providers" not in answer.body


@pytest.mark.parametrize(
    "target", ["/admin%2Fconfig", "/admin/%63onfig", "/admin/config%3Fx", "/admin/config%23", "/dashboard/%2e%2e/admin"]
)
async def test_what_is_not_written_plainly_is_not_let_into_the_room(target):
    async with house() as running:
        answer = await running.ask("GET", target, headers=KEY)
        assert (answer.status, answer.error["code"]) in ((400, "invalid_target"), (404, "not_found"))


async def test_the_room_is_told_the_path_that_was_judged_and_no_other():
    seen = []

    async def room(scope, receive, send):
        seen.append((scope["path"], scope["raw_path"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    door = AdminDoor(AdminKey(ADMIN_KEY), None, MetricsSettings(public=True))
    door._app = room
    for raw in (b"/metrics", b"x://h/metrics"):
        # A server may have read the path in a way of its own.
        scope = {"method": "GET", "path": "/admin/config", "raw_path": raw, "query_string": b"", "headers": []}
        visit = Visit(scope, gone, nothing, lambda record: None)
        await door.enter(visit, Room.METRICS)
    assert seen == [("/metrics", b"/metrics")]


async def gone():
    return {"type": "http.disconnect"}


async def nothing(message):
    pass


async def test_a_browser_signs_in_with_the_key_as_password():
    async with house() as running:
        basic = base64.b64encode(f"me:{ADMIN_KEY}".encode()).decode()
        answer = await running.ask("GET", "/dashboard", headers=[("authorization", f"Basic {basic}")])
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert b"http://" not in answer.body
        assert b"https://" not in answer.body


async def test_the_config_page_hides_secrets():
    providers = {"up": {"type": "openai", "api_key": "sk-very-secret", "base_url": "http://127.0.0.1:9/v1"}}
    async with house(providers=providers, auth={"api_keys": [{"key": "client-secret", "name": "one"}]}) as running:
        for path in PATHS:
            answer = await running.ask("GET", path, headers=KEY)
            assert b"sk-very-secret" not in answer.body
            assert b"client-secret" not in answer.body
        config = (await running.ask("GET", "/admin/config", headers=KEY)).json
        assert config["providers"]["up"]["base_url"] == "http://127.0.0.1:9/v1"
        (listed,) = (await running.ask("GET", "/admin/providers", headers=KEY)).json["providers"]
        assert listed.items() >= {"name": "up", "type": "openai", "running": True, "has_key": True}.items()


async def test_of_several_keys_it_is_told_how_many_there_are():
    providers = {
        "up": {"type": "openai", "api_keys": [{"key": "sk-one-secret"}, {"key": "sk-two-secret", "weight": 2}]}
    }
    async with house(providers=providers) as running:
        for path in PATHS:
            assert b"-secret" not in (await running.ask("GET", path, headers=KEY)).body
        (listed,) = (await running.ask("GET", "/admin/providers", headers=KEY)).json["providers"]
        assert (listed["has_key"], listed["keys"], listed["resting_keys"]) == (True, 2, {})
        config = (await running.ask("GET", "/admin/config", headers=KEY)).json
        assert config["providers"]["up"]["api_keys"] == [{"key": "***", "weight": 1}, {"key": "***", "weight": 2}]


async def test_keys_that_rest_are_told_by_their_numbers():
    upstream = FaultyUpstream(answer(b"{}", 401), answer(b"{}", 401))
    async with upstream.serving():
        keys = [{"key": "sk-one-secret"}, {"key": "sk-two-secret"}]
        given = {"type": "openai", "base_url": upstream.url, "api_keys": keys, "max_retries": 0}
        async with house(providers={"up": given}) as running:
            assert (await running.chat(model="up/m")).status == 502
            (listed,) = (await running.ask("GET", "/admin/providers", headers=KEY)).json["providers"]
            assert listed["resting_keys"].keys() == {"1"}
            assert 50 < listed["resting_keys"]["1"] <= 60
            await running.until_idle()
            assert running.records[0]["provider_key"] == 1


async def test_a_provider_that_is_not_reached_over_http_has_no_address_and_no_key():
    async with house(providers={"sim": {"type": "simulator"}}) as running:
        (listed,) = (await running.ask("GET", "/admin/providers", headers=KEY)).json["providers"]
        assert listed.items() >= {"name": "sim", "type": "simulator", "running": True}.items()
        assert listed.keys().isdisjoint({"base_url", "has_key"})


async def test_no_page_shows_what_is_secret_in_a_url():
    url = "http://127.0.0.1:9/v1?key=SECRETKEY"
    async with house(providers={"up": {"type": "openai", "api_key": "k", "base_url": url}}) as running:
        for path in [*PATHS, "/dashboard/data"]:
            answer = await running.ask("GET", path, headers=KEY)
            assert answer.status == 200
            assert b"SECRETKEY" not in answer.body, path
        for path in ("/admin/providers", "/dashboard/data"):
            (listed,) = (await running.ask("GET", path, headers=KEY)).json["providers"]
            assert listed["base_url"] == "http://127.0.0.1:9/v1?key=***"


async def test_the_breakers_page_tells_the_true_state(deaf_address):
    dead = {
        "type": "openai",
        "api_key": "k",
        "base_url": f"http://{deaf_address}/v1",
        "max_retries": 0,
        "circuit_breaker": {"failures": 2, "recovery": "1h"},
    }
    async with house(providers={"dead": dead}) as running:
        states = []
        for _ in range(2):
            assert (await running.chat(model="dead/any")).status == 502
            page = (await running.ask("GET", "/admin/circuit-breakers", headers=KEY)).json
            states.append(page["circuit_breakers"]["dead"])
        assert [(state["state"], state["failures"]) for state in states] == [("closed", 1), ("open", 2)]
        assert 3590 < states[1]["retry_after_s"] <= 3600
        refused = await running.chat(model="dead/any")
        assert refused.status == 503
        assert int(refused.headers["retry-after"]) > 3500


async def test_metrics_count_what_was_asked():
    async with house() as running:
        for _ in range(2):
            await running.chat()
        await running.chat(model="nobody/any")
        await trio.testing.wait_all_tasks_blocked()
        figures = (await running.ask("GET", "/metrics", headers=KEY)).json
        assert figures["totals"]["requests"] == 3
        assert figures["totals"]["cache"] == {"miss": 2, "hit": 1}
        assert figures["totals"]["outcomes"] == {"ok": 2, "failed": 1}
        assert figures["version"] == "1.2.3"
        assert [hop["name"] for hop in figures["hops"]][:2] == ["validate", "auth"]
        text = (await running.ask("GET", "/metrics/prometheus", headers=KEY)).body.decode()
        assert "# TYPE sluicegate_requests_total counter" in text
        assert 'sluicegate_cache_total{model="any",operation="chat",provider="sim",result="hit"} 1.0' in text


async def test_a_visitor_who_leaves_at_once_breaks_nothing():
    async with house() as running:
        for path in ["/metrics", "/dashboard", "/metrics/prometheus"] * 5:
            async with await running.connect() as stream:
                await stream.send_all(request("GET", path, headers=KEY))
        await running.assert_well()
        assert (await running.ask("GET", "/metrics", headers=KEY)).status == 200
