"""Which configuration a verb is about: the file that is named, or else ./config.yaml."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sluicegate.pipeline.config.load import Loaded, default_config, load
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.registry import Registry

from .run import WrongUse

DEFAULT_FILE = Path("config.yaml")
STANDARD_INPUT = Path("-")


def load_named(file: Path, registry: Registry) -> Loaded:
    """Return the configuration in a file, or in what comes through a pipe where the file is called ``-``.

    Raises:
        WrongUse: There is no such file, or it cannot be read.
        ConfigError: With everything that is wrong in it.
    """
    if file == STANDARD_INPUT:
        return load(sys.stdin.read(), os.environ, registry, name="<stdin>")
    try:
        return load(file, os.environ, registry)
    except ConfigError as error:
        if error.problems[0].code == "unreadable":
            raise WrongUse(f"{file} {error.problems[0].message}") from error
        raise


def load_chosen(file: Path | None, registry: Registry) -> Loaded:
    """Return the named configuration, that of ./config.yaml, or, where there is none, what holds without a file.

    Raises:
        WrongUse: There is no such file, or it cannot be read.
        ConfigError: With everything that is wrong in it.
    """
    if file is None and not DEFAULT_FILE.exists():
        return default_config(os.environ, registry)
    return load_named(file or DEFAULT_FILE, registry)
