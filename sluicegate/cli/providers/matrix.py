"""`sluicegate providers matrix`: what works with which provider, found out from the translators themselves.

Each cell is what a translator does with a request that asks for that one thing: nothing here says what it should do.
Only how a translator is made, and which of its models are asked, is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec

from sluicegate.library import GatewayBuilder
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.provider import ModelLister, Translator, UpstreamRequest
from sluicegate.pipeline.registry import Registry
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.decode import type_body
from sluicegate.pipeline.token_counters import TokenCounter

from .features import FEATURES, Feature

SETTINGS: dict[str, dict[str, Any]] = {
    "bedrock": {"api_key": "", "access_key_id": "probe", "secret_access_key": "probe"},
    "azure": {"base_url": "https://probe.openai.azure.com"},
    "custom": {"base_url": "https://probe.example/v1"},
    "mapped": {
        "base_url": "https://probe.example/generate",
        "body": {"engine": "{{model}}", "text": "{{prompt}}", "limit": "{{max_tokens}}"},
        "response": {"text": "output.text"},
    },
    "vertex": {"project": "probe", "access_token": "probe"},
}
"""What types cannot be made without."""
MODELS = {
    "anthropic": "claude-sonnet-4-5",
    "bedrock": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "gemini": "gemini-2.5-flash",
    "vertex": "gemini-2.5-flash",
}
"""Models whose names say what they can; where names say nothing any will do."""
TEXT = {"type": "text", "text": "Hi"}
ORDER = (
    "chat",
    "completion",
    "embedding",
    "rerank",
    "moderation",
    "image",
    "image_edit",
    "image_variation",
    "speech",
    "transcription",
    "translation",
)
MORE = ("count tokens", "list of models")


class Cell(Enum):
    """What becomes of a thing."""

    YES = "yes"
    DROPPED = "left out"
    NO = "no"


@dataclass(frozen=True)
class Row:
    """One provider type: its operations, and what becomes of each feature."""

    type: str
    operations: frozenset[str]
    cells: dict[str, Cell]


def matrix() -> None:
    """Print what works with which provider type, as Markdown: operations, and what chats may ask for."""
    print(markdown(Registry()), end="")


def rows(registry: Registry) -> list[Row]:
    """Return a row for each provider type that can be made without more than it is given here."""
    made = ((name, translator_of(name, registry)) for name in registry.provider_names())
    return [row_of(name, translator) for name, translator in made if translator is not None]


def translator_of(name: str, registry: Registry) -> Translator | None:
    """Return a translator of a type, or None where others' types want settings that nobody here knows."""
    spec = registry.provider(name)
    given = {"type": name, **SETTINGS.get(name, {})}
    if "api_key" in spec.settings.__struct_fields__ and "access_token" not in given:
        given.setdefault("api_key", "probe")
    try:
        settings = GatewayBuilder(registry).provider(name, **given).build().providers[name]
        translator: Translator = spec.component(name, settings)
    except ValueError:
        return None
    return translator


def row_of(name: str, translator: Translator) -> Row:
    """Return what becomes of everything with one translator."""
    operations = translator.operations()
    model = MODELS.get(name, "probe-model")
    cells = dict.fromkeys([feature.name for feature in FEATURES], Cell.NO)
    if "chat" in operations:
        cells = {feature.name: cell_of(translator, feature, model) for feature in FEATURES}
    counts = isinstance(translator, TokenCounter) and translator.counts_tokens(messages_of(model))
    lists = isinstance(translator, ModelLister) and translator.list_models() is not None
    cells["count tokens"] = Cell.YES if counts else Cell.NO
    cells["list of models"] = Cell.YES if lists else Cell.NO
    return Row(name, operations, cells)


def cell_of(translator: Translator, feature: Feature, model: str) -> Cell:
    """Return what becomes of a feature: whether it is refused, left out, or in what would be sent."""
    plain = translator.encode(chat_of(model), Target("probe", model))
    exchange = chat_of(model, feature)
    try:
        sent = translator.encode(exchange, Target("probe", model))
    except InvalidRequest:
        return Cell.NO
    if "dropped" in exchange.notes or not differs(plain, sent):
        return Cell.DROPPED
    return Cell.YES if all(sign.encode() in sent.body for sign in feature.signs) else Cell.DROPPED


def differs(one: UpstreamRequest, other: UpstreamRequest) -> bool:
    """Say whether two requests ask for different things."""
    return (one.url, one.body) != (other.url, other.body)


def chat_of(model: str, feature: Feature | None = None) -> Exchange:
    """Return an exchange that asks for a chat, and for one thing besides, as it is when it reaches `call`."""
    content: Any = [TEXT, *feature.parts] if feature is not None and feature.parts else "Hi"
    fields = {"model": model, "messages": [{"role": "user", "content": content}], **(feature.fields if feature else {})}
    return _exchange("chat", "openai", fields)


def messages_of(model: str) -> Exchange:
    """Return an exchange that asks how many tokens a request has, in the dialect that has such a question."""
    fields = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
    return _exchange("count_tokens", "anthropic", fields)


def _exchange(operation: str, dialect: str, fields: dict[str, Any]) -> Exchange:
    body = msgspec.json.encode(fields)
    request = Request(
        operation,
        body,
        dialect=dialect,
        fields=msgspec.json.decode(body, type=dict[str, msgspec.Raw]),
        typed=type_body(operation, body),
    )
    return Exchange(request, deadline=600.0, started=0.0)


def markdown(registry: Registry) -> str:
    """Return both tables."""
    found = rows(registry)
    every = {operation for row in found for operation in row.operations}
    operations = [*(one for one in ORDER if one in every), *sorted(every - {*ORDER})]
    features = [*(feature.name for feature in FEATURES), *MORE]
    told = [
        "## Operations\n",
        *_table(operations, ((row.type, [_mark(one in row.operations) for one in operations]) for row in found)),
        "\n## What chats may ask for\n",
        *_table(features, ((row.type, [row.cells[one].value for one in features]) for row in found)),
    ]
    return "\n".join(told) + "\n"


def _mark(has: bool) -> str:
    cell = Cell.YES if has else Cell.NO
    return cell.value


def _table(columns: list[str], lines: Iterable[tuple[str, list[str]]]) -> Iterator[str]:
    yield f"| provider | {' | '.join(columns)} |"
    yield f"|---|{'---|' * len(columns)}"
    for name, cells in lines:
        yield f"| `{name}` | {' | '.join(cells)} |"
