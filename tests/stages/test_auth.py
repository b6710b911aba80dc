"""Who gets in, and what the others are told."""

from dataclasses import replace

import pytest

from sluicegate.pipeline.caller import ANONYMOUS, Allowance, Caller, Subject
from sluicegate.pipeline.config.kinds import Rate, Secret
from sluicegate.pipeline.directory import Known
from sluicegate.pipeline.errors import Forbidden, StageCrashed, Unauthorized
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.stages.auth import Auth, AuthSettings
from sluicegate.stages.parts.keys import ApiKey, KeyTable
from tests.secrets_of_tests import secret
from tests.stages.exchanges import asking, exchange_of, looking

KEY = secret("sk-of-ci-0123456789")


def auth(*keys: ApiKey, enabled: bool = True) -> Auth:
    return Auth(AuthSettings(enabled=enabled, api_keys=keys), Resources())


def key(text: str = KEY, name: str = "ci", **settings: object) -> ApiKey:
    return ApiKey(key=Secret(text), name=name, **settings)  # type: ignore[arg-type]


def test_a_known_key_makes_its_owner_the_caller() -> None:
    exchange = asking(credential=KEY)
    assert auth(key(), key("sk-other", "other")).judge(exchange) is Verdict.PASS
    assert exchange.caller == Caller(tenant="ci", key_name="ci", key_id="ci", subjects=(Subject("key", "ci", "ci"),))


def test_all_that_is_configured_of_a_key_goes_to_its_caller() -> None:
    exchange = asking(credential=KEY)
    settings = {"rate_limit": 60, "allowed_models": ("openai/*",), "metadata": {"team": "blue"}}
    auth(key(**settings)).judge(exchange)
    assert exchange.caller == Caller(
        tenant="ci",
        key_name="ci",
        allowed_models=("openai/*",),
        key_id="ci",
        subjects=(Subject("key", "ci", "ci", Allowance(requests=((60, 60.0),))),),
        metadata={"team": "blue"},
    )


def test_a_rate_limit_may_be_a_list_of_rates() -> None:
    exchange = asking(credential=KEY)
    auth(key(rate_limit=(Rate(10, 1.0), Rate(600, 3600.0)))).judge(exchange)
    assert exchange.caller.counted()[0].allowance.requests == ((10, 1.0), (600, 3600.0))


def test_without_keys_everybody_passes_as_the_anonymous_caller() -> None:
    for credential in (None, "sk-whatever"):
        exchange = asking(credential=credential)
        assert auth().judge(exchange) is Verdict.PASS
        assert exchange.caller == ANONYMOUS


def test_turned_off_everybody_passes_as_the_anonymous_caller() -> None:
    stage = auth(key(allowed_models=()), enabled=False)
    for credential in (None, KEY, "sk-unknown"):
        exchange = asking(credential=credential)
        assert stage.judge(exchange) is Verdict.PASS
        assert exchange.caller == ANONYMOUS


@pytest.mark.parametrize("credential", [None, ""])
def test_a_missing_key_is_401_and_says_where_to_put_one(credential: str | None) -> None:
    exchange = asking(credential=credential)
    with pytest.raises(Unauthorized) as refusal:
        auth(key()).judge(exchange)
    assert refusal.value.status == 401
    assert refusal.value.code == "invalid_api_key"
    assert refusal.value.message == (
        "this request has no API key; "
        "send one as 'Authorization: Bearer <key>', or in x-api-key, api-key or x-goog-api-key"
    )
    assert exchange.headers == [("www-authenticate", 'Bearer realm="sluicegate"')]


@pytest.mark.parametrize("credential", ["sk-unknown", KEY[:-1], KEY + "0", KEY.upper(), f" {KEY}", "\udcff", "ключ"])
def test_an_unknown_key_is_401_and_is_not_repeated(credential: str) -> None:
    exchange = asking(credential=credential)
    with pytest.raises(Unauthorized) as refusal:
        auth(key()).judge(exchange)
    assert refusal.value.message == "the API key of this request is not known here"
    assert exchange.caller == ANONYMOUS


