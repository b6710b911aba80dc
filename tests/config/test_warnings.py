"""What a file may do but probably should not, and what the environment does to it."""

from importlib.metadata import EntryPoint

import pytest

from sluicegate.pipeline.config.load import Loaded, default_config, load, load_values
from sluicegate.pipeline.config.problems import ConfigError, Severity
from sluicegate.pipeline.registry import Registry, stage
from tests.config.rooms import PROVIDERS, STAGES, AuthSettings, rooms


class Closed(Registry):
    """A registry that sees nothing of what is installed, but for the stages it is made with."""

    def __init__(self, *stages: EntryPoint) -> None:
        super().__init__()
        self._stages = {entry.name: entry for entry in stages}

    @property
    def _installed_stages(self) -> dict[str, EntryPoint]:
        return self._stages

    @property
    def _installed_providers(self) -> dict[str, EntryPoint]:
        return {}


SIM = "providers: {sim: {type: simulator}}\n"
KEYS = '[{"key": "k", "name": "ann"}]'


def told(text: str, environ: dict[str, str] | None = None) -> list[str]:
    problems = load(text, environ or {}, rooms(), name="c").problems
    assert all(problem.severity is Severity.WARNING for problem in problems)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            SIM + "guard: {name: a}",
            ["c:2:1: warning: section 'guard' has no effect: the pipeline does not list this stage"],
        ),
        (
            "providers:\n  a: {type: simulator}\n  b: {type: simulator}\nmodels: {m: {targets: [b/x]}}",
            ["c:2:3: warning: no model names provider 'a'; it still serves a/<model>"],
        ),
        (
            SIM + "pipeline: [validate, call]",
            [
                "c:2:1: warning: the pipeline has no `route`; "
                "unless a stage of your own makes the plan, every request fails"
            ],
        ),
        (
            SIM + "pipeline: [route, call]",
            [
                "c:2:1: warning: the pipeline has no `validate`; "
                "unless a stage of your own reads them, requests have no model"
            ],
        ),
        (
            "providers:\n  a: {type: openai, enabled: false}\nmodels: {m: {targets: [a/x]}}",
            [
                "c:1:1: warning: no provider is in use: every request fails",
                "c:3:10: warning: model 'm' is not served: no provider of its targets is in use",
            ],
        ),
    ],
)  # fmt: skip
def test_each_oddity_is_a_warning_with_its_place(text, expected):
    assert told(text) == expected


class DoubtfulKeys(AuthSettings, kw_only=True, frozen=True):
    def doubts(self) -> list[str]:
        return [f"key of {key.name} is short" for key in self.api_keys]


def test_what_settings_doubt_themselves_is_a_warning_at_their_stage():
    registry = Closed()
    for component in [*STAGES[:1], stage("auth", summary="Doubts.", settings=DoubtfulKeys)(type("A", (), {}))]:
        registry.add(component)
    for component in [*STAGES[5:7], *PROVIDERS]:
        registry.add(component)
    text = SIM + f"auth: {{api_keys: {KEYS}}}\npipeline: [validate, auth, route, call]"
    assert [str(one) for one in load(text, {}, registry, name="c").problems] == ["c:3:22: warning: key of ann is short"]


@pytest.mark.parametrize(("length", "told"), [(1, True), (15, True), (16, False)])
def test_an_api_key_that_can_be_guessed_is_a_warning_that_does_not_show_it(length, told):
    key = "0123456789abcdef"[:length]
    text = SIM + f"auth: {{api_keys: [{{key: '{key}', name: ann}}]}}"
    problems = [str(one) for one in load(text, {}, Registry(), name="c").problems]
    said = f"c:1:1: warning: API key 'ann' has {length} characters: one of fewer than 16 can be guessed"
    assert problems == ([said] if told else [])


