"""Tokens of identity providers: whose they are, and how their keys come here."""

import time

import pytest
import trio
import trio.lowlevel
from joserfc.jwk import OctKey, RSAKey

from sluicegate.adapters.identity.jwt import key_source
from sluicegate.adapters.identity.jwt.tokens import JwtTokens
from sluicegate.pipeline.caller import Allowance, Subject
from sluicegate.pipeline.config.jwt_settings import IssuerSettings, JwtSettings
from sluicegate.pipeline.directory import NoDirectory
from sluicegate.pipeline.errors import StoreUnavailable, Unauthorized, UpstreamError
from tests.adapters.http.harness import CHAT, house
from tests.adapters.identity.jwt.forging import EC, RSA, b64, bearer, by_issuer, identity_provider

NEW = RSAKey.generate_key(2048, {"kid": "rsa-2", "use": "sig"})


def caller_of(running, token):
    return running.gateway.resources.tokens.verify(token).caller


async def use(running, token, **fields):
    return await running.ask("POST", "/v1/chat/completions", {**CHAT, **fields}, bearer(token))


async def test_tokens_of_both_kinds_are_accepted_and_the_keys_are_fetched_once():
    async with identity_provider() as idp, house(auth={"jwt": {"issuers": [idp.settings()]}}) as running:
        assert (await running.chat()).status == 401  # an issuer is enough to ask everybody who they are
        for key in (RSA, EC):
            for audience in ("gateway", ["other", "gateway"]):
                assert (await use(running, by_issuer(key, idp.claims(aud=audience)))).status == 200
        assert idp.asked == ["/.well-known/openid-configuration", "/keys"]
        caller = caller_of(running, by_issuer(RSA, idp.claims()))
        assert (caller.tenant, caller.user, caller.role) == (f"{idp.url}#u-1", "u-1", "caller")
        # No gateway's own tokens are issued for that.
        assert (await running.ask("POST", "/auth/token", {"api_key": "x"})).error["code"] == "tokens_off"


async def test_keys_may_be_at_a_url_of_their_own():
    async with identity_provider() as idp:
        settings = idp.settings(jwks_url=f"{idp.url}/elsewhere")
        async with house(auth={"jwt": {"issuers": [settings]}}) as running:
            assert (await use(running, by_issuer(RSA, idp.claims()))).status == 200
        assert idp.asked == ["/elsewhere"]


async def test_two_issuers_with_one_subject_are_two_tenants():
    async with (
        identity_provider() as one,
        identity_provider(NEW) as two,
        house(auth={"jwt": {"issuers": [one.settings(), two.settings()]}}) as running,
    ):
        tokens = [by_issuer(RSA, one.claims()), by_issuer(NEW, two.claims())]
        assert [(await use(running, token)).status for token in tokens] == [200, 200]
        assert len({caller_of(running, token).tenant for token in tokens}) == 2
        assert (await use(running, by_issuer(NEW, one.claims()))).status == 401


class People(NoDirectory):
    asks = True

    def subject(self, kind, name):
        if name == "closed":
            raise Unauthorized(f"{kind} 'closed' is disabled")
        known = {("team", "blue"): "t-1", ("user", "ann"): "u-9"}
        if (id := known.get((kind, name))) is None:
            return None
        return Subject(kind, id, name, Allowance(requests=((2, 60.0),)))


async def test_claims_say_user_team_and_role():
    async with identity_provider() as idp:
        claims = {"user": "email", "team": "groups", "role": "realm_access.roles"}
        settings = idp.settings(claims=claims, roles={"staff": "caller", "boss": "admin"}, models=["sim/*"])
        async with house(auth={"jwt": {"issuers": [settings]}}) as running:
            running.gateway.resources.directory = People()

            def token(roles, **changes):
                made = {"email": "ann", "groups": ["all", "blue"], "realm_access": {"roles": roles}, **changes}
                return by_issuer(RSA, idp.claims(**made))

            admin, staff = token(["boss", "x"]), token(["staff"])
            assert (await use(running, staff)).status == 200
            caller = caller_of(running, staff)
            assert (caller.user, caller.team, caller.role) == ("u-9", "t-1", "caller")
            assert [subject.kind for subject in caller.subjects] == ["key", "user", "team"]
            assert caller_of(running, admin).role == "admin"
            assert (await running.ask("GET", "/admin/config", headers=bearer(admin))).status == 200
            assert (await running.ask("GET", "/admin/config", headers=bearer(staff))).status == 403
            assert (await use(running, staff, model="other/x")).status == 403
            for bad in (token(["none"]), token("boss "), token({"boss": 1}), token(["staff"], groups=["closed"])):
                assert (await use(running, bad)).status == 401
            for email in (None, "", 7, "a\nb", "x" * 300):
                assert (await use(running, token(["staff"], email=email))).status == 401