def test_a_disabled_key_is_401_by_its_name() -> None:
    with pytest.raises(Unauthorized, match=r"^API key 'ci' is disabled$"):
        auth(key(enabled=False)).judge(asking(credential=KEY))


@pytest.mark.parametrize("operation", ["chat", "completion", "embedding"])
def test_a_model_that_the_key_may_not_use_is_403(operation: str) -> None:
    with pytest.raises(Forbidden) as refusal:
        auth(key(allowed_models=("openai/*", "fast"))).judge(
            asking(operation, credential=KEY, model="anthropic/claude")
        )
    assert refusal.value.status == 403
    assert refusal.value.code == "model_not_allowed"
    assert refusal.value.param == "model"
    assert refusal.value.message == "API key 'ci' may not use model 'anthropic/claude'"


@pytest.mark.parametrize("model", ["openai/gpt-4o", "openai/org/deep", "fast"])
def test_patterns_and_names_allow_what_they_match(model: str) -> None:
    stage = auth(key(allowed_models=("openai/*", "fast")))
    assert stage.judge(asking(credential=KEY, model=model)) is Verdict.PASS


@pytest.mark.parametrize("model", ["OpenAI/gpt-4o", "openai", "faster", "azure/openai/gpt-4o"])
def test_patterns_match_whole_names_letter_by_letter(model: str) -> None:
    with pytest.raises(Forbidden):
        auth(key(allowed_models=("openai/*", "fast"))).judge(asking(credential=KEY, model=model))


def test_a_key_with_an_empty_list_of_models_may_use_none() -> None:
    with pytest.raises(Forbidden):
        auth(key(allowed_models=())).judge(asking(credential=KEY))


def test_listing_models_needs_a_key_but_no_allowed_model() -> None:
    stage = auth(key(allowed_models=("fast",)))
    exchange = looking("models")
    exchange.request.credential = KEY
    assert stage.judge(exchange) is Verdict.PASS
    with pytest.raises(Unauthorized):
        stage.judge(looking("models"))


def test_looking_at_one_model_needs_it_to_be_allowed() -> None:
    exchange = looking("model", "slow")
    exchange.request.credential = KEY
    with pytest.raises(Forbidden):
        auth(key(allowed_models=("fast",))).judge(exchange)


def test_keys_of_one_name_are_one_tenant() -> None:
    stage = auth(key("sk-old"), key("sk-new"))
    old, new = asking(credential="sk-old"), asking(credential="sk-new")
    stage.judge(old)
    stage.judge(new)
    assert old.caller.tenant == new.caller.tenant == "ci"


def test_one_key_listed_twice_is_refused_by_its_place_and_not_the_key() -> None:
    message = r"^api_keys\[2\].key: is the same key as that of api_keys\[0\]$"
    with pytest.raises(ValueError, match=message) as refusal:
        AuthSettings(api_keys=(key(KEY, "one"), key("sk-other", "two"), key(KEY, "three")))
    assert KEY not in str(refusal.value)


def everything_reachable(thing: object, seen: set[int]) -> list[object]:
    """All objects below ``thing`` through attributes, slots and containers."""
    if id(thing) in seen or isinstance(thing, type):
        return []
    seen.add(id(thing))
    names = [*getattr(thing, "__dict__", {}), *getattr(type(thing), "__slots__", ())]
    below = [getattr(thing, name) for name in names if hasattr(thing, name)]
    if isinstance(thing, dict):
        below += [*thing.keys(), *thing.values()]
    elif isinstance(thing, list | tuple | set | frozenset):
        below += list(thing)
    return [thing, *(found for one in below for found in everything_reachable(one, seen))]


def test_the_stage_keeps_no_key() -> None:
    stage = auth(key(), key("sk-other", "other", metadata={"a": "b"}))
    reachable = everything_reachable(stage, set())
    assert "other" in reachable
    assert KEY not in reachable
    assert KEY.encode() not in reachable
    assert KEY not in repr(reachable)