@pytest.mark.parametrize(
    ("text", "stages"),
    [
        ("server: {workers: 1}", []),
        ("server: {workers: 2}", ["recall", "cache"]),
        ("server: {workers: auto}", ["recall", "cache"]),
        ("server: {workers: 2}\nlimit: {requests: [1/s]}", ["recall", "cache"]),
        ("server: {workers: 2}\nauth: {api_keys: [{key: 0123456789abcdef, name: a}]}", ["recall", "cache"]),
        ("server: {workers: 2}\ncache: {enabled: false}\nrecall: {enabled: false}", []),
    ],
)
def test_what_several_workers_do_not_share_is_a_warning_at_its_stage(text, stages):
    problems = load(f"{SIM}{text}", {}, Registry(), name="c").problems
    assert {problem.severity for problem in problems} <= {Severity.WARNING}
    assert [(problem.code, problem.path) for problem in problems] == [("per-worker", stage) for stage in stages]


TWO = "providers:\n  a: {type: simulator}\n  b: {type: simulator}\nmodels: {m: {targets: [b/x]}, n: {targets: [b/y]}}\n"


def auth_of(*patterns: str) -> str:
    return f"auth:\n  api_keys: [{{key: 0123456789abcdef, name: n, allowed_models: [{', '.join(patterns)}]}}]\n"


@pytest.mark.parametrize(
    ("text", "patterns", "unmet"),
    [
        (TWO, ["m", "'*'", "'m*'", "a/x", "'a/*'", "'b*z'", "'*/x'"], []),
        (TWO, ["x", "'x*'", "c/x", "'c/*'", "a", "a/", "''", "'m?'"], ["x", "x*", "c/x", "c/*", "a", "a/", "", "m?"]),
        (SIM, ["x", "'x*'", "'*'", "sim/x"], []),
        (SIM, ["''", "y/x"], ["", "y/x"]),
        ("providers:\n  a: {type: openai, api_key: '${NOT_SET:-}'}\n", ["a/x", "b/x"], ["b/x"]),
    ],
)
def test_a_model_that_a_key_may_ask_for_and_nobody_offers_is_a_warning(text, patterns, unmet):
    problems = load(text + auth_of(*patterns), {}, Registry(), name="c").problems
    found = [one for one in problems if one.code == "unknown-model"]
    assert [one.message.partition(": ")[2] for one in found] == [f"{name!r} is no model here" for name in unmet]


def test_a_model_that_nobody_offers_is_told_at_its_place_unless_the_key_is_out_of_a_variable():
    text = SIM + "auth:\n  api_keys:\n  - key: 0123456789abcdef\n    name: n\n    allowed_models: [sim/x, y/x]\n"
    assert told_by(text) == ["c:6:29: warning: allowed_models[1]: 'y/x' is no model here"]
    keys = '[{"key": "0123456789abcdef", "name": "n", "allowed_models": ["y/x"]}]'
    expected = "c:1:1: warning: in GATEWAY_API_KEYS, auth.api_keys[0].allowed_models[0]: is no model here"
    assert told_by(SIM, {"GATEWAY_API_KEYS": keys}) == [expected]
    assert told_by(SIM + "auth: {enabled: false, api_keys: [{key: k, name: n, allowed_models: [y/x]}]}\n") == []


def told_by(text: str, environ: dict[str, str] | None = None) -> list[str]:
    return [str(one) for one in load(text, environ or {}, Registry(), name="c").problems]


@pytest.mark.parametrize("elsewhere", ["pipeline: [auth, rout, call]", "server: {port: x}", "sever: {}"])
def test_what_is_wrong_elsewhere_hides_no_warning_about_models(elsewhere):
    text = "providers:\n  a: {type: simulator}\n  b: {type: openai, enabled: false}\nmodels: {m: {targets: [b/x]}}\n"
    with pytest.raises(ConfigError) as caught:
        load(text + auth_of("q") + elsewhere, {}, Registry(), name="c")
    codes = {one.code for one in caught.value.problems if one.severity is Severity.WARNING}
    assert codes >= {"unused-provider", "model-left-out", "unknown-model"}


