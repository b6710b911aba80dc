"""The settings of signed tokens: what is wrong with them is told with its place, and without the secret."""

import pytest

from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.registry import Registry

STRONG = "8f4b1d2c9a7e6053f1e2d3c4b5a69788"
ISSUER = "issuer: 'https://a.b', audience: a"
WRONG = {
    "short": ("jwt:\n    secret: abc", 4, 13, "secret: has 3 bytes, and needs at least 32"),
    "well_known": (
        "jwt: {secret: your-super-secret-jwt-key-change-in-production}",
        3,
        17,
        "secret: is made of well-known words; make one with: openssl rand -hex 32",
    ),
    "known_to_a_caller": (
        f"jwt: {{secret: {STRONG}}}\n  api_keys: [{{key: {STRONG}, name: a}}]",
        3,
        17,
        "is also an API key, which its owner knows",
    ),
    "issuer_without_tls": (
        "jwt: {issuers: [{issuer: 'http://idp.example', audience: a}]}",
        3,
        28,
        "issuer: must be a URL with https",
    ),
    "issuer_with_a_user": ("jwt: {issuers: [{issuer: 'https://u:p@a.b', audience: a}]}", 3, 28, "must be a URL with"),
    "keys_without_tls": (
        f"jwt: {{issuers: [{{{ISSUER}, jwks_url: 'http://a.b/k'}}]}}",
        3,
        66,
        "must be a URL with https",
    ),
    "issuer_twice": (f"jwt: {{issuers: [{{{ISSUER}}}, {{{ISSUER}}}]}}", 3, 66, "is the same as that of issuers[0]"),
    "no_audience": ("jwt: {issuers: [{issuer: 'https://a.b', audience: ''}]}", 3, 53, "audience"),
    "secret_of_both_sides": (
        f"jwt: {{issuers: [{{{ISSUER}, algorithms: [HS256]}}]}}",
        3,
        69,
        "expected one of RS256, RS384",
    ),
    "roles_of_no_claim": (
        f"jwt: {{issuers: [{{{ISSUER}, roles: {{x: admin}}}}]}}",
        3,
        63,
        "no effect as long as claims.role names no claim",
    ),
    "claim_without_meaning": (
        f"jwt: {{issuers: [{{{ISSUER}, claims: {{role: r}}}}]}}",
        3,
        71,
        "no effect as long as `roles` gives its values no meaning",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_is_told_with_its_place(name):
    text, line, column, message = WRONG[name]
    with pytest.raises(ConfigError) as error:
        load(f"providers: {{sim: {{type: simulator}}}}\nauth:\n  {text}\n", {}, Registry(), name="c.yaml")
    told = [(problem.mark.line, problem.mark.column, str(problem)) for problem in error.value.problems]
    assert any((line, column) == (one, two) and message in said for one, two, said in told), told
    assert all(STRONG not in said and "change-in-production" not in said for _, _, said in told)


def loaded(text, **environ):
    return dict(load(text, environ, Registry()).config.stages)["auth"]


def test_the_secret_may_come_from_its_usual_variable():
    strong, other = "8f4b1d2c9a7e6053f1e2d3c4b5a69788", "1c4b1d2c9a7e6053f1e2d3c4b5a69799"
    sim = "providers: {sim: {type: simulator}}\n"
    assert loaded(sim, GATEWAY_JWT_SECRET=strong).jwt.secret == strong
    assert loaded(sim + "auth: {jwt: {lifetime: 2h}}\n", GATEWAY_JWT_SECRET=strong).jwt.secret == strong
    assert loaded(sim + f"auth: {{jwt: {{secret: {other}}}}}\n", GATEWAY_JWT_SECRET=strong).jwt.secret == other
    assert not loaded(sim).jwt.used
    with pytest.raises(ConfigError, match=r"in GATEWAY_JWT_SECRET, auth\.jwt\.secret: has 6 bytes") as error:
        loaded(sim, GATEWAY_JWT_SECRET="qwzxqw")
    assert "qwzxqw" not in str(error.value)