def test_a_key_is_not_shown_by_its_settings() -> None:
    assert KEY not in repr(AuthSettings(api_keys=(key(),)))


def test_digests_of_one_key_differ_between_tables() -> None:
    one, two = (everything_reachable(KeyTable([key()]), set()) for _ in range(2))
    digests = [{part for part in reachable if isinstance(part, bytes)} for reachable in (one, two)]
    assert [len(found) for found in digests] == [2, 2]  # that of the key, and the table's own salt
    assert digests[0].isdisjoint(digests[1])


@pytest.mark.parametrize("operation", ["chat", "completion", "embedding"])
def test_a_key_that_is_held_to_models_is_not_let_through_before_the_model_is_known(operation: str) -> None:
    exchange = exchange_of(Request(operation, b"{}", credential=KEY))
    with pytest.raises(StageCrashed, match="has to stand behind validate"):
        auth(key(allowed_models=("fast",))).judge(exchange)
    assert auth(key()).judge(exchange) is Verdict.PASS


class Few:
    """A directory of what it is given."""

    asks = True

    def __init__(self, **known: Known) -> None:
        self._known = known

    def find(self, credential: str) -> Known | None:
        return self._known.get(credential)

    def known(self, key_id: str) -> Known | None:
        return None

    def subject(self, kind: object, name: str) -> None:
        return None


LATER = Known(Caller("key_1", "later", key_id="key_1"))


def asked(exchange: Exchange, *keys: ApiKey, enabled: bool = True, **known: Known) -> Exchange:
    """An exchange that has passed, with keys in the configuration and in a directory."""
    stage = Auth(AuthSettings(enabled=enabled, api_keys=keys), Resources(directory=Few(**known)))
    assert stage.judge(exchange) is Verdict.PASS
    return exchange


def test_a_key_of_the_directory_makes_its_owner_the_caller() -> None:
    assert asked(asking(credential="later"), key(), later=LATER).caller is LATER.caller
    assert asked(asking(credential="later"), later=LATER).caller is LATER.caller


def test_a_key_of_the_configuration_goes_before_one_of_the_directory() -> None:
    assert asked(asking(credential="both"), key("both"), both=LATER).caller.key_name == "ci"


def test_a_directory_that_asks_lets_nobody_pass_without_a_key() -> None:
    for credential in (None, "unknown"):
        with pytest.raises(Unauthorized):
            asked(asking(credential=credential), later=LATER)
    assert asked(asking(credential=None), enabled=False, later=LATER).caller == ANONYMOUS


def test_a_key_of_the_directory_that_is_refused_is_401_by_its_name() -> None:
    with pytest.raises(Unauthorized, match=r"^API key 'later' has expired$"):
        asked(asking(credential="later"), later=replace(LATER, refused="has expired"))


def test_an_operation_that_the_key_may_not_ask_for_is_403() -> None:
    caller = replace(LATER.caller, allowed_operations=("embedding", "models"))
    assert asked(asking("embedding", credential="later"), later=Known(caller)).caller is caller
    with pytest.raises(Forbidden) as refusal:
        asked(asking(credential="later"), later=Known(caller))
    assert refusal.value.code == "operation_not_allowed"
    assert refusal.value.message == "API key 'later' may not ask for operation 'chat'"


def test_chat_stands_for_chats_in_every_dialect_and_messages_for_one() -> None:
    for allowed, operation, passes in (
        ("chat", "messages", True),
        ("chat", "responses", True),
        ("messages", "messages", True),
        ("messages", "chat", False),
        ("chat", "embedding", False),
    ):
        stage = Auth(
            AuthSettings(),
            Resources(directory=Few(later=Known(replace(LATER.caller, allowed_operations=(allowed,))))),
        )
        exchange = exchange_of(Request(operation, b"{}", credential="later"))
        if passes:
            assert stage.judge(exchange) is Verdict.PASS
        else:
            with pytest.raises(Forbidden):
                stage.judge(exchange)
