"""What is tried with tokens, each through a real gateway."""

import json
import time

from joserfc.jwk import RSAKey

from tests.adapters.http.harness import ADMIN_KEY, CHAT, house
from tests.adapters.identity.jwt.forging import (
    AUTH,
    EC,
    KEY,
    RSA,
    SECRET,
    b64,
    bearer,
    by_issuer,
    claims_of,
    forged,
    hs256,
    identity_provider,
    text,
)

HEADER = {"alg": "HS256", "typ": "JWT"}


async def use(running, token):
    return await running.ask("POST", "/v1/chat/completions", CHAT, bearer(token))


async def token_of(running, body=None):
    answer = await running.ask("POST", "/auth/token", body, bearer(KEY))
    assert answer.status == 200, answer.body
    return answer.json["access_token"]


def nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


def changed(claims, **changes):
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


# What is done to the claims of a good token of ours, all of it signed with the right secret. Whoever has that needs
# none of it; but nothing may hold that the gateway would not have issued.
CLAIMS = {
    "expired": (lambda c, now: changed(c, exp=now - 31), "has expired"),
    "without_end": (lambda c, now: changed(c, exp=None), "never ends"),
    "end_is_text": (lambda c, now: changed(c, exp="9999999999"), "'exp' that is no time"),
    "end_is_true": (lambda c, now: changed(c, exp=True), "'exp' that is no time"),
    "end_is_far": (lambda c, now: changed(c, exp=now + 10 * 3600), "holds for more than"),
    "end_is_endless": (lambda c, now: changed(c, exp=1e300), "'exp' that is no time"),
    "issued_tomorrow": (lambda c, now: changed(c, iat=now + 3000), "issued in the future"),
    "not_yet": (lambda c, now: changed(c, nbf=now + 3000), "does not hold yet"),
    "other_audience": (lambda c, now: changed(c, aud="other"), "for somebody else"),
    "other_audiences": (lambda c, now: changed(c, aud=["other", "sluicegat"]), "for somebody else"),
    "no_audience": (lambda c, now: changed(c, aud=None), "for somebody else"),
    "audience_is_object": (lambda c, now: changed(c, aud={"sluicegate": 1}), "for somebody else"),
    "other_issuer": (lambda c, now: changed(c, iss="https://evil.example"), "issuer that is not known"),
    "no_issuer": (lambda c, now: changed(c, iss=None), "issuer that is not known"),
    "issuer_is_list": (lambda c, now: changed(c, iss=["sluicegate"]), "issuer that is not known"),
    "no_key": (lambda c, now: changed(c, key_id=None), "not known here anymore"),
    "other_key": (lambda c, now: changed(c, key_id="config:" + "0" * 32), "not known here anymore"),
    "key_is_sql": (lambda c, now: changed(c, key_id="key:' OR 1=1 --"), "not known here anymore"),
    "key_is_path": (lambda c, now: changed(c, key_id="key:../../etc/passwd"), "not known here anymore"),
    "key_by_name": (lambda c, now: changed(c, key_id="ci"), "not known here anymore"),
    "key_is_number": (lambda c, now: changed(c, key_id=7), "'key_id' that is no text"),
    "line_break_in_id": (lambda c, now: changed(c, jti="a\r\nx: y"), "'jti' that is no text"),
    "narrowed_to_nothing_readable": (lambda c, now: changed(c, narrowed=True, models="*"), "no list 'models'"),
}


async def test_claims_that_do_not_hold_are_refused():
    async with house(auth=AUTH) as running:
        good = claims_of(await token_of(running))
        assert (await use(running, forged(HEADER, good, hs256(SECRET)))).status == 200  # so it is the claims alone
        for name, (change, said) in CLAIMS.items():
            answer = await use(running, forged(HEADER, change(good, int(time.time())), hs256(SECRET)))
            assert (answer.status, answer.error["code"]) == (401, "invalid_token"), name
            assert said in answer.error["message"], name
            assert answer.headers["www-authenticate"] == 'Bearer realm="sluicegate", error="invalid_token"'


