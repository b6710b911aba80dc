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
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
"""By how the names of their regions begin."""


def _domain(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def runtime_root(base_url: str, region: str) -> str:
    """Return where models are asked: at AWS's own host, or at another that stands for it."""
    return _root(base_url, f"bedrock-runtime.{region}.{_domain(region)}")


def control_root(base_url: str, region: str) -> str:
    """Return where models are listed, likewise."""
    return _root(base_url, f"bedrock.{region}.{_domain(region)}")


def agents_root(base_url: str, region: str) -> str:
    """Return where documents are ranked, likewise."""
    return _root(base_url, f"bedrock-agent-runtime.{region}.{_domain(region)}")


def roles_url(base_url: str, region: str) -> str:
    """Return where keys for a role are had, likewise."""
    return _root(base_url, f"sts.{region}.{_domain(region)}") + "/"


def model_arn(model: str, region: str) -> str:
    """Return the whole name of a model, as some APIs want it. Raises NotFound for what can be no model."""
    _check(model)
    if model.startswith("arn:"):
        return model
    partition = next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")
    return f"arn:{partition}:bedrock:{region}::foundation-model/{model}"


def _root(base_url: str, host: str) -> str:
    if not base_url.strip():
        return f"https://{host}"
    parts = urlsplit(base_url.strip())
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def model_url(root: str, model: str, method: str) -> str:
    """Return the URL of a model's method. Raises NotFound for what can be no model."""
    _check(model)
    return f"{root}/model/{quote(model, safe='')}/{method}"


def _check(model: str) -> None:
    if _MODEL.fullmatch(model) is None:
        raise NotFound(f"{model[:80]!r} is no name of a model", code="model_not_found", param="model")
