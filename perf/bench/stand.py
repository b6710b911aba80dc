"""Where the standard set is measured: which cores are whose, and the gateway under measurement."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..load.target import Target, target_of
from ..processes import Running, cores, gateway, pin

KEY = "sk-bench-0123456789abcdef"
MODEL = "demo"
Json = dict[str, Any]


def upstream(url: str, **settings: Any) -> Json:
    """Return a provider that speaks to a simulated upstream."""
    return {"type": "openai", "api_key": "simulated", "base_url": f"{url}/v1", **settings}


SIMULATOR: Json = {"type": "simulator", "first_token": "0s", "tokens_per_second": 0}
"""The provider that opens no socket and answers at once."""


def configuration(provider: Json, sections: Mapping[str, Json] | None = None) -> Json:
    """Return a configuration with the pipeline that ships, and keys, limits, filter and cache on.

    The limits are never reached and the words never come, but all are looked for in each request.

    Args:
        provider: Of the one target.
        sections: More settings, by section; those above give way to them.
    """
    base: Json = {
        "providers": {"upstream": provider},
        "models": {MODEL: {"targets": ["upstream/echo"]}},
        "auth": {"api_keys": [{"key": KEY, "name": "bench"}]},
        "limit": {"requests": ["1000000000/min", "1000000000/h"]},
        "filter": {"blocked_words": ["project heron", "zugzwang"]},
    }
    for name, settings in (sections or {}).items():
        base[name] = {**base.get(name, {}), **settings}
    return base


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway that runs, and how load is sent to it."""

    running: Running
    target: Target

    @property
    def pid(self) -> int:
        """Of its process, whose children are its workers."""
        return self.running.pid


@dataclass(frozen=True, slots=True)
class Stand:
    """Which cores are whose.

    Attributes:
        all: Those there are.
    """

    all: list[int] = field(default_factory=cores)

    @property
    def gateway(self) -> list[int]:
        """The first core, for the gateway alone."""
        return self.all[:1]

    @property
    def load(self) -> list[int]:
        """The others, for the load and the upstream; with a single core that is the same."""
        return self.all[1:] or self.all

    def apart(self) -> None:
        """Keep this process, which sends the load, off the gateway's core."""
        pin(self.load)

    def together(self) -> None:
        """Let this process use all cores."""
        pin(self.all)

    @contextmanager
    def serve(
        self,
        provider: Json,
        sections: Mapping[str, Json] | None = None,
        *,
        everywhere: bool = False,
        log: Path | None = None,
        python: str = sys.executable,
    ) -> Iterator[Served]:
        """Serve a configuration for as long as the block runs, on its own core or ``everywhere``.

        Its log is written as it is by default, with a line for each request: to a file that goes with the block, or
        to ``log``.

        Raises:
            NotStarted: It did not start.
        """
        with TemporaryDirectory(prefix="sluicegate-bench-") as folder:
            file = Path(folder) / "config.yaml"
            file.write_text(json.dumps(configuration(provider, sections)))  # all JSON is YAML
            on = self.all if everywhere else self.gateway
            with gateway(file, on=on, python=python, log=log or Path(folder) / "log") as running:
                yield Served(running, target_of(running.url, KEY))