FORGED = {
    "none": lambda h, c: f"{text({'alg': 'none'})}.{text(c)}.",
    "none_with_signature": lambda h, c: forged({"alg": "none"}, c, lambda _: b"x"),
    "none_in_other_case": lambda h, c: forged({"alg": "nOnE"}, c, lambda _: b"x"),
    "signature_cut": lambda h, c: forged(h, c, hs256(SECRET))[:-4],
    "signature_of_one_byte": lambda h, c: forged(h, c, lambda _: b"\0"),
    "wrong_secret": lambda h, c: forged(h, c, hs256("9" * 32)),
    "empty_secret": lambda h, c: forged(h, c, hs256("")),
    "signed_by_the_api_key": lambda h, c: forged(h, c, hs256(KEY)),
    "other_hash": lambda h, c: forged({**h, "alg": "HS512"}, c, hs256(SECRET)),
    "algorithm_of_others": lambda h, c: forged({**h, "alg": "RS256"}, c, hs256(SECRET)),
    "algorithm_is_list": lambda h, c: forged({**h, "alg": ["HS256"]}, c, hs256(SECRET)),
    "no_algorithm": lambda h, c: forged({"typ": "JWT"}, c, hs256(SECRET)),
    "crit": lambda h, c: forged({**h, "crit": ["exp"]}, c, hs256(SECRET)),
    "crit_b64": lambda h, c: forged({**h, "crit": ["b64"], "b64": False}, c, hs256(SECRET)),
    "kind_of_logout": lambda h, c: forged({**h, "typ": "logout+jwt"}, c, hs256(SECRET)),
    "header_twice": lambda h, c: forged(b'{"alg":"none","alg":"HS256"}', c, hs256(SECRET)),
    "claim_twice": lambda h, c: forged(h, b'{"sub":"x",' + json.dumps(c).encode()[1:], hs256(SECRET)),
    "claims_are_list": lambda h, c: forged(h, [c], hs256(SECRET)),
    "claims_are_no_json": lambda h, c: forged(h, b"{", hs256(SECRET)),
    "claims_are_no_utf8": lambda h, c: forged(h, b'{"a":"\xff"}', hs256(SECRET)),
    "claims_are_nan": lambda h, c: forged(h, b'{"exp":NaN}', hs256(SECRET)),
    "claims_are_deep": lambda h, c: forged(h, nested(1500), hs256(SECRET)),
    "claims_are_no_base64": lambda h, c: f"{text(h)}.{{}}.{b64(b'x')}",
    "padded": lambda h, c: forged(h, c, hs256(SECRET)) + "=",
    "encrypted": lambda h, c: ".".join(
        [text({"alg": "dir", "enc": "A256GCM"}), "", b64(b"iv"), b64(b"x"), b64(b"tag")]
    ),
    "encrypted_in_three": lambda h, c: forged({**h, "enc": "A256GCM"}, c, hs256(SECRET)),
    "compressed": lambda h, c: forged({**h, "zip": "DEF"}, c, hs256(SECRET)),
    "four_parts": lambda h, c: forged(h, c, hs256(SECRET)) + ".x",
    "key_id_is_object": lambda h, c: forged({**h, "kid": {}}, c, hs256(SECRET)),
    "huge": lambda h, c: forged(h, {**c, "x": "y" * 17_000}, hs256(SECRET)),
    "huge_and_empty": lambda h, c: "ey.." + "." * 20_000,
}


async def test_forged_tokens_are_refused():
    async with house(auth=AUTH) as running:
        good = await token_of(running)
        for name, make in FORGED.items():
            answer = await use(running, make(HEADER, claims_of(good)))
            assert (answer.status, answer.error["code"]) == (401, "invalid_token"), name
            assert SECRET not in answer.body.decode()
        assert (await use(running, good)).status == 200


async def test_a_payload_that_was_changed_is_refused():
    async with house(auth=AUTH) as running:
        head, payload, signature = (await token_of(running)).split(".")
        other = text({**claims_of(f".{payload}."), "sub": "admin"})
        assert (await use(running, f"{head}.{other}.{signature}")).error["code"] == "invalid_token"


async def test_no_token_can_be_written_in_two_ways():
    """Else one could be revoked, and its twin be used on."""
    async with house(auth=AUTH) as running:
        good = await token_of(running)
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        last = letters.index(good[-1])
        twin = good[:-1] + letters[last ^ 1]  # 32 bytes leave two bits of the last letter without a meaning
        assert (await use(running, twin)).error["code"] == "invalid_token"


async def test_a_megabyte_of_base64_is_refused_before_it_is_read():
    async with house(auth=AUTH) as running:
        answer = await use(running, "ey" + "A" * 1_000_000 + ".AA.AA")
        assert answer.status in (400, 431)
        body = {"token": "ey" + "A" * 1_000_000 + ".AA.AA"}
        assert (await running.ask("POST", "/auth/revoke", body)).status == 413
        await running.assert_well()


