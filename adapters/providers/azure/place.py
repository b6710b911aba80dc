"""Where Azure's API is, from whatever address its portal has shown.

There are two generations of URLs. The older names a deployment in its path and a dated version in its query:
``/openai/deployments/{deployment}/chat/completions?api-version=2024-10-21``. The newer is OpenAI's own below
``/openai/v1``: the body names the deployment, and a version is optional, ``v1`` or ``preview``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from ..openai.urls import PATHS, media

_DATED = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
_DEPLOYMENT = re.compile(r"(?P<root>.*/openai)/deployments(?:/(?P<name>[^/]+))?")
_OPERATION = re.compile(
    r"/(?:chat/completions|completions|embeddings|responses|images/(?:generations|edits)"
    r"|audio/(?:speech|transcriptions|translations))/?$"
)
_MISSING = frozenset({"image_variation"})
OFFERED = {name: path for name, path in PATHS.items() if name not in _MISSING} | media("image", "speech")
"""The paths of all that it has, as openai's own client for Azure knows them. Moderation is a service of its own there,
and no model there makes variations of an image."""
_VERSION = "api-version"
_UNDATED = frozenset({"v1", "preview", "latest"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where one resource is asked.

    Attributes:
        root: The URL before what names the operation, without its query.
        query: What goes with every request.
        version: The dated version; empty where there is none, and so no limit to what may be sent.
        classic: Whether the path names the deployment.
        deployment: The one that the address names; empty where the target's model does.
    """

    root: str
    query: str
    version: str
    classic: bool
    deployment: str

    @property
    def models_url(self) -> str:
        """Where the models are listed that the resource may be made to serve."""
        return f"{self.root}/models?{self.query}" if self.query else f"{self.root}/models"

    def url(self, operation: str, model: str) -> str | None:
        """Return where a deployment is asked for an operation, or None where it cannot be."""
        if operation not in OFFERED:
            return None
        end = OFFERED[operation]
        if self.classic:
            end = f"/deployments/{quote(self.deployment or model, safe='')}{end}"
        return self.below(end)

    def below(self, end: str) -> str:
        """Return the URL of a path below the root."""
        return f"{self.root}{end}?{self.query}" if self.query else self.root + end


def place_of(base_url: str, api_version: str) -> Place:
    """Return the place that an address means.

    Args:
        api_version: Goes before the one in the address.

    Raises:
        ValueError: The version does not fit the address.
    """
    parts = urlsplit(base_url.strip())
    query = parse_qsl(parts.query, keep_blank_values=True)
    version = api_version or dict(query).get(_VERSION, "")
    path = _OPERATION.sub("", parts.path).rstrip("/")
    named = _DEPLOYMENT.fullmatch(path)
    dated = _DATED.fullmatch(version) is not None
    bare = path == "" or path.endswith("/openai")
    classic = named is not None or (dated and bare)
    if named is not None:
        path = named["root"]
    elif bare:
        path = path.removesuffix("/openai") + ("/openai" if classic else "/openai/v1")
    _check(version, dated=dated, classic=classic, v1=path.endswith("/openai/v1"))
    pairs = [pair for pair in query if pair[0] != _VERSION] + ([(_VERSION, version)] if version else [])
    root = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    deployment = (named["name"] or "") if named is not None else ""
    return Place(root, urlencode(pairs), version[:10] if dated and classic else "", classic, deployment)


def _check(version: str, *, dated: bool, classic: bool, v1: bool) -> None:
    if classic and not dated:
        raise ValueError("api_version must be a date, such as 2024-10-21, for an address with /openai/deployments")
    if version and not dated and version not in _UNDATED:
        raise ValueError("api_version must be a date, such as 2024-10-21, or v1 or preview")
    if v1 and dated:
        raise ValueError("api_version is a date, which /openai/v1 does not take: leave it out, or leave out /openai/v1")
