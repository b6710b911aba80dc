"""What a start says of what waits for keys."""

from sluicegate.cli.left_out import told_at_start
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.registry import Registry


def warnings(text):
    return load(text, {}, Registry()).problems


def config(names):
    providers = "".join(f'  {name}: {{ type: openai, api_key: "${{{name.upper()}:-}}" }}\n' for name in names)
    models = f"models:\n  m: {{ targets: [{names[0]}/x] }}\n  s: {{ targets: [sim/x] }}\n"
    return f"providers:\n  sim: {{ type: simulator }}\n{providers}{models}"


def test_a_few_are_told_as_lint_tells_them():
    problems = warnings(config(["one"]))
    assert list(told_at_start(problems)) == [str(problem) for problem in problems]
    assert len(problems) == 2


def test_many_take_one_line_that_names_them_all():
    (line,) = told_at_start(warnings(config(["one", "two", "three"])))
    assert line.endswith(
        "left out for want of keys: providers one, two, three; models m (`sluicegate lint` says which)"
    )


def test_other_warnings_keep_their_lines():
    problems = warnings("providers: { sim: { type: simulator } }\nserver: { workers: 2 }\n")
    assert list(told_at_start(problems)) == [str(problem) for problem in problems] != []
