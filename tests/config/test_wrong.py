"""Everything that can be wrong with a file: each is told with its exact place, and all of them in one run."""

import pytest

from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.problems import ConfigError, Problem, Severity
from sluicegate.pipeline.registry import Registry
from tests.config.mistakes import ENVIRON, WRONG
from tests.config.rooms import rooms


def problems_of(text: str, environ: dict[str, str] | None = None) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load(text, ENVIRON if environ is None else environ, rooms(), name="config.yaml")
    return caught.value.problems


@pytest.mark.parametrize(("text", "line", "column", "message"), [case[1:] for case in WRONG], ids=[c[0] for c in WRONG])
def test_each_mistake_is_told_with_its_place(text, line, column, message):
    problems = problems_of(text)
    told = [f"{problem.mark.line}:{problem.mark.column} {problem}" for problem in problems]
    assert any(
        problem.mark == (line, column) and message in str(problem) and problem.severity is Severity.ERROR
        for problem in problems
    ), "\n".join(told)


@pytest.mark.parametrize(("text", "line", "column", "message"), [case[1:] for case in WRONG], ids=[c[0] for c in WRONG])
def test_no_mistake_shows_what_a_variable_holds(text, line, column, message):
    told = "\n".join(map(str, problems_of(text)))
    assert "many" not in told
    assert "sk-" not in told


def test_a_key_out_of_a_variable_may_be_the_secret_itself_and_is_not_shown():
    told = [str(problem) for problem in problems_of("auth: {api_keys: '${SECRET_KEYS}'}\n")]
    assert any("in SECRET_KEYS, auth.api_keys[0]: unknown key; known:" in line for line in told)
    assert "sk-secret" not in "".join(told)


def test_a_wrong_secret_is_not_shown_even_if_it_stands_in_the_file():
    told = [str(problem) for problem in problems_of("auth: {api_keys: [{name: a, key: ''}, {name: b, key: [sk-1]}]}\n")]
    assert told == [
        "config.yaml:1:34: error: key: must be at least 1 long",
        "config.yaml:1:54: error: key: expected text, found a list",
    ]


def test_every_mistake_of_a_file_is_told_in_one_run_in_its_order():
    text = """\
server:
  prot: 3000
  timeout: 30
  timeout: 30s
providers:
  a: { type: opnai }
  b: { type: openai, max_retries: x, api_key: "${NOPE}" }
models:
  m: { targets: [c/x] }
cahce: {}
limit: { requests: [1/min] }
pipeline:
  - validate
  - meter
  - rout
  - limit: {}
"""
    assert [str(problem) for problem in problems_of(text)] == [
        "config.yaml:2:3: error: unknown key 'prot'; did you mean 'port'?",
        "config.yaml:3:12: error: timeout: 30 has no unit; write 30s",
        "config.yaml:4:3: error: key 'timeout' is given twice; the first is in line 3",
        "config.yaml:6:14: error: unknown provider type 'opnai'; did you mean 'openai'?",
        "config.yaml:7:35: error: max_retries: expected a whole number, found the text 'x'",
        "config.yaml:7:47: error: NOPE is not set; set it, or write ${NOPE:-} if it may be missing",
        "config.yaml:9:18: error: there is no provider 'c'; known: a, b",
        "config.yaml:10:1: error: unknown key 'cahce'; did you mean 'cache'?",
        "config.yaml:12:1: error: the pipeline has no `call`: nothing would be answered; "
        "add it after the stages that decide where a request goes",
        "config.yaml:12:1: warning: the pipeline has no `route`; "
        "unless a stage of your own makes the plan, every request fails",
        "config.yaml:15:5: error: unknown stage 'rout'; did you mean 'route'?",
        "config.yaml:16:5: error: stage 'limit' has settings here and a section of its own; "
        "remove one; the section is in line 11",
        "config.yaml:16:5: error: stage 'limit' is of the request lane, and cannot stand after 'meter' "
        "of the settle lane; move it before 'meter'",
    ]


def test_an_alias_used_twice_tells_its_mistake_once():
    text = "x-t: &t {connect: 5}\nproviders:\n  a: {type: openai, timeout: *t}\n  b: {type: openai, timeout: *t}\n"
    assert [problem.mark for problem in problems_of(text)] == [(1, 19)]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
        "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\n",
        "a: &a {" + ", ".join(f"k{n}: 1" for n in range(1000)) + "}\nb:\n" + "  <<: *a\n" * 100,
    ],
    ids=["aliases", "merges"],
)
def test_what_aliases_write_out_is_bounded(text):
    assert any("more than 50000 values" in problem.message for problem in problems_of(text))


@pytest.mark.parametrize(
    "text",
    [
        "auth: {api_keys: [sk-secret]}",
        "auth: {api_keys: sk-secret}",
        "providers: {a: {type: openai, api_keys: [sk-secret]}}",
        "providers: {a: {type: openai, headers: sk-secret}}",
    ],
)
def test_a_key_in_a_wrong_place_is_not_shown(text):
    with pytest.raises(ConfigError) as caught:
        load(text, {}, Registry(), name="config.yaml")
    told = "\n".join(map(str, caught.value.problems))
    assert "found text" in told
    assert "sk-secret" not in told
