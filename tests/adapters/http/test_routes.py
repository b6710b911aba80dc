import pytest

from sluicegate.adapters.http import routes
from sluicegate.adapters.http.routes import Room


@pytest.mark.parametrize(
    ("target", "operation", "subject"),
    [
        (b"/v1/chat/completions", "chat", ""),
        (b"/v1/chat/completions?beta=true", "chat", ""),
        (b"http://gateway.test/v1/completions", "completion", ""),
        (b"/v1/embeddings", "embedding", ""),
        (b"/v1/responses", "responses", ""),
        (b"/v1/responses/resp_1?include=x", "response", "resp_1"),
        (b"/v1/models", "models", ""),
        (b"/v1/models/gpt-4", "model", "gpt-4"),
        (b"/v1/models/openai/gpt-4", "model", "openai/gpt-4"),
        (b"/v1/models/openai%2Fgpt-4", "model", "openai/gpt-4"),
        (b"/v1/models/%C3%A9%20x", "model", "é x"),
        (b"/openai/v1/chat/completions", "chat", ""),
        (b"http://gateway.test/openai/v1/models/gpt-4", "model", "gpt-4"),
        (b"/v1/messages/batches", "message_batches", "/messages/batches"),
        (b"/v1/messages/batches/b1/results", "message_batches", "/messages/batches/b1/results"),
    ],
)
def test_a_path_leads_to_its_operation(target, operation, subject):
    route, found = routes.find(routes.path_of(target))
    assert route is not None
    assert (route.room, route.operation, found) == (Room.PIPELINE, operation, subject)


@pytest.mark.parametrize(
    ("path", "room"),
    [
        ("/admin", Room.ADMIN),
        ("/admin/config", Room.ADMIN),
        ("/dashboard", Room.ADMIN),
        ("/metrics", Room.METRICS),
        ("/metrics/prometheus", Room.METRICS),
    ],
)
def test_what_shows_the_gateway_itself_is_in_the_admin_room(path, room):
    route, _ = routes.find(path)
    assert route is not None
    assert route.room is room


@pytest.mark.parametrize("target", [b"/", b"/admin/config", b"/dashboard/dashboard.js", b"/a-b/c_d~e"])
def test_a_path_that_can_be_read_in_one_way_only_is_plain(target):
    assert routes.is_plain(target)


@pytest.mark.parametrize(
    "target",
    [
        b"",
        b"*",
        b"admin",
        b"http://h/admin",
        b"/admin%2Fconfig",
        b"/a?b",
        b"/a#b",
        b"/a;b",
        b"/a\\b",
        b"/\xe9",
        b"/a\n",
    ],
)
def test_anything_else_is_not_plain(target):
    assert not routes.is_plain(target)


@pytest.mark.parametrize("target", [b"/openai/admin", b"/openai/openai/v1/models", b"/openai/health", b"/openai/v1"])
def test_behind_another_word_there_is_the_api_alone(target):
    assert routes.find(routes.path_of(target)) == (None, "")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "*",
        "/v1",
        "/v1/models/",
        "/v1/chat%2Fcompletions",
        "/V1/models",
        "/administrator",
        "/metricsx",
        "/metrics/more",
    ],
)
def test_any_other_path_leads_nowhere(path):
    assert routes.find(path) == (None, "")


def test_allow_names_the_methods_and_options():
    route, _ = routes.find("/v1/chat/completions")
    assert route is not None
    assert route.allow == "POST, OPTIONS"
