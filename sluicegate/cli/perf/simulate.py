"""`sluicegate perf simulate`: an upstream to measure with."""

from __future__ import annotations

from typing import Annotated

import typer

from sluicegate.perf.distributions import Distribution, parse, read_number
from sluicegate.perf.simulate.behaviour import Behaviour
from sluicegate.perf.simulate.run import listen, serve

from ..run import WrongUse
from .options import duration, many_descriptors, read


def simulate(
    host: Annotated[str, typer.Option(help="Listen on this address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Listen on this port, or on a free one for 0.")] = 4000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the port.")] = 1,
    first_token: Annotated[str, typer.Option(help="Time to the first token, such as 20ms or a distribution.")] = "0ms",
    tokens_per_second: Annotated[str, typer.Option(help="Speed of an answer; 0 sends it at once.")] = "0",
    tokens: Annotated[str, typer.Option(help="Length of an answer.")] = "40",
    error_rate: Annotated[float, typer.Option(min=0, max=1, help="Share of requests that get 500.")] = 0.0,
    limit_rate: Annotated[float, typer.Option(min=0, max=1, help="Share that get 429 with Retry-After.")] = 0.0,
    retry_after: Annotated[str, typer.Option(help="What a 429 asks for.")] = "1s",
    cut_rate: Annotated[float, typer.Option(min=0, max=1, help="Share that are cut off in the middle.")] = 0.0,
    stall_rate: Annotated[float, typer.Option(min=0, max=1, help="Share that fall silent and stay so.")] = 0.0,
    seed: Annotated[int, typer.Option(help="What is drawn from.")] = 0,
) -> None:
    """Serve a simulated upstream, until SIGINT or SIGTERM. It speaks the API of every provider, told apart by the path.

    Distributions: 20ms, uniform:10ms-30ms, normal:mean=20ms,sd=5ms, lognormal:p50=20ms,p99=200ms, exp:mean=20ms;
    numbers without a unit for tokens and their speed.
    """
    try:
        behaviour = Behaviour(
            first_token=read("--first-token", first_token, parse),
            tokens_per_second=read("--tokens-per-second", tokens_per_second, _numbers),
            tokens=read("--tokens", tokens, _numbers),
            error_rate=error_rate,
            limit_rate=limit_rate,
            cut_rate=cut_rate,
            stall_rate=stall_rate,
            retry_after=duration("--retry-after", retry_after),
        )
        listener = listen(host, port)
    except ValueError as error:
        raise WrongUse(str(error)) from error
    except OSError as error:
        raise WrongUse(f"cannot listen on {host}:{port}: {error.strerror}") from error
    many_descriptors()
    print(f"The simulated upstream listens on http://{host}:{listener.getsockname()[1]}", flush=True)
    serve(listener, behaviour, seed=seed, workers=workers)


def _numbers(text: str) -> Distribution:
    return parse(text, read_number)
