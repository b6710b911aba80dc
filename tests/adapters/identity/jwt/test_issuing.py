"""Keys swapped for tokens, and what these are good for."""

import json
import time

import pytest

from sluicegate.pipeline.caller import Caller
from sluicegate.pipeline.directory import Known, NoDirectory
from tests.adapters.http.harness import ADMIN_KEY, CHAT, house
from tests.adapters.identity.jwt.forging import AUTH, KEY, SECRET, bearer, claims_of


async def use(running, token, path="/v1/chat/completions", body=CHAT):
    return await running.ask("POST", path, body, bearer(token))


async def swap(running, body=None, headers=()):
    return await running.ask("POST", "/auth/token", body, headers)


async def test_a_key_is_swapped_for_a_token_that_acts_for_it():
    async with house(auth=AUTH) as running:
        for body, headers in (
            (None, bearer(KEY)),
            (None, [("x-api-key", KEY)]),
            ({"api_key": KEY}, []),
            ({}, bearer(KEY)),
        ):
            answer = await swap(running, body, headers)
            assert answer.status == 200
            assert answer.headers["cache-control"] == "no-store"
            assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3600)
            token = answer.json["access_token"]
            claims = claims_of(token)
            assert claims["exp"] - claims["iat"] == 3600
            assert abs(claims["iat"] - time.time()) < 10
            assert (claims["iss"], claims["aud"], claims["sub"]) == ("sluicegate", "sluicegate", "ci")
            assert (claims["permissions"], claims["models"]) == (["*"], ["*"])
            assert KEY not in json.dumps(claims)
            assert (await use(running, token)).status == 200
        await running.until_idle()
        assert {record["key"] for record in running.records if record.get("operation") == "chat"} == {"ci"}


async def test_wrong_keys_and_wrong_wishes_are_refused():
    keys = [{"key": KEY, "name": "ci"}, {"key": "sk-disabled-0123456", "name": "old", "enabled": False}]
    async with house(auth={**AUTH, "api_keys": keys}) as running:
        token = (await swap(running, None, bearer(KEY))).json["access_token"]
        for body, headers, status, code in (
            (None, [], 401, "invalid_api_key"),
            (None, bearer("sk-unknown"), 401, "invalid_api_key"),
            (None, bearer("sk-disabled-0123456"), 401, "invalid_api_key"),
            (None, bearer(token), 401, "invalid_api_key"),  # a token is not swapped for a longer one
            (b"{", bearer(KEY), 400, "invalid_value"),
            ({"expires_in": 3601}, bearer(KEY), 400, "invalid_value"),
            ({"expires_in": 0}, bearer(KEY), 400, "invalid_value"),
            ({"expires_in": "1h"}, bearer(KEY), 400, "invalid_value"),
            ({"permissions": []}, bearer(KEY), 400, "invalid_value"),
            ({"role": "admin"}, bearer(KEY), 400, "invalid_value"),
        ):
            answer = await swap(running, body, headers)
            assert (answer.status, answer.error["code"]) == (status, code), body
        assert (await running.ask("GET", "/auth/token")).status == 405


