"""Whatever comes in under Anthropic's paths gets a clear error in Anthropic's shape."""

import json

import pytest

from tests.adapters.http.harness import house, request

MESSAGES = "/v1/messages"
COUNT = "/v1/messages/count_tokens"
ASKED = {"model": "sim/any", "max_tokens": 10, "messages": [{"role": "user", "content": "Hello"}]}
MIB = 1024 * 1024


def shown(answer):
    """Return type and message of an error that has Anthropic's shape, and the request's own id."""
    body = answer.json
    assert set(body) == {"type", "error", "request_id"}
    assert body["type"] == "error"
    assert body["request_id"] == answer.headers["request-id"]
    assert set(body["error"]) == {"type", "message"}
    return body["error"]["type"], body["error"]["message"]


def asked(**fields):
    return json.dumps({**ASKED, **fields}).encode()


def said(*blocks, role="user"):
    return asked(messages=[{"role": role, "content": list(blocks)}])


@pytest.mark.parametrize("path", [MESSAGES, COUNT])
@pytest.mark.parametrize(
    ("body", "fragment"),
    [
        (b"", "body"),
        (b"{", "JSON"),
        (b'{"model": "sim/any", "messages": ["\xff\xfe"]}', "UTF-8"),
        (b'{"model": NaN}', "JSON"),
        (b"[]", "object"),
        (b"[" * 100_000 + b"]" * 100_000, ""),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, ""),
        (asked(model=4), "model: expected a string"),
        (asked(messages=[]), "messages: must not be empty"),
        (asked(messages="hello"), "messages: expected a list"),
        (
            asked(messages=[{"role": "tool", "content": "a"}]),
            "messages[0].role: must be one of user, assistant",
        ),
        (asked(messages=[{"role": "user"}]), "messages[0].content: required"),
        (said({"type": "text", "text": 1}), "messages[0].content[0].text: expected a string"),
        (said({"type": "tool_result"}), "messages[0].content[0].tool_use_id: required"),
        (asked(system=[{"type": "image"}]), "system[0].type: must be text"),
        (asked(tools=[{"name": "a"}]), "tools[0].input_schema: required"),
        (asked(tool_choice={"type": "tool"}), "tool_choice.name: required"),
        (asked(thinking={"type": "enabled"}), "thinking.budget_tokens: required"),
    ],
)
async def test_a_wrong_body_is_an_invalid_request_error_that_says_what_is_wrong(path, body, fragment):
    async with house() as running:
        answer = await running.ask("POST", path, body)
        kind, message = shown(answer)
        assert (answer.status, kind) == (400, "invalid_request_error")
        assert fragment in message
        assert answer.headers["x-should-retry"] == "false"
        await running.assert_well()


async def test_max_tokens_is_required_of_a_message_and_not_of_a_count():
    body = json.dumps({name: value for name, value in ASKED.items() if name != "max_tokens"}).encode()
    async with house() as running:
        assert shown(await running.ask("POST", MESSAGES, body))[1] == "max_tokens: required, but missing"
        assert (await running.ask("POST", COUNT, body)).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", MESSAGES, 405, "invalid_request_error"),
        ("DELETE", COUNT, 405, "invalid_request_error"),
        ("POST", "/v1/messages/batches", 404, "not_found_error"),
    ],
)
async def test_a_wrong_method_or_path_is_told_in_anthropics_shape(method, path, status, kind):
    async with house() as running:
        answer = await running.ask(method, path, {} if method == "POST" else None)
        assert (answer.status, shown(answer)[0]) == (status, kind)
        await running.assert_well()


async def test_a_body_over_the_limit_is_request_too_large():
    async with house() as running:
        answer = await running.ask("POST", MESSAGES, b" " * (11 * MIB))
        assert (answer.status, answer.complete) == (413, True)
        assert shown(answer) == ("request_too_large", "body is 11 MiB, limit 10 MiB")


async def test_a_request_without_a_key_is_an_authentication_error():
    async with house(auth={"api_keys": [{"key": "the-key-of-the-tests", "name": "tests"}]}) as running:
        answer = await running.ask("POST", MESSAGES, ASKED)
        assert (answer.status, shown(answer)[0]) == (401, "authentication_error")


async def test_a_broken_body_is_told_in_anthropics_shape_by_the_server_itself():
    async with house() as running:
        head = request("POST", MESSAGES, headers=[("transfer-encoding", "chunked")])
        answer = await running.raw(head + b"zz\r\n")
        assert (answer.status, shown(answer)[0]) == (400, "invalid_request_error")
        await running.assert_well()


@pytest.mark.parametrize("path", ["/v1/models/nobody%2Fnone", "/v1/files"])
async def test_elsewhere_the_version_header_tells_whose_client_it_is(path):
    async with house() as running:
        theirs = await running.ask("GET", path, headers=[("anthropic-version", "2023-06-01")])
        assert (theirs.status, shown(theirs)[0]) == (404, "not_found_error")
        assert (await running.ask("GET", path)).error["type"] == "invalid_request_error"
        chat = await running.ask("POST", "/v1/chat/completions", {}, [("anthropic-version", "2023-06-01")])
        assert chat.error["param"] == "model"
