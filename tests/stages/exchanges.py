"""Exchanges as the stages before would hand them on, and their ends, without a gateway around."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from sluicegate.pipeline.caller import ANONYMOUS, Caller
from sluicegate.pipeline.config.sections import ProviderSettings
from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.exchange import Attempt, Exchange, Target
from sluicegate.pipeline.life import State
from sluicegate.pipeline.provider import Provider
from sluicegate.pipeline.reply import Chunk, ChunkKind, Reply
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas import ChatRequest, CompletionRequest, EmbeddingRequest, TypedRequest

SCHEMAS: dict[str, type[TypedRequest]] = {
    "chat": ChatRequest,
    "completion": CompletionRequest,
    "embedding": EmbeddingRequest,
}


def exchange_of(request: Request, *, caller: Caller = ANONYMOUS, started: float = 0.0) -> Exchange:
    return Exchange(request, deadline=started + 600.0, started=started, caller=caller)


def asking(
    operation: str = "chat",
    *,
    caller: Caller = ANONYMOUS,
    credential: str | None = None,
    headers: Mapping[str, str] | None = None,
    dialect: str = "openai",
    body: bytes | None = None,
    started: float = 0.0,
    **fields: object,
) -> Exchange:
    """An exchange past `validate`; ``fields`` add to a small valid body, or take its place where named the same."""
    if body is None:
        least: dict[str, object] = {"model": "openai/gpt-4o"}
        if operation == "chat":
            least["messages"] = [{"role": "user", "content": "Hello"}]
        else:
            least["prompt" if operation == "completion" else "input"] = "Hello"
        body = msgspec.json.encode(least | fields)
    request = Request(operation, body, dict(headers or {}), dialect=dialect, credential=credential)
    request.fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    request.typed = msgspec.json.decode(body, type=SCHEMAS[operation])
    return exchange_of(request, caller=caller, started=started)


def looking(operation: str, subject: str = "", *, caller: Caller = ANONYMOUS, **headers: str) -> Exchange:
    """An exchange of a GET: ``models``, or ``model`` with its id."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return exchange_of(Request(operation, headers=named, subject=subject), caller=caller)


def content(text: str) -> Chunk:
    return Chunk(b'{"text":"' + text.encode() + b'"}', ChunkKind.CONTENT)


def end(exchange: Exchange, outcome: State = State.OK, *, at: float = 0.0, error: GatewayError | None = None) -> None:
    """End an exchange and call what stages left for its reply and its end; only hooks that do not wait."""
    if error is not None:
        exchange.fail(error)
    while exchange.on_reply:
        assert exchange.on_reply.pop()(exchange) is None
    for state in (State.REPLYING, State.SENDING):
        exchange.enter(state)
    exchange.end(outcome, at)
    while exchange.on_settle:
        assert exchange.on_settle.pop()(exchange) is None


def answer(exchange: Exchange, body: bytes = b'{"id":"1"}', *, status: int = 200) -> None:
    """Give an exchange the plain reply of its upstream."""
    exchange.reply = Reply(status, body)


def attempt(
    exchange: Exchange,
    target: Target,
    *,
    started: float = 0.0,
    ended: float | None = None,
    error: GatewayError | None = None,
) -> Attempt:
    """Note an attempt; without an error it is the one that answers."""
    made = Attempt(target, started, ended=ended, error=error)
    exchange.attempts.append(made)
    if error is None:
        exchange.notes |= {"provider": target.provider, "model": target.model}
    return made


@dataclass
class KnownModels:
    """As much of a translator as `route` and `meter` look at."""

    names: tuple[str, ...] = ()

    def operations(self) -> frozenset[str]:
        return frozenset({"chat"})

    def models(self) -> tuple[str, ...]:
        return self.names


def provider(name: str, *models: str, model_mapping: dict[str, str] | None = None) -> Provider:
    """A provider that is configured and knows these models, and cannot be called."""
    settings = ProviderSettings(type=name, model_mapping=model_mapping or {})
    return Provider(name, name, settings, KnownModels(models), None)  # type: ignore[arg-type]
