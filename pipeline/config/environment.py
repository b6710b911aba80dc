"""What the environment says where a configuration is silent: providers by their usual keys, and callers' keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registry import Registry
from .kinds import Secret
from .nodes import Entry, MapNode, Node, NotJson, ScalarNode, Style, from_json
from .problems import Findings, Mark

PROVIDER_KEYS = (
    ("OPENAI_API_KEY", "openai"),
    ("ANTHROPIC_API_KEY", "anthropic"),
    ("GEMINI_API_KEY", "gemini"),
    ("COHERE_API_KEY", "cohere"),
    ("GROQ_API_KEY", "groq"),
    ("MISTRAL_API_KEY", "mistral"),
    ("OPENROUTER_API_KEY", "openrouter"),
    ("PERPLEXITY_API_KEY", "perplexity"),
    ("TOGETHER_API_KEY", "together"),
)
"""Variables by which a provider's makers take its key, and the provider type that it is for."""
SIMULATOR = "simulator"
STAGE_DEFAULTS = {("auth", "api_keys"): "GATEWAY_API_KEYS"}
"""Variables, holding JSON, that fill a stage's field which the configuration leaves out."""
JWT_SECRET = "GATEWAY_JWT_SECRET"
"""The variable that fills ``auth.jwt.secret``, with its text as it is."""


def providers_from(environ: Mapping[str, str], registry: Registry) -> dict[str, dict[str, Any]]:
    """Return a provider for each usual key that is set, or else the simulator, as a configuration would say it."""
    types = set(registry.provider_names())
    found: dict[str, dict[str, Any]] = {
        type_: {"type": type_, "api_key": Secret(environ[variable])}
        for variable, type_ in PROVIDER_KEYS
        if type_ in types and environ.get(variable)
    }
    if not found and SIMULATOR in types:
        found[SIMULATOR] = {"type": SIMULATOR}
    return found


def with_defaults(stage: str, node: MapNode, environ: Mapping[str, str], findings: Findings) -> MapNode:
    """Return a stage's section with the fields that the environment fills."""
    entries = dict(node.entries)
    for (owner, field), variable in STAGE_DEFAULTS.items():
        if owner != stage or variable not in environ:
            continue
        if not environ[variable].strip():
            findings.warning(
                "empty-variable", f"{variable} is set but empty: it adds nothing", node.mark, path=f"{stage}.{field}"
            )
        elif field not in entries and (value := _json(variable, environ, f"{stage}.{field}", node.mark, findings)):
            entries[field] = Entry(node.mark, value)
    if stage == "auth" and environ.get(JWT_SECRET):
        entries["jwt"] = _with_secret(entries.get("jwt", Entry(node.mark, MapNode({}, node.mark))), environ[JWT_SECRET])
    return MapNode(entries, node.mark, node.source)


def _with_secret(jwt: Entry, secret: str) -> Entry:
    """Return the settings of tokens with the secret, unless they name one."""
    node = jwt.node
    if not isinstance(node, MapNode) or "secret" in node.entries:
        return jwt
    filled = Entry(jwt.mark, ScalarNode(secret, jwt.mark, Style.QUOTED, JWT_SECRET))
    return Entry(jwt.mark, MapNode({**node.entries, "secret": filled}, node.mark, node.source))


def unheeded(stage: str, environ: Mapping[str, str]) -> str:
    """Return the variable that fills a stage's field and is set, if there is one: without the stage nobody reads it."""
    for (owner, _), variable in STAGE_DEFAULTS.items():
        if owner == stage and environ.get(variable, "").strip() not in ("", "[]"):
            return variable
    return ""


def _json(variable: str, environ: Mapping[str, str], path: str, mark: Mark, findings: Findings) -> Node | None:
    try:
        return from_json(environ[variable], mark, variable)
    except NotJson as error:
        findings.error("wrong-value", f"{variable} is not JSON: {error}", mark, path=path)
        return None
