"""`sluicegate perf replay`: recorded traffic against a gateway."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from sluicegate.perf.load.measurement import Measurement
from sluicegate.perf.replay import Pace, Replay, Tick, broken
from sluicegate.perf.report.page import page
from sluicegate.perf.report.table import print_report
from sluicegate.pipeline.config.problems import ConfigError

from ..run import INTERRUPTED, WrongUse
from .options import duration, many_descriptors, recorded, writable, write

FAILED = 1


def replay(
    cassette: Annotated[str, typer.Argument(help="A file, or the name of a shipped one: `sluicegate perf traces`.")],
    target: Annotated[str | None, typer.Option(help="Whom to ask, such as http://127.0.0.1:3000.")] = None,
    config: Annotated[Path | None, typer.Option(help="Or the configuration of a gateway in this process.")] = None,
    speed: Annotated[float | None, typer.Option(min=1e-6, help="Keep the times, so often as fast.")] = None,
    rate: Annotated[float | None, typer.Option(min=1e-6, help="Send so many a second.")] = None,
    poisson: Annotated[bool, typer.Option("--poisson", help="With --rate: at independent random times.")] = False,
    connections: Annotated[
        int | None, typer.Option(min=1, help="Closed loop: so many, each as fast as it can.")
    ] = None,
    max_connections: Annotated[int, typer.Option(min=1, help="The most that an open loop may open.")] = 1000,
    key: Annotated[str | None, typer.Option(envvar="SLUICEGATE_PERF_KEY", help="The caller's API key.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many requests.")] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Send all so often.")] = 1,
    timeout: Annotated[str, typer.Option(help="After which a request has failed.")] = "60s",
    seed: Annotated[int, typer.Option(help="What random times are drawn from.")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="Write a report to this file.")] = None,
    max_error_rate: Annotated[float | None, typer.Option(min=0, max=1, help="Exit with 1 if more fail.")] = None,
    max_p99: Annotated[str | None, typer.Option(help="Exit with 1 if 1 in 100 takes longer, as 250ms.")] = None,
) -> None:
    """Send recorded traffic at its own times, or faster, and report latencies and errors.

    Latency counts from the time for which a request was meant, whatever kept it from being sent. Ctrl-C ends early,
    with all reports of what there is.
    """
    where = target or config
    if where is None or (target and config):
        raise WrongUse("name one of --target and --config")
    limit_p99 = None if max_p99 is None else duration("--max-p99", max_p99)
    try:
        pace = Pace(speed, rate, poisson, connections, seed)
    except ValueError as error:
        raise WrongUse(str(error)) from error
    found = recorded(cassette, limit)
    run = Replay(cassette, found, where, pace, repeat, max_connections, duration("--timeout", timeout), key)
    writable(json_file, html_file)
    many_descriptors()
    try:
        with _progress(run.requests) as tick:
            report = run.run(tick)
    except (ValueError, OSError, ConfigError) as error:
        raise WrongUse(str(error)) from error
    print_report(report, Console())
    if json_file is not None:
        write(json_file, report)
    if html_file is not None:
        write(html_file, page(report))
    thresholds = broken(report, max_error_rate=max_error_rate, max_p99=limit_p99)
    for one in thresholds:
        print(f"sluicegate perf replay: {one}", file=sys.stderr)
    raise typer.Exit(INTERRUPTED if report["interrupted"] else FAILED if thresholds else 0)


@contextmanager
def _progress(requests: int) -> Iterator[Tick | None]:
    """Show how far a run is, where someone looks; drawing takes half a millisecond, four times a second."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, auto_refresh=False, transient=True) as progress:
        task = progress.add_task("", total=requests)

        def tick(measured: Measurement) -> None:
            said = f"{measured.requests:,} done, {measured.rate:,.0f}/s, {measured.failures:,} errors"
            progress.update(task, completed=measured.requests, description=said, refresh=True)

        yield tick