async def test_a_token_without_an_id_is_revoked_too():
    async with identity_provider() as idp, house(auth={"jwt": {"issuers": [idp.settings()]}}) as running:
        one, other = by_issuer(EC, idp.claims()), by_issuer(EC, idp.claims(sub="u-2"))
        assert (await running.ask("POST", "/auth/revoke", {"token": one})).json == {"revoked": True}
        assert [(await use(running, token)).status for token in (one, other)] == [401, 200]
        # Signed anew it is the same token: ES256 has another signature each time.
        claims = idp.claims(sub="u-3")
        first, again = by_issuer(EC, claims), by_issuer(EC, claims)
        assert first != again
        assert (await running.ask("POST", "/auth/revoke", {"token": first})).json == {"revoked": True}
        assert (await use(running, again)).status == 401


async def test_a_subject_without_times_of_issue_stays_revoked():
    async with identity_provider() as idp, house(auth={"jwt": {"issuers": [idp.settings()]}}) as running:
        await running.gateway.resources.tokens.revoke_by(issuer=idp.url, subject="u-1")
        assert (await use(running, by_issuer(RSA, idp.claims(iat=None)))).status == 401
        assert (await use(running, by_issuer(RSA, idp.claims(iat=int(time.time()) + 5)))).status == 200


def tokens_of(idp, **changes):
    settings = JwtSettings(issuers=(IssuerSettings(issuer=idp.url, audience="gateway", **changes),))
    from sluicegate.adapters.upstream.http import HttpTransport

    return JwtTokens(settings, (), NoDirectory, wall=time.time, transport=HttpTransport)


async def test_many_that_wait_make_one_fetch():
    async with identity_provider() as idp:
        tokens = tokens_of(idp)
        idp.slow = trio.Event()
        seen = []

        async def ask():
            seen.append((await tokens.fetch(by_issuer(RSA, idp.claims()))).caller.user)

        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(ask)
            await trio.sleep(0.05)
            idp.slow.set()
        assert seen == ["u-1"] * 50
        assert idp.asked == ["/.well-known/openid-configuration", "/keys"]
        await tokens.aclose()


async def test_who_gives_up_while_fetching_leaves_it_to_the_next():
    async with identity_provider() as idp:
        tokens = tokens_of(idp, jwks_url=f"{idp.url}/keys")
        idp.slow = trio.Event()
        with trio.move_on_after(0.05):
            await tokens.fetch(by_issuer(RSA, idp.claims()))
        idp.slow.set()
        assert (await tokens.fetch(by_issuer(RSA, idp.claims()))).caller.user == "u-1"
        await tokens.aclose()


class Scripted:
    """A key source's issuer on virtual time: what it answers, and when it was asked."""

    def __init__(self, *keys):
        self.keys = keys
        self.times = []
        self.age = "max-age=600"
        self.away = False

    async def send(self, request, *, connect):
        import json

        from sluicegate.pipeline.provider import UpstreamHead

        self.times.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        if self.away:
            raise UpstreamError("away")
        body = json.dumps({"keys": [key if isinstance(key, dict) else key.as_dict(private=False) for key in self.keys]})
        return Response(UpstreamHead(200, {"cache-control": self.age}), body.encode())

    async def aclose(self):
        pass


class Response:
    def __init__(self, head, body):
        self.head = head
        self._parts = [body, b""]

    async def receive(self):
        await trio.lowlevel.checkpoint()
        return self._parts.pop(0)

    async def aclose(self):
        pass


def source_of(scripted):
    settings = IssuerSettings(issuer="https://idp.test", audience="x", jwks_url="https://idp.test/keys")
    return key_source.KeySource(settings, lambda: scripted)


