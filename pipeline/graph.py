"""Drawings of a pipeline, for people: Mermaid, and plain text. https://mermaid.js.org/syntax/flowchart.html"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from .config.sections import ModelSettings
from .stage import Lane

Stages = Sequence[tuple[str, Lane]]
CALL = "call"
LEFT_OUT = "left out"
"""Said of a provider that targets name and the gateway runs without: it is disabled, or has no key."""


def mermaid(stages: Stages, providers: Mapping[str, str], models: Mapping[str, ModelSettings]) -> str:
    """Return a flowchart: the lanes and their stages, the providers behind `call`, and which of them serve a model.

    Args:
        stages: Name and lane of each, in order.
        providers: Type by name.
        models: Public names and how they are served.
    """
    lines = ["flowchart LR", '  client(["client"])']
    ids = {name: f"s{at}" for at, (name, _) in enumerate(stages)}
    ends: list[tuple[str, str]] = []
    for lane in Lane:
        names = [name for name, own in stages if own is lane]
        if not names:
            continue
        lines.append(f'  subgraph {lane.value}["{lane.value} lane"]')
        lines += [f"    {ids[name]}[{_label(name)}]" for name in names]
        lines += [f"    {ids[before]} --> {ids[after]}" for before, after in pairwise(names)]
        lines.append("  end")
        ends.append((ids[names[0]], ids[names[-1]]))
    lines += [f"  {before} --> {after}" for before, after in pairwise(["client", *(first for first, _ in ends[:1])])]
    lines += [f"  {before[1]} --> {after[0]}" for before, after in pairwise(ends)]
    return "\n".join([*lines, *_upstream(ids.get(CALL), providers, models), ""])


def _upstream(call: str | None, providers: Mapping[str, str], models: Mapping[str, ModelSettings]) -> list[str]:
    """Return the lines for providers and models; an edge from a model carries the place of the target in its order."""
    shown = {name: name if name == type_ else f"{name} ({type_})" for name, type_ in providers.items()}
    shown |= {name: f"{name}, {LEFT_OUT}" for name in _left_out(providers, models)}
    ids = {name: f"p{at}" for at, name in enumerate(shown)}
    lines = ['  subgraph providers["providers"]'] if shown else []
    lines += [f"    {ids[name]}([{_label(told)}])" for name, told in shown.items()]
    lines += ["  end"] if shown else []
    if call is not None:
        lines += [f"  {call} --> {ids[name]}" for name in providers]
    for at, (name, model) in enumerate(models.items()):
        lines.append(f"  m{at}{{{{{_label(f'{name}: {model.strategy}')}}}}}")
        for place, target in enumerate(model.targets, 1):
            provider, _, served = target.partition("/")
            lines.append(f"  m{at} -.->|{_label(f'{place}. {served}')}| {ids[provider]}")
    return lines


def _left_out(providers: Mapping[str, str], models: Mapping[str, ModelSettings]) -> list[str]:
    """Return the providers that targets name, and that are not in use."""
    named = (target.partition("/")[0] for model in models.values() for target in model.targets)
    return [name for name in dict.fromkeys(named) if name not in providers]


def _label(text: str) -> str:
    """Return text in quotes, with what Mermaid would take for its own as entities."""
    escaped = text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
    return f'"{" ".join(escaped.split())}"'


def text(stages: Stages, providers: Mapping[str, str], models: Mapping[str, ModelSettings]) -> str:
    """Return the same as lines of text."""
    lines = []
    for lane in Lane:
        names = [name for name, own in stages if own is lane]
        lines.append(f"{lane.value + ' lane':<14}{' -> '.join(names) or '-'}")
    lines += ["", "providers"]
    left_out = dict.fromkeys(_left_out(providers, models), LEFT_OUT)
    lines += [f"  {name:<20} {told}" for name, told in {**providers, **left_out}.items()] or ["  -"]
    lines += ["", "models"]
    lines += [f"  {name:<20} {model.strategy}: {', '.join(model.targets)}" for name, model in models.items()] or [
        "  only as provider/model"
    ]
    return "\n".join([*lines, ""])
