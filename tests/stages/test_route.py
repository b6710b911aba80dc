"""What names mean, and how models are listed."""

import msgspec
import pytest

from sluicegate.pipeline.caller import Caller
from sluicegate.pipeline.config.model_settings import ModelSettings
from sluicegate.pipeline.errors import Forbidden, NotFound
from sluicegate.pipeline.exchange import Exchange, Plan, Target
from sluicegate.pipeline.live_models import LiveModels
from sluicegate.pipeline.model_listing import Listing
from sluicegate.pipeline.provider import Provider
from sluicegate.pipeline.registry import NoSettings
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.stages.route import Route
from tests.stages.exchanges import asking, looking, provider

NOW = 1_790_000_000.9
OPENAI, AZURE = provider("openai", "gpt-4o", "gpt-4o-mini"), provider("azure")


def route(*providers: Provider, models: dict[str, ModelSettings] | None = None) -> Route:
    resources = Resources(providers={one.name: one for one in providers}, models=models or {}, wall=lambda: NOW)
    return Route(NoSettings(), resources)


def plan_of(stage: Route, model: str) -> Plan | None:
    exchange = asking(model=model)
    assert stage.judge(exchange) is Verdict.PASS
    return exchange.plan


def missing(stage: Route, exchange: Exchange) -> NotFound:
    with pytest.raises(NotFound) as refusal:
        stage.judge(exchange)
    assert refusal.value.status == 404
    assert refusal.value.code == "model_not_found"
    assert refusal.value.param == "model"
    return refusal.value


def shown(stage: Route, exchange: Exchange) -> dict[str, object]:
    assert stage.judge(exchange) is Verdict.REPLY
    assert exchange.reply is not None
    assert exchange.reply.status == 200
    body: dict[str, object] = msgspec.json.decode(exchange.reply.body)
    return body


def test_provider_and_model_go_to_that_provider() -> None:
    assert plan_of(route(OPENAI, AZURE), "azure/gpt-4") == Plan((Target("azure", "gpt-4"),))


def test_only_the_first_slash_divides() -> None:
    stage = route(OPENAI, provider("together"))
    assert plan_of(stage, "together/meta-llama/Llama-3.3-70B") == Plan(
        (Target("together", "meta-llama/Llama-3.3-70B"),)
    )


def test_a_public_name_goes_to_all_its_targets_in_order() -> None:
    models = {"gpt-4": ModelSettings(targets=("openai/gpt-4", "azure/my/gpt-4"))}
    assert plan_of(route(OPENAI, AZURE, models=models), "gpt-4") == Plan(
        (Target("openai", "gpt-4"), Target("azure", "my/gpt-4")), "fallback"
    )


def test_a_single_model_goes_to_its_first_target_only() -> None:
    models = {"gpt-4": ModelSettings(targets=("openai/gpt-4", "azure/gpt-4"), strategy="single")}
    assert plan_of(route(OPENAI, AZURE, models=models), "gpt-4") == Plan((Target("openai", "gpt-4"),), "single")


def test_a_public_name_goes_before_a_provider_of_that_name() -> None:
    models = {"openai/gpt-4": ModelSettings(targets=("azure/gpt-4",))}
    assert plan_of(route(OPENAI, AZURE, models=models), "openai/gpt-4") == Plan((Target("azure", "gpt-4"),), "fallback")


def test_targets_of_providers_left_out_are_left_out() -> None:
    models = {"gpt-4": ModelSettings(targets=("openai/gpt-4", "azure/gpt-4"))}
    assert plan_of(route(AZURE, models=models), "gpt-4") == Plan((Target("azure", "gpt-4"),), "fallback")


def test_a_public_name_with_all_its_providers_left_out_says_so() -> None:
    models = {"gpt-4": ModelSettings(targets=("openai/gpt-4", "groq/x", "openai/y"))}
    stage = route(AZURE, models=models)
    message = "model 'gpt-4' is served by openai, groq, which this gateway runs without"
    assert missing(stage, asking(model="gpt-4")).message == message
    assert shown(stage, looking("models"))["data"] == []