async def test_keys_are_kept_as_long_as_they_say_and_unknown_ones_asked_for_seldom(autojump_clock):
    scripted = Scripted(RSA)
    source = source_of(scripted)
    assert source.wants(source.find("rsa-1", "RS256"))
    await source.fetch()
    key = source.find("rsa-1", "RS256")
    assert key is not None
    assert not source.wants(key)
    # A key that is not there: at most every half minute, whatever is sent.
    assert not source.wants(source.find("rsa-2", "RS256"))
    for _ in range(100):
        await source.fetch()
    assert len(scripted.times) == 1
    await trio.sleep(30)
    scripted.keys = (RSA, NEW)
    assert source.wants(source.find("rsa-2", "RS256"))
    await source.fetch()
    assert source.find("rsa-2", "RS256") is not None
    assert source.version == 2
    await trio.sleep(599)
    assert not source.wants(source.find("rsa-1", "RS256"))
    await trio.sleep(1)
    assert source.wants(source.find("rsa-1", "RS256"))


async def test_old_keys_hold_while_the_issuer_is_away_and_withdrawn_ones_do_not(autojump_clock, caplog):
    scripted = Scripted(RSA, NEW)
    source = source_of(scripted)
    await source.fetch()
    scripted.away = True
    await trio.sleep(700)
    for _ in range(3):
        assert source.wants(source.find("rsa-1", "RS256"))
        await source.fetch()
        assert source.find("rsa-1", "RS256") is not None
        assert not source.wants(source.find("rsa-1", "RS256"))  # it is left alone for a while
        await trio.sleep(5)
    assert len([record for record in caplog.records if "could not be had" in record.message]) == 1
    scripted.away, scripted.keys = False, (NEW,)
    await source.fetch()
    assert source.find("rsa-1", "RS256") is None
    assert source.version == 2


async def test_without_any_keys_it_is_503_and_not_401(autojump_clock, caplog):
    scripted = Scripted()
    scripted.away = True
    source = source_of(scripted)
    await source.fetch()
    with pytest.raises(StoreUnavailable, match=r"^the keys of the issuer https://idp\.test cannot be had now$"):
        source.check()


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "RSA", "kid": "rsa-1", "e": "AQAB", "n": b64(b"\xc1" * 127 + b"\x01")},
        {**RSA.as_dict(private=False), "use": "enc"},
        {**RSA.as_dict(private=False), "key_ops": ["sign"]},
        {**RSA.as_dict(private=False), "alg": "RS512"},
        {**RSA.as_dict(private=False), "n": "!"},
        {**RSA.as_dict(private=False), "kid": ["rsa-1"]},
        {**EC.as_dict(private=False), "kid": "rsa-1"},
        OctKey.import_key("a" * 40, {"kid": "rsa-1"}).as_dict(),
        {"kty": "RSA", "kid": "rsa-1"},
        {"kid": "rsa-1"},
    ],
    ids=str,
)
async def test_keys_that_are_for_something_else_are_left_out(autojump_clock, caplog, entry):
    source = source_of(Scripted(entry, NEW))
    await source.fetch()
    assert source.find("rsa-1", "RS256") is None
    assert source.find("rsa-2", "RS256") is not None


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"<html>", "200 OK", "not JSON"),
        (b"[]", "200 OK", "no JSON object"),
        (b"[" * 100_000, "200 OK", "not JSON"),
        (b"{}", "200 OK", "no key that checks"),
        (b"{}", "500 Oops", "status 500"),
        (b"{}", "302 Found\r\nlocation: http://127.0.0.1:9/", "status 302"),
        (b"x" * 600_000, "200 OK", "more than 524288 bytes"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_answers_that_make_no_sense_are_told_in_the_log_and_not_to_callers(body, status, said, caplog):
    async with identity_provider() as idp:
        tokens = tokens_of(idp, jwks_url=f"{idp.url}/keys")
        idp.body, idp.status = body, status
        with pytest.raises(StoreUnavailable) as error:
            await tokens.fetch(by_issuer(RSA, idp.claims()))
        assert said in caplog.text
        assert said not in error.value.message
        await tokens.aclose()


async def test_a_configuration_of_another_issuer_is_not_believed(caplog):
    async with identity_provider() as idp:
        tokens = tokens_of(idp)
        idp.body = b'{"issuer": "https://other.example", "jwks_uri": "' + idp.url.encode() + b'/keys"}'
        with pytest.raises(StoreUnavailable):
            await tokens.fetch(by_issuer(RSA, idp.claims()))
        assert "of another issuer" in caplog.text
        assert idp.asked == ["/.well-known/openid-configuration"]
        await tokens.aclose()
