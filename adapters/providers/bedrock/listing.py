"""Which models may be asked, as the control plane lists them: it has a host of its own.

Models come by their own names, and by those of inference profiles, which the newest can be asked by alone.
Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock.html
"""

from __future__ import annotations

import msgspec

from ..reading import Malformed, read_json
from .places import control_root

PATHS = ("/foundation-models", "/inference-profiles?maxResults=1000")


class _Model(msgspec.Struct, rename="camel"):
    model_id: str = ""
    inference_types_supported: list[str] | None = None


class _Profile(msgspec.Struct, rename="camel"):
    inference_profile_id: str = ""
    status: str = "ACTIVE"


class _Listed(msgspec.Struct, rename="camel"):
    model_summaries: list[_Model] | None = None
    inference_profile_summaries: list[_Profile] | None = None


_decode = msgspec.json.Decoder(_Listed).decode


def listing_urls(base_url: str, region: str) -> tuple[str, ...]:
    """Return the URLs of all lists; each is to be had with GET, signed or with a key as a model's answer is."""
    return tuple(control_root(base_url, region) + path for path in PATHS)


def read_listing(body: bytes) -> tuple[str, ...]:
    """Return the names in one of the lists that can be asked at once. Raises Malformed."""
    listed = read_json(_decode, body)
    if listed.model_summaries is None and listed.inference_profile_summaries is None:
        raise Malformed("lists no models")
    models = (one.model_id for one in listed.model_summaries or () if _at_once(one))
    profiles = (one.inference_profile_id for one in listed.inference_profile_summaries or () if one.status == "ACTIVE")
    return tuple(name for name in (*models, *profiles) if name)


def _at_once(model: _Model) -> bool:
    """Say whether a model can be asked by its name: others want a profile, or capacity that was bought before."""
    return model.inference_types_supported is None or "ON_DEMAND" in model.inference_types_supported
