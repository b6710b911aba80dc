"""Files and batches that lie with Anthropic, by its own official client through a gateway on real sockets."""

import json
from contextlib import asynccontextmanager

import anthropic
import pytest

from tests.adapters.http.harness import house
from tests.upstreams.keeper import Told, keeping

BATCH = {
    "id": "msgbatch_1",
    "type": "message_batch",
    "processing_status": "in_progress",
    "request_counts": {"processing": 1, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0},
    "created_at": "2026-01-01T00:00:00Z",
    "expires_at": "2026-01-02T00:00:00Z",
}
FILE = {
    "id": "file_1",
    "type": "file",
    "filename": "a.txt",
    "mime_type": "text/plain",
    "size_bytes": 5,
    "created_at": "2026-01-01T00:00:00Z",
}
ONE = {
    "custom_id": "one",
    "params": {"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]},
}
OPENAI = {"other": {"type": "openai", "api_key": "sk-other", "base_url": "http://127.0.0.1:9/v1"}}


@asynccontextmanager
async def gateway(answer, *, more=None, headers=None, base="", **settings):
    """Yield a client of a gateway, the upstream, and the gateway."""
    async with keeping(answer) as upstream:
        root = upstream.url.removesuffix("/v1") + base
        given = {"type": "anthropic", "api_key": "sk-ant-ours", "base_url": root, "max_retries": 0, **settings}
        async with house(providers={"claude": given, **(more or {})}) as running:
            url = f"http://127.0.0.1:{running.port}"
            options = {"base_url": url, "api_key": "any", "max_retries": 0, "default_headers": headers}
            async with anthropic.AsyncAnthropic(**options) as client:
                yield client, upstream, running


@pytest.mark.parametrize("base", ["", "/v1", "/v1?a=b"])
async def test_batches_of_messages_are_made_looked_at_and_cancelled(base):
    answer = Told(json.dumps(BATCH).encode())
    # Another provider's batches are of another kind, so nobody has to be named.
    async with gateway(answer, more=OPENAI, base=base) as (client, upstream, running):
        made = await client.messages.batches.create(requests=[ONE])
        assert (made.id, made.processing_status) == ("msgbatch_1", "in_progress")
        await client.messages.batches.retrieve("msgbatch_1")
        await client.messages.batches.cancel("msgbatch_1")
        await running.until_idle()
        assert [(asked.method, asked.target.partition("?")[0]) for asked in upstream.asked] == [
            ("POST", "/v1/messages/batches"),
            ("GET", "/v1/messages/batches/msgbatch_1"),
            ("POST", "/v1/messages/batches/msgbatch_1/cancel"),
        ]
        assert json.loads(upstream.asked[0].body) == {"requests": [ONE]}
        assert {asked.headers["x-api-key"] for asked in upstream.asked} == {"sk-ant-ours"}
        assert all("Bearer any" not in asked.headers.values() for asked in upstream.asked)
        assert {(one["operation"], one["provider"], one["status"]) for one in running.records} == {
            ("message_batches", "claude", 200)
        }


async def test_files_go_up_whole_and_are_listed_and_deleted():
    answer = Told(json.dumps(FILE).encode())
    headers = {"x-sluicegate-provider": "claude"}
    async with gateway(answer, more=OPENAI, headers=headers) as (client, upstream, _):
        found = await client.beta.files.upload(file=("a.txt", b"hello", "text/plain"))
        assert found.id == "file_1"
        await client.beta.files.retrieve_metadata("file_1")
        assert [(asked.method, asked.target.partition("?")[0]) for asked in upstream.asked] == [
            ("POST", "/v1/files"),
            ("GET", "/v1/files/file_1"),
        ]
        assert b"hello" in upstream.asked[0].body
        assert upstream.asked[0].headers["content-type"].startswith("multipart/form-data; boundary=")


async def test_callers_version_and_betas_go_before_ours():
    async with gateway(Told(json.dumps(FILE).encode())) as (_, upstream, running):
        own = [("anthropic-version", "2026-10-21"), ("anthropic-beta", "mine-1")]
        await running.ask("GET", "/v1/files/file_1", headers=own)
        await running.ask("GET", "/v1/files/file_1")
        said = [(asked.headers["anthropic-version"], asked.headers["anthropic-beta"]) for asked in upstream.asked]
        assert said == [("2026-10-21", "mine-1"), ("2023-06-01", "files-api-2025-04-14")]


async def test_an_error_comes_back_in_anthropics_words_and_batches_of_others_are_refused():
    told = Told(b'{"type":"error","error":{"type":"invalid_request_error","message":"no such batch"}}', 404)
    async with gateway(told) as (client, upstream, running):
        with pytest.raises(anthropic.NotFoundError, match="no such batch"):
            await client.messages.batches.retrieve("msgbatch_9")
        answer = await running.ask("POST", "/v1/batches", {"input_file_id": "file_1"})
        assert answer.status == 404
        assert "no provider here has batches" in answer.json["error"]["message"]
        assert len(upstream.asked) == 1


async def test_without_one_that_has_them_batches_of_messages_are_a_404():
    async with house() as running:
        answer = await running.ask("POST", "/v1/messages/batches", {"requests": [ONE]})
        assert (answer.status, answer.json["error"]["type"]) == (404, "not_found_error")
        assert "no provider here has message_batches" in answer.json["error"]["message"]
