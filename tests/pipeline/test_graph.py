"""Drawings of a pipeline."""

from sluicegate.pipeline.config.model_settings import ModelSettings, TargetSettings
from sluicegate.pipeline.graph import mermaid, text
from sluicegate.pipeline.stage import Lane

STAGES = [("validate", Lane.REQUEST), ("call", Lane.REQUEST), ("polish", Lane.REPLY), ("meter", Lane.SETTLE)]
PROVIDERS = {"sim": "simulator", "openai": "openai"}
MODELS = {"demo": ModelSettings(targets=("openai/gpt-4o", "sim/echo"))}


def test_mermaid_shows_lanes_providers_and_models():
    assert (
        mermaid(STAGES, PROVIDERS, MODELS)
        == """\
flowchart LR
  client(["client"])
  subgraph request["request lane"]
    s0["validate"]
    s1["call"]
    s0 --> s1
  end
  subgraph reply["reply lane"]
    s2["polish"]
  end
  subgraph settle["settle lane"]
    s3["meter"]
  end
  client --> s0
  s1 --> s2
  s2 --> s3
  subgraph providers["providers"]
    p0(["sim (simulator)"])
    p1(["openai"])
  end
  s1 --> p0
  s1 --> p1
  m0{{"demo: fallback"}}
  m0 -.->|"1. gpt-4o"| p1
  m0 -.->|"2. echo"| p0
"""
    )


def test_text_shows_the_same():
    assert (
        text(STAGES, PROVIDERS, MODELS)
        == """\
request lane  validate -> call
reply lane    polish
settle lane   meter

providers
  sim                  simulator
  openai               openai

models
  demo                 fallback: openai/gpt-4o, sim/echo
"""
    )


def test_without_providers_and_models_there_is_still_a_drawing():
    assert mermaid([("call", Lane.REQUEST)], {}, {}).endswith("  client --> s0\n")
    assert text([], {}, {}).startswith("request lane  -\n")


def test_names_cannot_break_out_of_the_drawing():
    drawing = mermaid([('a"] --> x["', Lane.REQUEST)], {"<script>\n#1": "t"}, {})
    assert '    s0["a#quot;] --#gt; x[#quot;"]\n' in drawing
    assert '    p0(["#lt;script#gt; #35;1 (t)"])\n' in drawing


def test_a_provider_that_is_left_out_is_drawn_so_and_never_called():
    models = {"demo": ModelSettings(targets=("gone/gpt-4o", "sim/echo"))}
    drawn = mermaid([("call", Lane.REQUEST)], {"sim": "simulator"}, models)
    assert '    p1(["gone, left out"])' in drawn
    assert '  m0 -.->|"1. gpt-4o"| p1' in drawn
    assert "s0 --> p0" in drawn
    assert "s0 --> p1" not in drawn
    assert "  gone                 left out\n" in text([("call", Lane.REQUEST)], {"sim": "simulator"}, models)


def test_weights_conditions_and_targets_for_refused_prompts_are_told_apart_from_the_targets():
    models = {
        "fast": ModelSettings(targets=("sim/echo",)),
        "smart": ModelSettings(
            targets=(TargetSettings(to="sim/a", weight=2, when="request.tokens > 9"), "fast"),
            on_context_window=("openai/wide", "gone/wide"),
            on_content_policy=("fast",),
        ),
    }
    assert text([], PROVIDERS, models).splitlines()[-1] == (
        "  smart                fallback: sim/a (weight 2, when request.tokens > 9), fast; "
        "on_context_window: openai/wide, gone/wide; on_content_policy: fast"
    )
    drawn = mermaid([("call", Lane.REQUEST)], PROVIDERS, models)
    assert '  m1 -.->|"1. a (weight 2, when request.tokens #gt; 9)"| p0\n' in drawn
    assert '  m1 -.->|"on_context_window: wide"| p1\n' in drawn
    assert '  m1 -.->|"on_context_window: wide"| p2\n' in drawn
    assert '    p2(["gone, left out"])' in drawn
    assert '  m1 -.->|"on_content_policy: fast"| m0\n' in drawn
