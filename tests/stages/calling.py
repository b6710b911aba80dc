"""A gateway whose only work is `call`, before upstreams that follow a script and speak OpenAI's API."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec

from sluicegate.adapters.providers.openai import OpenAI, OpenAISettings
from sluicegate.pipeline.breaker import Breaker
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.config.sections import BreakerSettings, HttpTimeoutSettings
from sluicegate.pipeline.exchange import Exchange, Plan, Target
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.pricing import NoPrices, Prices
from sluicegate.pipeline.provider import Provider, Transport
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.resources import Resources
from sluicegate.stages.call import Call, CallSettings
from sluicegate.testing import ScriptedResponse, ScriptedTransport, SpyOutlet, chat, gateway_of, judging

SEED = 20240607
KEY = Secret("sk-secret-of-the-gateway")


def frame(value: object) -> bytes:
    """One SSE event."""
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


def chunk(reason: str | None = None, **delta: object) -> bytes:
    """One event of a streamed chat."""
    return frame({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})


ROLE = chunk(role="assistant", content="")
FINISH = chunk("stop")
DONE = b"data: [DONE]\n\n"
END = FINISH + DONE
USAGE = frame({"id": "c", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}})
COMMENT = b": still here\n\n"


def word(text: str) -> bytes:
    return chunk(content=text)


def error_event(kind: str = "server_error", message: str = "it broke") -> bytes:
    return frame({"error": {"message": message, "type": kind, "code": None, "param": None}})


def streamed(*script: tuple[float, bytes | Exception], wait: float = 0.0, **headers: str) -> ScriptedResponse:
    """A streamed answer; after the script the upstream ends the message."""
    named = {"content-type": "text/event-stream", **headers}
    return ScriptedResponse(*script, headers=named, wait=wait)


def good_stream(text: str = "fine") -> ScriptedResponse:
    return streamed((0.0, ROLE + word(text)), (0.0, END))


def body_of(text: str = "fine", usage: Mapping[str, int] | None = None) -> bytes:
    answer: dict[str, Any] = {
        "id": "c",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
    }
    if usage is not None:
        answer["usage"] = usage
    return msgspec.json.encode(answer)


def whole(text: str = "fine", *, wait: float = 0.0, body: bytes | None = None) -> ScriptedResponse:
    """A plain answer."""
    return ScriptedResponse((0.0, body if body is not None else body_of(text)), wait=wait)


def refusal(status: int, message: str = "no", *, wait: float = 0.0, **headers: str) -> ScriptedResponse:
    """An error answer. Underscores in the names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = msgspec.json.encode({"error": {"message": message, "type": "some_error", "code": None, "param": None}})
    return ScriptedResponse((0.0, body), status=status, headers={"content-type": "application/json"} | named, wait=wait)


@dataclass
class Bench:
    """A running gateway, and what it stands on."""

    gateway: Gateway
    resources: Resources

    async def stream(
        self, outlet: SpyOutlet | None = None, request: Request | None = None
    ) -> tuple[Exchange, SpyOutlet]:
        """Serve a streamed chat to its end. Return its exchange and what the client saw."""
        outlet = outlet if outlet is not None else SpyOutlet()
        exchange = self.gateway.exchange(request if request is not None else chat(stream=True))
        await self.gateway.serve(exchange, outlet)
        return exchange, outlet

    async def plain(self, request: Request | None = None) -> tuple[Exchange, SpyOutlet]:
        """Serve a plain chat. Return its exchange and what the client saw."""
        return await self.stream(request=request if request is not None else chat())

    def breaker(self, name: str) -> Breaker:
        return self.resources.breakers[name]


def provider(
    name: str, transport: Transport, url: str, *, timeout: Mapping[str, float | None], failures: int, **settings: Any
) -> Provider:
    """An OpenAI provider that is reached by a transport."""
    made = OpenAISettings(
        type="openai",
        base_url=url or f"http://{name}.test/v1",
        api_key=KEY,
        timeout=HttpTimeoutSettings(**timeout),  # type: ignore[arg-type]  # checked by the names that tests use
        circuit_breaker=BreakerSettings(failures=failures),
        **settings,
    )
    return Provider(name, "openai", made, OpenAI(name, made), transport, made.timeout.connect)


@asynccontextmanager
async def calling(
    *transports: Transport,
    urls: Sequence[str] = (),
    timeout: Mapping[str, float | None] | Sequence[Mapping[str, float | None]] = (),
    deadline: float = 600.0,
    call: CallSettings | None = None,
    failures: int = 5,
    prices: Prices | None = None,
    **settings: Any,
) -> AsyncIterator[Bench]:
    """Run a gateway whose plan is ``a/model``, ``b/model``..., one target for each transport.

    Args:
        urls: Of the providers, where the transports are real.
        timeout: Of each provider, or of all of them.
        deadline: Of each exchange, in seconds.
        failures: That open a breaker.
        prices: Of the targets; none are known unless said otherwise.
        settings: Of each provider; no retries unless said otherwise.
    """
    settings = {"max_retries": 0, **settings}
    times = [timeout] * 3 if isinstance(timeout, Mapping) else [*timeout, {}, {}, {}]
    providers = {
        name: provider(name, transport, url, timeout=its_times, failures=failures, **settings)
        for name, transport, url, its_times in zip("abc", transports, urls or ("", "", ""), times, strict=False)
    }
    resources = Resources(
        providers=providers,
        breakers={name: Breaker(each.settings.circuit_breaker) for name, each in providers.items()},
        random=Random(SEED),
        prices=prices or NoPrices(),
    )
    targets = tuple(Target(name, "model") for name in providers)

    def plan(exchange: Exchange) -> None:
        exchange.plan = Plan(targets, "fallback")

    stages = (judging(plan), Call(call or CallSettings(), resources))
    async with gateway_of(*stages, timeout=deadline, resources=resources) as gateway:
        yield Bench(gateway, resources)


def script(*answers: ScriptedResponse | Exception) -> ScriptedTransport:
    return ScriptedTransport(*answers)


def texts(outlet: SpyOutlet) -> str:
    """All content that a client of a stream saw."""
    seen = []
    for payload in outlet.texts:
        for line in payload.replace("}{", "}\n{").split("\n"):
            if line.startswith("{"):
                for choice in msgspec.json.decode(line).get("choices", ()):
                    seen.append(choice["delta"].get("content") or "")
    return "".join(seen)
