"""A configuration made by a program, checked just as one from a file is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.registry import Registry

if TYPE_CHECKING:
    from sluicegate.pipeline.config.load import Loaded


class GatewayBuilder:
    """Collects settings, by the names and in the spelling of the file. Each call returns the builder itself.

    ::

        builder = (
            GatewayBuilder()
            .provider("openai", type="openai", api_key=key)
            .model("fast", "openai/gpt-4o-mini")
            .stage("limit", requests=["600/min"])
        )
    """

    def __init__(self, registry: Registry | None = None) -> None:
        self.registry = registry or Registry()
        self._values: dict[str, Any] = {}

    def server(self, **settings: Any) -> GatewayBuilder:
        """Set fields of the ``server`` section."""
        self._values.setdefault("server", {}).update(settings)
        return self

    def store(self, name: str, **settings: Any) -> GatewayBuilder:
        """Add a place for shared state under the name that stages have in ``store``."""
        self._values.setdefault("stores", {})[name] = settings
        return self

    def database(self, **settings: Any) -> GatewayBuilder:
        """Set fields of the ``database`` section; with its ``url`` there is a ledger."""
        self._values.setdefault("database", {}).update(settings)
        return self

    def provider(self, name: str, **settings: Any) -> GatewayBuilder:
        """Add a provider under a name; its ``type`` says which API it speaks."""
        self._values.setdefault("providers", {})[name] = settings
        return self

    def model(self, name: str, *targets: str, **settings: Any) -> GatewayBuilder:
        """Add a public model name that is served by these targets, in order."""
        self._values.setdefault("models", {})[name] = {"targets": list(targets), **settings}
        return self

    def price(self, name: str, **prices: Any) -> GatewayBuilder:
        """Say what a model costs, by its public name or provider/model, with * for anything: ``input="$0.15/M"``."""
        self._values.setdefault("prices", {})[name] = prices
        return self

    def stage(self, name: str, **settings: Any) -> GatewayBuilder:
        """Set fields of a stage's section; ``enabled=False`` takes it out of the graph."""
        self._values.setdefault(name, {}).update(settings)
        return self

    def pipeline(self, *stages: str) -> GatewayBuilder:
        """List the stages in order, in place of the default pipeline."""
        self._values["pipeline"] = list(stages)
        return self

    def use(self, component: type) -> GatewayBuilder:
        """Make a class marked with `stage` or `provider` known by its name."""
        self.registry.add(component)
        return self

    def build(self, environ: Mapping[str, str] | None = None) -> GatewayConfig:
        """Return the checked configuration.

        Args:
            environ: Fills what the settings leave out, such as providers by their usual keys; nothing by default.

        Raises:
            ConfigError: With everything that is wrong.
        """
        return self.load(environ or {}).config

    def load(self, environ: Mapping[str, str]) -> Loaded:
        """Return the checked configuration with the warnings about it. Arguments and errors are those of `build`."""
        from sluicegate.pipeline.config.load import load_values  # reading configurations takes 40 ms to import

        return load_values(self._values, environ, self.registry)
