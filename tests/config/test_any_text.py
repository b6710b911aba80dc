"""Whatever a file holds, the answer is a configuration or a list of problems."""

from hypothesis import given
from hypothesis import strategies as st

from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.problems import ConfigError, Severity
from tests.config.rooms import rooms

ENVIRON = {"A": "1", "B": "", "C": '[{"key": "x"}]', "D": "30s"}
VOCABULARY = """
server providers models pipeline auth limit filter cache call guard polish api_keys requests targets type openai
simulator enabled timeout connect true off null ~ 30 30s 10MiB 5/min 1e999 .nan 0777 a/b ${A} ${B:-x} ${C} ${D ${}
'${C}' $$ << *a &a !!str | > - ? : , [ ] { } # % @ ` "
"""
WORDS = st.sampled_from(VOCABULARY.split())
GLUE = st.sampled_from(["\n", "\n  ", "\n- ", " ", ": ", "", ", ", "\t"])
YAML_LIKE = st.lists(st.tuples(WORDS, GLUE), max_size=30).map(lambda parts: "".join(a + b for a, b in parts))

LEAVES = st.one_of(WORDS, st.text(max_size=8), st.integers(), st.floats(), st.booleans(), st.none())
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)
SECTIONS = st.sampled_from(
    ["server", "providers", "models", "prices", "pipeline", "auth", "limit", "filter", "cache", "guard"]
)


def judge(text: str) -> None:
    try:
        loaded = load(text, ENVIRON, rooms(), name="c.yaml")
    except ConfigError as error:
        problems, expected = error.problems, {Severity.ERROR, Severity.WARNING}
    else:
        problems, expected = loaded.problems, {Severity.WARNING}
    found = {problem.severity for problem in problems}
    assert found <= expected
    assert (Severity.ERROR in found) == (Severity.ERROR in expected)
    assert all(problem.mark >= (1, 1) for problem in problems)


@given(st.text(max_size=200))
def test_any_text_at_all(text):
    judge(text)


@given(YAML_LIKE)
def test_text_that_looks_like_yaml(text):
    judge(text)


@given(st.dictionaries(SECTIONS, TREES, max_size=5))
def test_any_tree_of_values(tree):
    import yaml

    judge(yaml.safe_dump(tree))


@given(st.dictionaries(SECTIONS, TREES, max_size=3))
def test_any_json_of_values(tree):
    import json

    judge(json.dumps(tree))