async def test_a_public_key_is_no_secret():
    """The classic: an issuer's public key, which everybody has, as the secret of HS256."""
    async with (
        identity_provider() as idp,
        house(auth={"jwt": {"secret": SECRET, "issuers": [idp.settings()]}}) as running,
    ):
        for secret in (RSA.as_pem(private=False), RSA.as_pem(private=False).strip(), EC.as_pem(private=False)):
            for key_id in ("rsa-1", "ec-1", None):
                for header in ({"alg": "HS256", "kid": key_id}, {"alg": "RS256", "kid": key_id}):
                    answer = await use(running, forged(header, idp.claims(), hs256(secret)))
                    assert answer.status == 401
        assert (await use(running, by_issuer(RSA, idp.claims()))).status == 200


async def test_an_issuers_signature_makes_no_token_of_ours_and_the_secret_none_of_an_issuers():
    async with (
        identity_provider() as idp,
        house(auth={**AUTH, "jwt": {"secret": SECRET, "issuers": [idp.settings()]}}) as running,
    ):
        ours = claims_of(await token_of(running))
        assert (await use(running, by_issuer(RSA, ours))).status == 401
        assert (await use(running, forged(HEADER, idp.claims(), hs256(SECRET)))).status == 401


KEY_IDS = ["../../../../dev/null", "x' UNION SELECT 'k' --", "", "rsa-1\0", "http://127.0.0.1:9/k", "ec-1", "é" * 200]


async def test_a_key_id_is_only_compared():
    async with identity_provider() as idp, house(auth={"jwt": {"issuers": [idp.settings()]}}) as running:
        for key_id in KEY_IDS:
            answer = await use(running, by_issuer(RSA, idp.claims(), kid=key_id))
            assert (answer.status, answer.error["code"]) == (401, "invalid_token"), key_id
        assert set(idp.asked) <= {"/.well-known/openid-configuration", "/keys"}


async def test_what_a_header_says_of_keys_is_not_followed():
    own = RSAKey.generate_key(2048, {"kid": "rsa-1"})
    async with (
        identity_provider() as idp,
        identity_provider(own) as evil,
        house(auth={"jwt": {"issuers": [idp.settings()]}}) as running,
    ):
        for header in (
            {"jku": f"{evil.url}/keys"},
            {"x5u": f"{evil.url}/certificate"},
            {"jwk": own.as_dict(private=False)},
            {"x5c": ["AAAA"]},
        ):
            answer = await use(running, by_issuer(own, idp.claims(), **header))
            assert (answer.status, answer.error["code"]) == (401, "invalid_token")
        assert evil.asked == []
        # They hurt nobody who is right by what is configured.
        assert (await use(running, by_issuer(RSA, idp.claims(), jku=f"{evil.url}/keys"))).status == 200
        assert evil.asked == []


async def test_guessing_keys_is_slowed_down_and_tells_nothing_meanwhile():
    async with house(auth=AUTH) as running:
        for _ in range(10):
            assert (await running.ask("POST", "/auth/token", {"api_key": "sk-guess"})).status == 401
        for key in ("sk-guess", KEY):
            answer = await running.ask("POST", "/auth/token", {"api_key": key})
            assert (answer.status, answer.error["code"]) == (429, "too_many_attempts")
            assert 0 < int(answer.headers["retry-after"]) <= 60


async def test_no_secret_is_shown_anywhere(caplog):
    async with house(auth=AUTH) as running:
        token = await token_of(running)
        bodies = [(await use(running, token)).body]
        for path, body in (
            ("/auth/token", {"api_key": KEY, "expires_in": "x"}),
            ("/auth/token", {"api_key": KEY, "models": [[KEY]]}),
            ("/auth/token", {KEY: 1}),
            ("/auth/token", {"api_key": [KEY]}),
            ("/auth/revoke", {"token": [token]}),
            ("/auth/revoke", {"token": token + "x"}),
        ):
            bodies.append((await running.ask("POST", path, body)).body)
        for path in ("/admin/config", "/admin/providers", "/metrics", "/metrics/prometheus"):
            answer = await running.ask("GET", path, headers=bearer(ADMIN_KEY))
            assert answer.status == 200
            bodies.append(answer.body)
        tokens = running.gateway.resources.tokens
        shown = b"".join(bodies).decode() + caplog.text + repr(running.records)
        shown += repr(tokens.issue(KEY)) + repr(vars(tokens)) + repr(running.gateway.resources)
        for secret in (SECRET, KEY, token):
            assert secret not in shown
