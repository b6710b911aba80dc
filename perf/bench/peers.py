"""Measure this gateway and others by turns, in front of the same upstream, and write it into perf/REPORT.md.

The others are LiteLLM's proxy and Portkey's gateway, as ``make bench-peers`` installs them. Each is started as its own
documentation says, with one process, on the core that this gateway is kept on too; they take turns.

Run: ``python -m sluicegate.perf.bench.peers FOLDER``
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from ..load.measurement import Measurement, quantile
from ..load.target import Target, target_of
from ..load.traffic import Traffic, check
from ..processes import NotStarted, end, healthy, pin, simulator
from ..ratios import ratio
from ..usage import cpu_time, memory
from . import machine
from .plain import MANY, MIB
from .rows import number, table
from .sections import REPORT, NoSection, write
from .stand import KEY, MODEL, Stand, upstream

ROUNDS = 5
SECONDS = 4.0
START = 120.0
"""Seconds within which another gateway must be there."""
OURS = "Sluicegate"
NODE_MODULE = Path("portkey/node_modules/@portkey-ai/gateway")


@dataclass(frozen=True)
class Peer:
    """Another gateway.

    Attributes:
        name: With its version.
        times: How often its requests this gateway is to answer.
        health: The path that is answered once it is there.
        command: Takes the port, the upstream's URL and a folder for files; returns what starts it.
        headers: Takes the upstream's URL; returns what each request carries.
    """

    name: str
    times: float
    health: str
    command: Callable[[int, str, Path], list[str]]
    headers: Callable[[str], dict[str, str]]


@dataclass
class Figures:
    """What was measured of one gateway, by rounds."""

    target: Target
    pid: int
    rounds: list[Measurement] = field(default_factory=list)
    cpu: float = 0.0
    memory: int = 0

    @property
    def rates(self) -> list[float]:
        """Requests a second."""
        return [one.rate for one in self.rounds]


def peers(folder: Path) -> list[Peer]:
    """Return the gateways that are installed in a folder.

    Raises:
        FileNotFoundError: One of them is not.
    """
    litellm = next(folder.glob("litellm/lib/python3*/site-packages/litellm-*.dist-info"), None)
    if litellm is None or not (folder / NODE_MODULE / "package.json").is_file():
        raise FileNotFoundError(
            f"LiteLLM and Portkey's gateway are not in {folder}; `make bench-peers` puts them there"
        )
    version = json.loads((folder / NODE_MODULE / "package.json").read_text())["version"]

    def run_litellm(port: int, url: str, state: Path) -> list[str]:
        config = state / "litellm.yaml"
        parameters = {"model": "openai/echo", "api_base": f"{url}/v1", "api_key": "simulated"}
        models = [{"model_name": MODEL, "litellm_params": parameters}]
        config.write_text(json.dumps({"model_list": models, "general_settings": {"master_key": KEY}}))
        options = ["--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"]
        return [str(folder / "litellm" / "bin" / "litellm"), *options]

    def run_portkey(port: int, url: str, state: Path) -> list[str]:
        return ["node", str(folder / NODE_MODULE / "build" / "start-server.js"), f"--port={port}", "--headless"]

    def portkey_headers(url: str) -> dict[str, str]:
        return {"x-portkey-provider": "openai", "x-portkey-custom-host": f"{url}/v1"}

    return [
        Peer(
            f"LiteLLM {litellm.name.split('-')[1].removesuffix('.dist')}",
            30,
            "/health/liveliness",
            run_litellm,
            lambda _: {},
        ),
        Peer(f"Portkey {version}", 5, "/", run_portkey, portkey_headers),
    ]


@contextmanager
def started(peer: Peer, url: str, on: Sequence[int], within: float = START) -> Iterator[Figures]:
    """Run another gateway, which must be there ``within`` so many seconds, for as long as the block runs.

    Raises:
        NotStarted: It was not there in time.
    """
    with TemporaryDirectory(prefix="sluicegate-peer-") as folder:
        state, port = Path(folder), _free_port()
        # Nothing of this environment, such as keys or proxies, is theirs, and LiteLLM fetches no prices.
        env = {"PATH": os.environ["PATH"], "HOME": folder, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        with (state / "log").open("wb") as log:
            command = peer.command(port, url, state)
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=folder)
        try:
            pin(on, process.pid)
            here = f"http://127.0.0.1:{port}"
            try:
                healthy(here, within, peer.health)
            except TimeoutError as error:
                raise NotStarted(f"{peer.name}: {error}\n{(state / 'log').read_text()[-2000:]}") from error
            yield Figures(target_of(here, KEY, peer.headers(url)), process.pid)
        finally:
            end(process)


def measure(found: dict[str, Figures], seconds: float = SECONDS, rounds: int = ROUNDS) -> None:
    """Send rounds of the same load to all of them by turns, and fill the figures.

    Raises:
        Failed: More than one in a hundred requests of a round failed.
    """
    traffic = Traffic(MODEL, MANY, 32, seconds=seconds)
    for one in found.values():
        traffic.send(one.target, 50)  # the first requests may load half of a program
        check(one.target, traffic.send(one.target, 500))
    for _ in range(rounds):
        for name, one in found.items():
            before = cpu_time(one.pid)
            measured = check(one.target, traffic.send(one.target))
            one.cpu += cpu_time(one.pid) - before
            one.rounds.append(measured)
            one.memory = memory(one.pid)
            print(f"{name}: {measured.rate:,.0f} requests/s", flush=True)


def in_markdown(found: dict[str, Figures], wanted: dict[str, float]) -> str:
    """Return the figures as a table; ``wanted`` is how many times each of the others this gateway is to be."""
    ours, lines = found[OURS], []
    for name, one in found.items():
        rate, cpu = statistics.median(one.rates), one.cpu / sum(each.requests for each in one.rounds)
        p50 = statistics.median(quantile(each.latency, 50) for each in one.rounds)
        times, target, reached = "", "", ""
        if name in wanted:
            found_ratio = ratio(one.rates, ours.rates)
            times = f"{number(found_ratio.value)} ({number(found_ratio.low)} to {number(found_ratio.high)})"
            target = number(wanted[name])
            reached = "yes" if found_ratio.value >= wanted[name] else "**no**"
        figures = (f"{rate:,.0f}", number(p50 * 1000), f"{cpu * 1e6:,.0f}", f"{one.memory / MIB:,.0f}")
        lines.append((name, *figures, times, target, reached))
    titles = ("gateway", "requests/s", "p50, ms", "CPU us a request", "PSS, MiB")
    return table((*titles, f"{OURS} is so many times that", "to be", "reached"), lines, right=range(1, 7))


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        prog="python -m sluicegate.perf.bench.peers", description="Measure other gateways."
    )
    parser.add_argument("folder", type=Path, help="where they are installed")
    parser.add_argument("--report", type=Path, default=REPORT, help="the file that has a section `peers`")
    options = parser.parse_args(arguments)
    try:
        others = peers(options.folder.resolve())
        about, stand, work = machine.facts(), Stand(), machine.OtherWork()
        stand.apart()
        with ExitStack() as stack:
            url = stack.enter_context(simulator(on=stand.load)).url
            served = stack.enter_context(stand.serve(upstream(url)))
            found = {OURS: Figures(served.target, served.pid)}
            for peer in others:
                found[peer.name] = stack.enter_context(started(peer, url, stand.gateway))
            measure(found)
        about.append(("other work on the machine meanwhile", work.told()))
        shown = in_markdown(found, {peer.name: peer.times for peer in others})
        print(shown)
        text = f"{table(('', ''), about)}\n\n{TEXT}\n\n{shown}"
        write(options.report, "peers", text)
    except (FileNotFoundError, NotStarted, NoSection) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


TEXT = f"""Plain chat, 32 connections, prompts of 2 KB, each different; {ROUNDS} rounds of {SECONDS:g} s by turns, each
gateway as one process on the same core. {OURS} has its whole pipeline on; LiteLLM checks a key and routes by a model's
name; Portkey takes the upstream from the request's headers. Rates are medians; the ratio is the rounds' geometric mean,
with the interval in which the true one lies 95 times in 100."""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
