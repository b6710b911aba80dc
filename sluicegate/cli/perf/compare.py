"""`sluicegate perf compare`: two gateways under the same load."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sluicegate.perf import compare as comparing
from sluicegate.perf.load.traffic import Failed, Traffic
from sluicegate.perf.processes import NotStarted, pin
from sluicegate.perf.report.ratios import print_comparison

from ..run import INTERRUPTED, WrongUse
from .options import core_list, duration, many_descriptors, recorded, writable, write

FAILED = 1


def compare(
    a: Annotated[str, typer.Argument(help="A URL, or a configuration, which is then served.")],
    b: Annotated[str, typer.Argument(help="The other; ratios are B/A.")],
    cassette: Annotated[
        str | None, typer.Argument(help="A cassette to send, as for replay; by default chats, each different.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each has its turn.")] = 5,
    requests: Annotated[int, typer.Option(min=1, help="In each turn.")] = 5000,
    connections: Annotated[int, typer.Option(min=1, help="Of the closed loop; the most of an open one.")] = 32,
    rate: Annotated[float | None, typer.Option(min=1e-6, help="Open loop: so many requests a second.")] = None,
    model: Annotated[str, typer.Option(help="Of the chats.")] = "demo",
    stream: Annotated[bool, typer.Option("--stream", help="Stream the chats.")] = False,
    prompt: Annotated[int, typer.Option(min=16, help="Bytes of each chat's prompt.")] = 2000,
    key: Annotated[str | None, typer.Option(envvar="SLUICEGATE_PERF_KEY", help="The caller's API key.")] = None,
    cores: Annotated[
        str | None, typer.Option(help="GATEWAYS:LOAD, such as 0:1 or 0,1:2; by default no one is kept.")
    ] = None,
    python_a: Annotated[str | None, typer.Option(help="The interpreter to serve A with, as of another commit.")] = None,
    python_b: Annotated[str | None, typer.Option(help="The interpreter to serve B with.")] = None,
    timeout: Annotated[str, typer.Option(help="After which a request has failed.")] = "60s",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    fail_below: Annotated[float | None, typer.Option(min=0, help="Exit with 1 if B/A of throughput is less.")] = None,
    fail_above: Annotated[
        float | None, typer.Option(min=0, help="Exit with 1 if B/A of p50, p99 or CPU is more.")
    ] = None,
) -> None:
    """Measure two gateways by turns, and print their ratios with intervals."""
    gateways, load = core_list(cores)
    shots = [one.shot for one in recorded(cassette, None)] if cassette else ()
    traffic = Traffic(model, requests, connections, rate, prompt, stream, shots, duration("--timeout", timeout))
    writable(json_file)
    many_descriptors()
    console = Console(stderr=True)

    def told(number: int, side: str) -> None:
        if console.is_terminal:
            console.print(f"round {number + 1} of {rounds}: {side}", highlight=False)

    try:
        pin(load)
        with comparing.sides((a, b), key=key, on=gateways, pythons=(python_a, python_b)) as (one, two):
            report = comparing.compare(one, two, traffic, rounds=rounds, told=told)
    except Failed as error:
        print(f"sluicegate perf compare: {error}", file=sys.stderr)
        raise typer.Exit(FAILED) from error
    except (ValueError, OSError, NotStarted) as error:
        raise WrongUse(str(error)) from error
    print_comparison(report, Console())
    if json_file is not None:
        write(json_file, report)
    thresholds = comparing.broken(report, fail_below=fail_below, fail_above=fail_above)
    for line in thresholds:
        print(f"sluicegate perf compare: {line}", file=sys.stderr)
    raise typer.Exit(INTERRUPTED if report["interrupted"] else FAILED if thresholds else 0)