async def test_a_token_may_be_for_less_than_its_key():
    keys = [{"key": KEY, "name": "ci", "allowed_models": ["sim/*"]}]
    async with house(auth={**AUTH, "api_keys": keys}) as running:
        wish = {"expires_in": 60, "permissions": ["chat"], "models": ["sim/a*"]}
        answer = await swap(running, wish, bearer(KEY))
        assert answer.json["expires_in"] == 60
        token = answer.json["access_token"]
        assert (await use(running, token, body={**CHAT, "model": "sim/abc"})).status == 200
        refused = await use(running, token, body={**CHAT, "model": "sim/b"})
        assert (refused.status, refused.error["code"]) == (403, "model_not_allowed")
        refused = await use(running, token, "/v1/embeddings", {"model": "sim/abc", "input": "x"})
        assert (refused.status, refused.error["code"]) == (403, "operation_not_allowed")
        # In another dialect a chat is one too.
        message = {"model": "sim/abc", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
        assert (await use(running, token, "/v1/messages", message)).status == 200
        more = await swap(running, {"models": ["other/*"]}, bearer(KEY))
        assert (more.status, more.error["param"]) == (403, "models")


async def test_limits_are_those_of_the_key_however_many_tokens_it_has():
    keys = [{"key": KEY, "name": "ci", "rate_limit": 2}]
    async with house(auth={**AUTH, "api_keys": keys}) as running:
        tokens = [(await swap(running, None, bearer(KEY))).json["access_token"] for _ in range(2)]
        assert [(await use(running, one)).status for one in (*tokens, KEY, tokens[0])] == [200, 200, 429, 429]


async def test_without_a_secret_there_are_no_tokens_and_the_answer_says_why():
    async with house(auth={"api_keys": AUTH["api_keys"]}) as running:
        assert running.gateway.resources.tokens is None
        for path in ("/auth/token", "/auth/revoke"):
            answer = await running.ask("POST", path, {"api_key": KEY})
            assert (answer.status, answer.error["code"]) == (404, "tokens_off")
            assert "auth.jwt" in answer.error["message"]


async def test_a_token_is_revoked_by_whoever_has_it():
    async with house(auth=AUTH) as running:
        one, other = [(await swap(running, None, bearer(KEY))).json["access_token"] for _ in range(2)]
        assert (await use(running, one)).status == 200
        assert (await running.ask("POST", "/auth/revoke", {"token": one})).json == {"revoked": True}
        refused = await use(running, one)
        assert (refused.status, refused.error["message"]) == (401, "this token was revoked")
        assert (await use(running, other)).status == 200
        form = [("content-type", "application/x-www-form-urlencoded")]
        body = f"token={other}&token_type_hint=access_token".encode()
        assert (await running.ask("POST", "/auth/revoke", body, form)).json == {"revoked": True}
        assert (await use(running, other)).status == 401
        # What is good for nothing is no failure.
        for token in (one, "nonsense", KEY):
            assert (await running.ask("POST", "/auth/revoke", None, bearer(token))).json == {"revoked": False}
        assert (await running.ask("POST", "/auth/revoke", {})).status == 400


async def test_admins_revoke_by_id_and_by_subject():
    async with house(auth=AUTH) as running:
        one, two, three = [(await swap(running, None, bearer(KEY))).json["access_token"] for _ in range(3)]
        admin, path = bearer(ADMIN_KEY), "/admin/tokens/revoke"
        assert (await running.ask("POST", path, {"jti": claims_of(one)["jti"]}, admin)).status == 200
        assert [(await use(running, token)).status for token in (one, two, three)] == [401, 200, 200]
        for body in ({"subject": "' OR 1=1 --"}, {"subject": "ci2"}):
            assert (await running.ask("POST", path, body, admin)).status == 200
        assert (await use(running, two)).status == 200
        assert (await running.ask("POST", path, {"subject": "ci"}, admin)).status == 200
        assert [(await use(running, token)).status for token in (one, two, three)] == [401, 401, 401]
        assert (await running.ask("POST", path, {"subject": "ci", "issuer": "https://x"}, admin)).status == 400
        for body in ({}, {"jti": 1}, {"everything": True}, b"{"):
            assert (await running.ask("POST", path, body, admin)).status == 400
        for headers in ([], bearer(KEY), bearer(two)):
            assert (await running.ask("POST", path, {"subject": "ci"}, headers)).status in (401, 403)


class OneKey(NoDirectory):
    """A directory with one key, which can be changed while the gateway runs."""

    asks = True

    def __init__(self, **changes):
        self.known_now = Known(Caller(tenant="k1", key_name="one", key_id="k1", **changes))

    def find(self, credential):
        return self.known_now if credential == "sk-of-one" else None

    def known(self, key_id):
        return self.known_now if key_id == "k1" else None


async def test_a_token_ends_with_its_key_and_follows_its_changes():
    async with house(auth={"jwt": {"secret": SECRET}}) as running:
        directory = running.gateway.resources.directory = OneKey()
        token = (await swap(running, None, bearer("sk-of-one"))).json["access_token"]
        assert (await use(running, token)).status == 200
        good = directory.known_now
        for known, status, said in (
            (Known(good.caller, refused="was revoked"), 401, "'one' was revoked"),
            (Known(good.caller, refused="is disabled"), 401, "'one' is disabled"),
            (Known(good.caller, expires=time.time() - 1), 401, "'one' has expired"),
            (Known(Caller(tenant="k1", key_name="one", key_id="k1", allowed_models=("x",))), 403, "may not use model"),
            (None, 401, "not known here anymore"),
        ):
            directory.known_now = known
            answer = await use(running, token)
            assert (answer.status, said in answer.error["message"]) == (status, True), said
        directory.known_now = good
        assert (await use(running, token)).status == 200


async def test_a_token_ends_at_the_latest_when_its_key_does():
    async with house(auth={"jwt": {"secret": SECRET}}) as running:
        directory = running.gateway.resources.directory = OneKey()
        directory.known_now = Known(directory.known_now.caller, expires=time.time() + 100)
        assert 90 <= (await swap(running, None, bearer("sk-of-one"))).json["expires_in"] <= 100


@pytest.mark.parametrize(("role", "body", "status"), [("admin", {}, 200), ("caller", {}, 403)])
async def test_only_an_admins_token_opens_the_admin_room(role, body, status):
    async with house(auth={"jwt": {"secret": SECRET}}) as running:
        running.gateway.resources.directory = OneKey(role=role)
        token = (await swap(running, body, bearer("sk-of-one"))).json["access_token"]
        assert (await running.ask("GET", "/admin/config", headers=bearer(token))).status == status
        narrowed = (await swap(running, {"permissions": ["chat"]}, bearer("sk-of-one"))).json["access_token"]
        assert (await running.ask("GET", "/admin/config", headers=bearer(narrowed))).status == 403
        forged = token[:-5] + "AAAAA"
        assert (await running.ask("GET", "/admin/config", headers=bearer(forged))).status == 401


async def test_a_token_that_was_seen_costs_a_look_up():
    async with house(auth=AUTH) as running:
        token = (await swap(running, None, bearer(KEY))).json["access_token"]
        tokens = running.gateway.resources.tokens
        first = tokens.verify(token)
        assert tokens.verify(token) is first
        assert len(tokens._verified) == 1
