"""Where Bedrock's models are, and what they may be called.

Source: https://docs.aws.amazon.com/general/latest/gr/bedrock.html
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit

from sluicegate.pipeline.errors import NotFound

REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")
# A name, an inference profile or an ARN. It comes from the caller and stands in a path: it must not lead out of it.
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,2047}")


def _domain(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def runtime_root(base_url: str, region: str) -> str:
    """Return where models are asked: at AWS's own host, or at another that stands for it."""
    return _root(base_url, f"bedrock-runtime.{region}.{_domain(region)}")


def control_root(base_url: str, region: str) -> str:
    """Return where models are listed, likewise."""
    return _root(base_url, f"bedrock.{region}.{_domain(region)}")


def _root(base_url: str, host: str) -> str:
    if not base_url.strip():
        return f"https://{host}"
    parts = urlsplit(base_url.strip())
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def model_url(root: str, model: str, method: str) -> str:
    """Return the URL of a model's method. Raises NotFound for what can be no model."""
    if _MODEL.fullmatch(model) is None:
        raise NotFound(f"{model[:80]!r} is no name of a model", code="model_not_found", param="model")
    return f"{root}/model/{quote(model, safe='')}/{method}"