def test_a_provider_that_is_wrong_is_not_said_to_be_unused_nor_its_models_to_be_left_out():
    text = "providers:\n  a: {type: simulator, tokens: x}\n  b: {type: simulator}\nmodels: {m: {targets: [a/x]}}\n"
    with pytest.raises(ConfigError) as caught:
        load(text, {}, Registry(), name="c")
    assert [(one.code, one.path) for one in caught.value.problems] == [
        ("wrong-type", "providers.a.tokens"),
        ("unused-provider", "providers.b"),
    ]


OPENAI = "providers:\n  openai: {type: openai, api_key: '${OPENAI_API_KEY:-}'}\n  sim: {type: simulator}\n"


@pytest.mark.parametrize("environ", [{}, {"OPENAI_API_KEY": ""}])
def test_a_provider_whose_key_is_not_set_is_left_out_and_models_go_on_without_it(environ):
    text = OPENAI + "models:\n  both: {targets: [openai/x, sim/y]}\n  one: {targets: [openai/x]}\n"
    found = load(text, environ, rooms(), name="c")
    assert list(found.config.providers) == ["sim"]
    assert {name: model.targets for name, model in found.config.models.items()} == {
        "both": ("sim/y",),
        "one": ("openai/x",),  # so that who asks for it is told what is missing
    }
    assert [str(problem) for problem in found.problems] == [
        "c:2:3: warning: provider 'openai' is left out: OPENAI_API_KEY is not set",
        "c:6:3: warning: model 'one' is not served: no provider of its targets is in use",
    ]


def test_a_provider_whose_key_is_set_is_in():
    found = load(OPENAI, {"OPENAI_API_KEY": "k"}, rooms())
    assert found.config.providers["openai"].api_key == "k"
    assert found.problems == ()


def test_a_provider_that_asks_for_no_key_is_in_without_one():
    assert list(load("providers: {a: {type: openai}}", {}, rooms()).config.providers) == ["a"]


def test_without_a_file_the_usual_variables_make_providers():
    found = default_config({"OPENAI_API_KEY": "sk-1"}, rooms())
    assert {name: (one.type, one.api_key) for name, one in found.config.providers.items()} == {
        "openai": ("openai", "sk-1")
    }
    assert found.problems == ()
    assert found.source == "the environment"


def test_each_usual_variable_makes_a_provider_of_its_type():
    found = default_config({"OPENAI_API_KEY": "sk-1", "ANTHROPIC_API_KEY": "sk-2"}, rooms())
    assert {name: (one.type, one.api_key) for name, one in found.config.providers.items()} == {
        "openai": ("openai", "sk-1"),
        "anthropic": ("anthropic", "sk-2"),
    }


def test_a_key_that_looks_like_a_variable_is_taken_as_it_is():
    assert default_config({"OPENAI_API_KEY": "a${B}"}, rooms()).config.providers["openai"].api_key == "a${B}"


def test_without_a_file_and_a_key_the_simulator_serves():
    found = default_config({}, rooms())
    assert list(found.config.providers) == ["simulator"]
    assert len(found.config.stages) == 9
    assert found.problems == ()


def test_without_any_provider_type_that_is_told_without_a_place():
    registry = Closed()
    for component in STAGES:
        registry.add(component)
    problems = default_config({}, registry).problems
    assert [str(one) for one in problems] == ["warning: providers: no provider is in use: every request fails"]


def keys_of(loaded: Loaded) -> list[str]:
    return [key.name for key in dict(loaded.config.stages)["auth"].api_keys]


@pytest.mark.parametrize("text", ["", "auth: {}", "auth:", "pipeline: [validate, auth, route, call]"])
def test_keys_come_from_the_environment_where_the_file_names_none(text):
    assert keys_of(load(SIM + text, {"GATEWAY_API_KEYS": KEYS}, rooms())) == ["ann"]