def test_with_one_provider_a_bare_name_is_a_model_of_it() -> None:
    assert plan_of(route(OPENAI), "gpt-4o-mini") == Plan((Target("openai", "gpt-4o-mini"),))


def test_where_models_have_names_a_bare_name_that_is_none_of_them_is_unknown() -> None:
    stage = route(OPENAI, models={"fast": ModelSettings(targets=("openai/gpt-4o-mini",))})
    assert "did you mean 'fast'?" in missing(stage, asking(model="fats")).message


def test_a_plan_has_the_providers_own_names_of_models() -> None:
    mapped = provider("azure", model_mapping={"gpt-4": "deployment-4"})
    stage = route(OPENAI, mapped, models={"fast": ModelSettings(targets=("azure/gpt-4", "azure/other"))})
    assert plan_of(stage, "azure/gpt-4") == Plan((Target("azure", "deployment-4"),))
    assert plan_of(stage, "fast") == Plan((Target("azure", "deployment-4"), Target("azure", "other")), "fallback")


def test_with_two_providers_a_bare_name_is_unknown() -> None:
    error = missing(route(OPENAI, AZURE), asking(model="gpt-4o"))
    assert error.message == "model 'gpt-4o' does not exist here; did you mean 'openai/gpt-4o'?"


@pytest.mark.parametrize("name", ["opnai/gpt-4o", "openai/", "/gpt-4o"])
def test_a_name_with_a_slash_needs_a_configured_provider_and_a_model(name: str) -> None:
    error = missing(route(OPENAI), asking(model=name))
    assert error.message == f"model {name!r} does not exist here; did you mean 'openai/gpt-4o'?"


def test_a_name_like_no_other_gets_no_guess() -> None:
    error = missing(route(OPENAI, AZURE), asking(model="zzzzzzzz"))
    assert error.message == "model 'zzzzzzzz' does not exist here"


def test_a_guess_names_no_model_that_the_caller_may_not_use() -> None:
    caller = Caller(tenant="ci", allowed_models=("gpt-*",))
    assert "did you mean" not in missing(route(OPENAI, AZURE), asking(model="gpt-4o", caller=caller)).message


def test_a_very_long_name_is_cut_in_the_message() -> None:
    error = missing(route(OPENAI), looking("model", "x/" + "y" * 100_000))
    assert len(error.message) < 300


def test_the_list_has_public_names_and_each_providers_models() -> None:
    models = {"fast": ModelSettings(targets=("openai/gpt-4o-mini",))}
    assert shown(route(OPENAI, AZURE, models=models), looking("models")) == {
        "object": "list",
        "data": [
            {"id": "fast", "object": "model", "created": 1_790_000_000, "owned_by": "sluicegate"},
            {"id": "openai/gpt-4o", "object": "model", "created": 1_790_000_000, "owned_by": "openai"},
            {"id": "openai/gpt-4o-mini", "object": "model", "created": 1_790_000_000, "owned_by": "openai"},
        ],
    }


def test_a_public_name_that_hides_a_providers_model_is_listed_once() -> None:
    models = {"openai/gpt-4o": ModelSettings(targets=("azure/gpt-4",))}
    stage = route(OPENAI, AZURE, models=models)
    exchange = looking("models")
    assert stage.judge(exchange) is Verdict.REPLY
    assert exchange.reply is not None
    assert exchange.reply.body.count(b'"openai/gpt-4o"') == 1


def test_the_list_shows_a_caller_only_what_it_may_use() -> None:
    stage = route(OPENAI, models={"fast": ModelSettings(targets=("openai/gpt-4o-mini",))})
    listed = shown(stage, looking("models", caller=Caller(tenant="ci", allowed_models=("fa*", "openai/gpt-4o"))))
    data = listed["data"]
    assert isinstance(data, list)
    assert [one["id"] for one in data] == ["fast", "openai/gpt-4o"]


