"""Which models may be asked, as the control plane lists them: it has a host of its own.

Models come by their own names, and by those of inference profiles, which the newest can be asked by alone.
Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock.html
"""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.provider import ModelPage

from ..reading import Malformed, read_json
from .places import control_root

PROFILES = "profiles"
"""The word for the second list."""
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


def listing_url(base_url: str, region: str, after: str = "") -> str:
    """Return the URL of a list: of models, or ``after`` it of profiles. It is asked signed, as models are."""
    return control_root(base_url, region) + PATHS[bool(after)]


def read_listing(body: bytes) -> ModelPage:
    """Return the names in one of the lists that can be asked at once. Raises Malformed.

    There are others: of what was bought before, imported, or made of both.
    """
    listed = read_json(_decode, body)
    if listed.model_summaries is None and listed.inference_profile_summaries is None:
        raise Malformed("lists no models")
    models = (one.model_id for one in listed.model_summaries or () if _at_once(one))
    profiles = (one.inference_profile_id for one in listed.inference_profile_summaries or () if one.status == "ACTIVE")
    after = PROFILES if listed.inference_profile_summaries is None else ""
    return ModelPage(tuple(name for name in (*models, *profiles) if name), after, complete=False)


def _at_once(model: _Model) -> bool:
    """Say whether a model can be asked by its name: others want a profile, or capacity that was bought before."""
    return model.inference_types_supported is None or "ON_DEMAND" in model.inference_types_supported
