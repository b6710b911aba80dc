"""What the verbs of `sluicegate perf` read from their options in the same way."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from sluicegate.adapters.stores.cassette import NotACassette, read_cassette
from sluicegate.perf.load.shots import Timed, from_takes
from sluicegate.perf.processes import cores
from sluicegate.perf.shelf import NoCassette, find_cassette
from sluicegate.pipeline.config.units import read_duration
from sluicegate.pipeline.take import Take

from ..run import WrongUse

T = TypeVar("T")


def read(option: str, text: str, reader: Callable[[str], T]) -> T:
    """Return what an option's text means. Raises WrongUse, which names the option."""
    try:
        return reader(text)
    except ValueError as error:
        raise WrongUse(f"{option}: {error}") from error


def duration(option: str, text: str) -> float:
    """Return seconds. Raises WrongUse."""
    return read(option, text, read_duration)


def takes_of(cassette: str) -> Iterator[Take]:
    """Yield what a cassette holds: a file, or one that ships. Raises WrongUse where there is none."""
    try:
        yield from read_cassette(find_cassette(cassette))
    except (NoCassette, NotACassette) as error:
        raise WrongUse(str(error)) from error
    except OSError as error:
        raise WrongUse(f"cannot read {cassette}: {error.strerror}") from error


def recorded(cassette: str, limit: int | None) -> list[Timed]:
    """Return the requests of a cassette. Raises WrongUse where there are none."""
    found = from_takes(takes_of(cassette), limit)
    if not found:
        raise WrongUse(f"{cassette} has no requests")
    return found


def writable(*files: Path | None) -> None:
    """See that files can be written before anything runs. Raises WrongUse."""
    for file in files:
        if file is not None:
            write(file, None)


def write(file: Path, content: str | dict[str, Any] | None) -> None:
    """Write a text, or a document as JSON, or nothing more than the file. Raises WrongUse."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n" if isinstance(content, dict) else content
    try:
        with file.open("a" if text is None else "w", encoding="utf-8") as opened:
            opened.write(text or "")
    except OSError as error:
        raise WrongUse(f"cannot write {file}: {error.strerror}") from error


def many_descriptors() -> None:
    """Allow this process as many open sockets as the system lets it have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard and hard != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def core_list(text: str | None) -> tuple[set[int], set[int]]:
    """Return the cores of gateways and those of the load in ``0,1:2``; two empty sets for None. Raises WrongUse."""
    if text is None:
        return set(), set()
    parts = [part.split(",") for part in text.split(":")]
    numbers = [number for part in parts for number in part]
    if len(parts) != 2 or not all(number.isdecimal() for number in numbers):
        raise WrongUse(f"--cores: {text!r} is not GATEWAYS:LOAD; write such as 0:1")
    known = cores()
    if unknown := [number for number in numbers if int(number) not in known]:
        raise WrongUse(f"--cores: there is no core {unknown[0]} here; there are {', '.join(map(str, known)) or 'none'}")
    return {int(number) for number in parts[0]}, {int(number) for number in parts[1]}