@pytest.mark.parametrize(
    ("name", "owner"),
    [("fast", "sluicegate"), ("openai/gpt-4o", "openai"), ("openai/org/any-model", "openai")],
)
def test_every_name_that_can_be_asked_can_be_looked_at(name: str, owner: str) -> None:
    stage = route(OPENAI, models={"fast": ModelSettings(targets=("openai/gpt-4o-mini",))})
    exchange = looking("model", name)
    assert shown(stage, exchange) == {"id": name, "object": "model", "created": 1_790_000_000, "owned_by": owner}
    assert exchange.plan is None


def test_looking_at_a_model_that_is_not_there_is_404() -> None:
    missing(route(OPENAI, AZURE), looking("model", "nobody/none"))


def test_anthropic_clients_get_lists_of_their_own_shape() -> None:
    assert shown(route(OPENAI), looking("models", anthropic_version="2026-10-21")) == {
        "data": [
            {
                "type": "model",
                "id": f"openai/{name}",
                "display_name": f"openai/{name}",
                "created_at": "2026-09-21T14:13:20Z",
                "lifecycle": "active",
            }
            for name in ("gpt-4o", "gpt-4o-mini")
        ],
        "first_id": "openai/gpt-4o",
        "last_id": "openai/gpt-4o-mini",
        "has_more": False,
    }


def test_an_empty_list_of_anthropics_shape_has_real_nulls() -> None:
    empty = {"data": [], "first_id": None, "last_id": None, "has_more": False}
    assert shown(route(AZURE), looking("models", anthropic_version="2023-06-01")) == empty


def test_anthropic_clients_get_one_model_of_their_own_shape() -> None:
    body = shown(route(OPENAI), looking("model", "openai/x", anthropic_version="2023-06-01"))
    assert (body["type"], body["id"], body["created_at"]) == ("model", "openai/x", "2026-09-21T14:13:20Z")


def test_a_model_that_the_caller_may_not_use_is_not_routed_even_if_nobody_asked_before() -> None:
    caller = Caller(tenant="ci", key_name="ci", allowed_models=("openai/*",))
    exchange = asking(model="azure/gpt-4", caller=caller)
    for asked in (exchange, looking("model", "azure/gpt-4", caller=caller)):
        with pytest.raises(Forbidden, match="API key 'ci' may not use model 'azure/gpt-4'"):
            route(OPENAI, AZURE).judge(asked)
    assert exchange.plan is None


def live(stage_models: dict[str, ModelSettings], **lists: Listing) -> tuple[Route, LiveModels]:
    """A stage before providers of which some have said which models they have."""
    resources = Resources(providers={"openai": OPENAI, "azure": AZURE}, models=stage_models, wall=lambda: NOW)
    stage = Route(NoSettings(), resources)
    for name, listing in lists.items():
        resources.live_models.put(name, listing)
    return stage, resources.live_models


def test_what_providers_list_comes_behind_what_is_configured() -> None:
    models = {"fast": ModelSettings(targets=("openai/gpt-4o",))}
    stage, found = live(models, openai=Listing(("gpt-4o", "new"), complete=True))
    names = [one["id"] for one in shown(stage, looking("models"))["data"]]
    assert names == ["fast", "openai/gpt-4o", "openai/gpt-4o-mini", "openai/new"]
    found.put("openai", Listing(("newer",), complete=True))
    assert shown(stage, looking("models"))["data"][-1]["id"] == "openai/newer"


def test_a_model_that_a_complete_list_lacks_is_not_shown() -> None:
    stage, _ = live({}, openai=Listing(("new",), complete=True), azure=Listing(None, complete=True))
    assert shown(stage, looking("model", "openai/new"))["id"] == "openai/new"
    assert shown(stage, looking("model", "openai/gpt-4o"))["id"] == "openai/gpt-4o"
    assert shown(stage, looking("model", "azure/deployed"))["id"] == "azure/deployed"
    assert "did you mean 'openai/new'" in missing(stage, looking("model", "openai/mew")).message
