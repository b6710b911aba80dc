"""OpenRouter.

Sources: https://openrouter.ai/docs/api-reference and the types of its SDK (openrouter 1.3), as of
``imagegenerationrequest.py``, and of ``createaudiotranscriptions_multipart.py``: it takes a form for transcripts too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.sections import ProxyProviderSettings
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import provider
from sluicegate.pipeline.reply import Reply, Usage

from .family import ErrorRules, Member, MessageRules, Profile
from .family.media import mend_images
from .family.messages import text_in
from .inlined import image_type, images_in, write_inlined
from .openai.urls import MODELS, PATHS, media, operation_urls
from .pictures import edit_request
from .translation import note_dropped

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange, Target

URL = "https://openrouter.ai/api/v1"
_QUALITIES = {"standard": "medium", "hd": "high"}
"""Of images, by the names of OpenAI's older models."""
_FILES = frozenset({"image", "mask"})
_NUMBERS = frozenset({"n", "output_compression"})
_KEYS_MODELS = {"models": "/models/user"}
PROFILE = Profile(
    base_url=URL,
    paths={operation: PATHS[operation] for operation in ("chat", "completion", "embedding", "transcription")}
    | media("speech", "rerank")
    | dict.fromkeys(("image", "image_edit"), "/images"),
    media_drops={"image": frozenset({"style", "moderation", "input_fidelity"})},
    # `reasoning_details` go back unchanged: they hold the signatures that a loop of tool calls needs.
    messages=MessageRules(roles={}, reasoning="reasoning", hints=True),
    drops=frozenset({"moderation", "prompt_cache_retention", "safety_identifier", "store", "verbosity"}),
    one_choice=True,
    base64=False,
    errors=ErrorRules(
        codes={
            "authentication": "key",
            "permission_denied": "key",
            "payment_required": "quota",
            "content_policy_violation": "caller",
            "refusal": "caller",
            "invalid_request": "caller",
            "invalid_prompt": "caller",
            "context_length_exceeded": "caller",
            "max_tokens_exceeded": "caller",
            "token_limit_exceeded": "caller",
            "string_too_long": "caller",
            "unprocessable": "caller",
            "rate_limit_exceeded": "busy",
            "provider_overloaded": "again",
            "provider_unavailable": "again",
            "timeout": "again",
            "server": "again",
        },
        resets=("x-ratelimit-reset",),
    ),
)


class OpenRouterSettings(ProxyProviderSettings, kw_only=True, frozen=True):
    """How to reach OpenRouter, and what it may show of the program that asks."""

    base_url: Annotated[str, Meta(description="Where its API is, as far as /v1.")] = URL
    app_url: Annotated[str, Meta(description="The address of your program, for OpenRouter's rankings.")] = ""
    app_title: Annotated[str, Meta(description="Its name, for the same.")] = ""

    def __post_init__(self) -> None:
        """Refuse what no header can hold."""
        super().__post_init__()
        for name in ("app_url", "app_title"):
            value = getattr(self, name)
            if value and not (value.isascii() and value.isprintable()):
                raise ValueError(f"{name} has a character that no HTTP header may have")


@provider("openrouter", summary="OpenRouter, which asks others in its turn.", settings=OpenRouterSettings)
class OpenRouter(Member):
    """Translates to OpenRouter's API."""

    passes = frozenset()

    profile = PROFILE
    transcripts = frozenset({"json", "verbose_json"})

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return the request as `Member` does, but for images to be changed, which go in JSON here."""
        if exchange.request.operation != "image_edit":
            return super().encode(exchange, target)
        dropped = Dropped(self._name, strict=self._settings.strict)
        images = images_in(exchange.request, dropped)
        asked = edit_request(exchange)
        fields = {name: raw for name, raw in exchange.request.fields.items() if name not in _FILES}
        for name in _NUMBERS & fields.keys():  # all that is in a form is text
            fields[name] = msgspec.Raw(msgspec.json.encode(getattr(asked, name)))
        fields["model"] = msgspec.Raw(msgspec.json.encode(target.model))
        self._write("image", fields, dropped)
        types = [image_type(file) for file in images]

        def written(data: list[str]) -> dict[str, object]:
            urls = (f"data:{type_};base64,{text}" for type_, text in zip(types, data, strict=True))
            return {**fields, "input_references": [{"type": "image_url", "image_url": {"url": url}} for url in urls]}

        body = write_inlined(images, written)
        note_dropped(exchange, dropped)
        return UpstreamRequest("POST", self._urls["image_edit"], self._plain_headers, upload=body)

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return the answer as `Member` does; one with changed images is as one with new ones."""
        if exchange.request.operation == "image_edit":
            body = mend_images(body, int(self._wall()))
        return super().decode(exchange, head, body)

    def _headers(self, **ours: str) -> tuple[tuple[str, str], ...]:
        settings = self._settings
        assert isinstance(settings, OpenRouterSettings)
        shown = {"http-referer": settings.app_url, "x-openrouter-title": settings.app_title}
        return super()._headers(**ours, **{name: value.strip() for name, value in shown.items() if value.strip()})

    def list_models(self, after: str = "") -> UpstreamRequest | None:
        """Return the request for the models that the key may ask, or for all, which are shown without a key too."""
        url = operation_urls(self._settings.base_url or URL, MODELS if not self._settings.api_key else _KEYS_MODELS)
        return UpstreamRequest("GET", url["models"], self._plain_headers)

    def adjust(self, fields: dict[str, msgspec.Raw], dropped: Dropped) -> None:
        """Leave out the shorthand for reasoning where the longer form stands too: both are refused."""
        if "reasoning" in fields:
            fields.pop("reasoning_effort", None)

    def adjust_media(self, operation: str, fields: dict[str, msgspec.Raw], dropped: Dropped) -> None:
        """Ask for images by OpenRouter's names. Raises InvalidRequest for one by URL: images come in the answer."""
        if operation != "image":
            return
        if text_in(fields.pop("response_format", None)) == "url":
            raise dropped.unsupported("response_format")
        for name in ("stream", "partial_images"):  # an image comes as a whole, and is told as an event here
            fields.pop(name, None)
        if text_in(fields.get("size")) == "auto":
            del fields["size"]
        if (ours := _QUALITIES.get(text_in(fields.get("quality")))) is not None:
            fields["quality"] = msgspec.Raw(msgspec.json.encode(ours))

    def mend_media(self, operation: str, body: bytes, model: str) -> bytes:
        """Return images as OpenAI has them."""
        return mend_images(body, int(self._wall())) if operation == "image" else body