def test_keys_of_the_file_go_before_those_of_the_environment():
    assert keys_of(load(SIM + "auth: {api_keys: []}", {"GATEWAY_API_KEYS": KEYS}, rooms())) == []


def test_wrong_keys_in_the_environment_are_told_without_showing_them():
    with pytest.raises(ConfigError) as caught:
        default_config({"GATEWAY_API_KEYS": '[{"key": "sk-secret", "nam": "a"}]'}, rooms())
    assert [str(problem) for problem in caught.value.problems] == [
        "error: in GATEWAY_API_KEYS, auth.api_keys[0]: unknown key 'nam'; did you mean 'name'?",
        "error: in GATEWAY_API_KEYS, auth.api_keys[0]: missing key 'name'",
    ]


@pytest.mark.parametrize(
    ("value", "found"),
    [('"sk-fast"', "text"), ("1.5", "a number"), ("true", "a boolean"), ('""', "empty text"), ("{}", "a map")],
)
def test_what_was_found_in_the_environment_is_told_by_its_kind(value, found):
    with pytest.raises(ConfigError) as caught:
        default_config({"GATEWAY_API_KEYS": f'[{{"key": "k", "name": "a", "rate_limit": {value}}}]'}, rooms())
    wanted = "expected a whole number or a list"
    assert [str(problem) for problem in caught.value.problems] == [
        f"error: in GATEWAY_API_KEYS, auth.api_keys[0].rate_limit: {wanted}, found {found}"
    ]


def test_keys_that_are_set_but_empty_are_told():
    assert told(SIM + "auth:\n  api_keys: []\n", {"GATEWAY_API_KEYS": " "}) == [
        "c:3:3: warning: GATEWAY_API_KEYS is set but empty: it adds nothing"
    ]


def test_keys_that_nobody_asks_for_are_told():
    assert told(SIM + "auth: {enabled: false}", {"GATEWAY_API_KEYS": KEYS}) == [
        "c:2:1: warning: GATEWAY_API_KEYS is set, but stage 'auth' is disabled: nobody reads it"
    ]


def test_a_programs_values_need_no_text():
    values = {
        "server": {"timeout": 30, "max_body": 1024, "drain": "5s"},
        "providers": {"oa": {"type": "openai", "max_retries": 7, "api_key": "a${B}"}},
        "pipeline": ["validate", "route", {"limit": {"requests": ["1/s"]}}, "call"],
    }
    found = load_values(values, {}, rooms())
    assert found.config.server.timeout == 30.0
    assert found.config.server.max_body == 1024
    assert found.config.server.drain == 5.0
    assert found.config.providers["oa"].api_key == "a${B}"
    assert [name for name, _ in found.config.stages] == ["validate", "route", "limit", "call"]


def test_wrong_values_of_a_program_are_told_by_their_path():
    with pytest.raises(ConfigError) as caught:
        load_values({"server": {"prot": 1}, "pipeline": ["call", "rout"]}, {}, rooms())
    assert [str(problem) for problem in caught.value.problems if problem.severity is Severity.ERROR] == [
        "error: server: unknown key 'prot'; did you mean 'port'?",
        "error: pipeline: unknown stage 'rout'; did you mean 'route'?",
    ]


def test_a_stage_that_cannot_be_imported_is_a_problem_and_no_crash():
    registry = Closed(EntryPoint("broken", "no_such_module:Broken", "sluicegate.stages"))
    for component in [*STAGES, *PROVIDERS]:
        registry.add(component)
    with pytest.raises(ConfigError) as caught:
        load(SIM + "pipeline: [validate, route, broken, call]", {}, registry, name="c")
    assert [str(problem) for problem in caught.value.problems] == [
        "c:2:29: error: stage 'broken' cannot be loaded: No module named 'no_such_module'"
    ]
