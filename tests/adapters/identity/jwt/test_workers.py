"""Two worker processes: a token that is revoked in one is good for nothing in the other within a second."""

import http.client
import json
import time
from urllib.parse import urlsplit

from tests.gateway_process import serving

KEY = "sk-of-ci-0123456789"
CHAT = {"model": "sim/x", "messages": [{"role": "user", "content": "Hi"}]}
CONFIG = """
server: { workers: 2 }
providers: { sim: { type: simulator, first_token: 0s, tokens_per_second: 100000 } }
auth: { api_keys: [{ key: sk-of-ci-0123456789, name: ci }] }
"""
CONNECTIONS = 12
"""So many that both workers have some of them, but once in two thousand times."""


def ask(connection, path, body, token):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_a_token_that_is_revoked_in_one_worker_is_so_in_the_other(tmp_path):
    (tmp_path / "two.yaml").write_text(CONFIG)
    environ = {"GATEWAY_JWT_SECRET": "8f4b1d2c9a7e6053f1e2d3c4b5a69788"}
    with serving(tmp_path, "--config", "two.yaml", environ=environ) as url:
        address = urlsplit(url).netloc
        connections = [http.client.HTTPConnection(address, timeout=30) for _ in range(CONNECTIONS)]
        status, given = ask(connections[0], "/auth/token", {}, KEY)
        assert status == 200
        token = given["access_token"]
        for connection in connections:
            assert ask(connection, "/v1/chat/completions", CHAT, token)[0] == 200
        assert ask(connections[0], "/auth/revoke", {}, token) == (200, {"revoked": True})
        time.sleep(1.0)
        for connection in connections:
            status, refused = ask(connection, "/v1/chat/completions", CHAT, token)
            assert (status, refused["error"]["message"]) == (401, "this token was revoked")
            connection.close()
