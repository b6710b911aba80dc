"""Drawings of a pipeline, for people: Mermaid, and plain text. https://mermaid.js.org/syntax/flowchart.html"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from .config.model_settings import ModelSettings, TargetSettings
from .routing.growing import entry_of
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
    groups = {name: f"m{at}" for at, name in enumerate(models)}
    for name, model in models.items():
        lines.append(f"  {groups[name]}{{{{{_label(f'{name}: {model.strategy}')}}}}}")
        for place, choice in enumerate(model.choices, 1):
            provider, _, served = choice.to.partition("/")
            leads = groups.get(choice.to) or ids.get(provider)
            said = f"{place}. {choice.to if choice.to in groups else served}{_part(choice)}"
            if leads is not None:
                lines.append(f"  {groups[name]} -.->|{_label(said)}| {leads}")
        for why, targets in _otherwise(model):
            for target in targets:
                provider, _, served = target.partition("/")
                leads = groups.get(target) or ids.get(provider)
                if leads is not None:
                    said = f"{why}: {target if target in groups else served}"
                    lines.append(f"  {groups[name]} -.->|{_label(said)}| {leads}")
    return lines


def _otherwise(model: ModelSettings) -> list[tuple[str, Sequence[str]]]:
    """Return which targets are asked where a prompt is refused, by why."""
    return [("on_context_window", model.on_context_window), ("on_content_policy", model.on_content_policy)]


def _part(choice: TargetSettings) -> str:
    """Return what is said of a target beside its name."""
    said = [f"weight {choice.weight}"] if choice.weight != 1 else []
    said += [f"when {choice.when}"] if choice.when is not None else []
    return f" ({', '.join(said)})" if said else ""


def _left_out(providers: Mapping[str, str], models: Mapping[str, ModelSettings]) -> list[str]:
    """Return the providers that targets name, and that are not in use."""
    targets = [choice.to for model in models.values() for choice in model.choices]
    targets += [target for model in models.values() for _, named in _otherwise(model) for target in named]
    named = (target.partition("/")[0] for target in targets if entry_of(target, models) is None)
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
    lines += [f"  {name:<20} {model.strategy}: {_choices(model)}" for name, model in models.items()] or [
        "  only as provider/model"
    ]
    return "\n".join([*lines, ""])


def _choices(model: ModelSettings) -> str:
    said = ", ".join(f"{choice.to}{_part(choice)}" for choice in model.choices)
    return "; ".join([said, *(f"{why}: {', '.join(targets)}" for why, targets in _otherwise(model) if targets)])
