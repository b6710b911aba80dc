"""A whole configuration: from a file, from text, from a program's values, or from the environment alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..registry import Registry
from .convert import Converter
from .environment import providers_from
from .model_section import read_models
from .nodes import Entry, MapNode, Node, ScalarNode, from_values
from .offer import Offer
from .parse import parse
from .pipeline_section import Configured, StageReader, read_pipeline
from .price_section import read_prices
from .problems import ConfigError, Findings, Mark, Problem, suggest
from .provider_section import Providers, read_providers
from .rules import check_offer, check_order
from .scalars import is_nothing
from .sections import SINGLE_SECTIONS, GatewayConfig, ServerSettings
from .store_section import check_stores, read_stores
from .variables import Variables, read_secret_file
from .worker_rules import check_workers

SECTIONS = (*SINGLE_SECTIONS, "stores", "providers", "models", "prices", "pipeline")
"""The top level, beside one section a stage."""
EXTENSION = "x-"
"""A top-level key that begins so is left alone: a place for anchors."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used.

    Attributes:
        problems: Warnings, in the order of the file.
        source: The file it came from, as it was named, or words in its place.
        files: All files that were read for it, secrets too; none where it came as text.
    """

    config: GatewayConfig
    problems: tuple[Problem, ...]
    source: str
    files: tuple[Path, ...] = ()


def load(source: Path | str, environ: Mapping[str, str], registry: Registry, *, name: str = "") -> Loaded:
    """Return the configuration in a file (a Path) or in YAML text (a str).

    Args:
        name: What problems call the text; a file is called by its path.

    Raises:
        ConfigError: With everything that is wrong, warnings too. A file that is not there has the code ``unreadable``.
    """
    findings = Findings(str(source) if isinstance(source, Path) else name)
    text = _read(source, findings) if isinstance(source, Path) else source
    root = parse(text, findings)
    if root is None:
        findings.check()
        root = MapNode({}, Mark(1, 1))
    files = {source: None} if isinstance(source, Path) else {}

    def read(path: str) -> str:
        files[Path(path)] = None
        return read_secret_file(path)

    loaded = _Document(findings, environ, registry, Variables(environ, read)).load(root)
    return replace(loaded, files=tuple(files))


def load_values(values: Mapping[str, Any], environ: Mapping[str, str], registry: Registry) -> Loaded:
    """Return the configuration that a program gives as plain values; text in it has no variables.

    Raises:
        ConfigError: With everything that is wrong, warnings too.
    """
    return _Document(Findings(), environ, registry, None).load(from_values(values))


def default_config(environ: Mapping[str, str], registry: Registry) -> Loaded:
    """Return what holds where there is no file: the default pipeline, and providers by their usual keys.

    Raises:
        ConfigError: The environment holds something that makes no sense.
    """
    return _Document(Findings(), environ, registry, None).load(MapNode({}))


def _read(path: Path, findings: Findings) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        findings.error("unreadable", f"cannot be read: {error.strerror}", Mark())
        raise ConfigError(findings.problems) from error
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        mark = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
        findings.error("syntax", "is not text in UTF-8", mark)
        raise ConfigError(findings.problems) from None


class _Document:
    """Reads the sections of one configuration, each with what knows about it."""

    def __init__(
        self, findings: Findings, environ: Mapping[str, str], registry: Registry, variables: Variables | None
    ) -> None:
        self._findings = findings
        self._environ = environ
        self._registry = registry
        self._variables = variables
        self._converter = Converter(findings, variables)

    def load(self, root: Node) -> Loaded:
        """Return the whole configuration, or raise ConfigError."""
        top = self._top(root)
        single = {name: self._single(name, top.get(name)) for name in SINGLE_SECTIONS}
        stages = self._stages(top, root.mark)
        stores = read_stores(top["stores"].node if "stores" in top else MapNode({}), self._findings, self._variables)
        check_stores(stages, stores, self._converter)
        providers = self._providers(top)
        models_node = top["models"].node if "models" in top else MapNode({})
        models = read_models(models_node, self._findings, self._variables, providers)
        prices_node = top["prices"].node if "prices" in top else MapNode({})
        prices = read_prices(prices_node, self._converter, providers.named, models.named)
        offer = Offer(models.named, providers.named, not models.named and len(providers.in_use) == 1)
        check_offer(stages, offer, self._converter)
        if isinstance(single["server"], ServerSettings) and single["server"].workers != 1:
            check_workers(stages, stores.shared, self._converter)
        if not providers.in_use and not self._findings.failed:
            at = top["providers"].mark if "providers" in top else root.mark
            self._findings.warning("no-provider", "no provider is in use: every request fails", at, path="providers")
        self._findings.check()
        config = GatewayConfig(
            **single,
            stores=stores.usable,
            providers=providers.in_use,
            models=models.usable,
            prices=prices,
            stages=tuple((one.name, one.settings) for one in stages if one.settings is not None),
        )
        return Loaded(config, self._findings.problems, self._findings.file or "the environment")

    def _top(self, root: Node) -> Mapping[str, Entry]:
        """Return the entries of the top level, without those that do not belong there."""
        if isinstance(root, ScalarNode) and is_nothing(root.text):
            return {}
        if not isinstance(root, MapNode):
            hint = "it begins with a key such as `providers:`"
            self._findings.error("wrong-type", "a configuration is a map of sections", root.mark, hint=hint)
            return {}
        known = [*SECTIONS, *self._registry.stage_names()]
        for key, entry in root.entries.items():
            if key not in known and not key.startswith(EXTENSION):
                self._findings.error("unknown-key", f"unknown key {key!r}", entry.mark, hint=suggest(key, known))
        return {key: entry for key, entry in root.entries.items() if key in known}

    def _single(self, name: str, entry: Entry | None) -> Any:
        """Return the settings of a section that is one object; what failed stands in the findings."""
        settings, _ = SINGLE_SECTIONS[name]
        return settings() if entry is None else self._converter.section(settings, entry.node, name, entry.mark)

    def _stages(self, top: Mapping[str, Entry], start: Mark) -> list[Configured]:
        listed = read_pipeline(top.get("pipeline"), start, self._converter)
        sections = {key: entry for key, entry in top.items() if key not in SECTIONS}
        reader = StageReader(self._findings, self._variables, self._environ, self._registry)
        stages = reader.in_pipeline(listed, sections)
        reader.outside(listed, sections)
        check_order(stages, top["pipeline"].mark if "pipeline" in top else start, self._findings)
        return stages

    def _providers(self, top: Mapping[str, Entry]) -> Providers:
        if "providers" in top:
            return read_providers(top["providers"].node, self._findings, self._variables, self._registry)
        usual = from_values(providers_from(self._environ, self._registry))
        return read_providers(usual, self._findings, None, self._registry)
