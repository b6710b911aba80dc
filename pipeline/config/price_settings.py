"""What somebody who runs a gateway can say of a model's prices."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from ..pricing import Price, Rates
from .kinds import ItemPrice, Spend, TokenPrice

PRICES = (
    "What models cost, where that is not known or is not what is paid: in place of all that is known of the model's "
    "prices. A name is a model of `models`, or provider/model, and may have * in it; the first name that fits counts, "
    "those without * before the others. A kind without a price costs what it is a part of; a model without any is free."
)


class PriceSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The prices of one model, or of all whose names fit."""

    input: Annotated[TokenPrice | None, Meta(description="Tokens of the request.")] = None
    cached: Annotated[
        TokenPrice | None, Meta(description="Those of them that were read from the provider's cache.")
    ] = None
    cache_write: Annotated[TokenPrice | None, Meta(description="Those that were written into it.")] = None
    cache_write_1h: Annotated[TokenPrice | None, Meta(description="Those written to stay for an hour.")] = None
    output: Annotated[TokenPrice | None, Meta(description="Tokens of the answer.")] = None
    reasoning: Annotated[TokenPrice | None, Meta(description="Those of them that the model has thought with.")] = None
    audio_input: Annotated[TokenPrice | None, Meta(description="Tokens of the request that are sound.")] = None
    audio_cached: Annotated[TokenPrice | None, Meta(description="Those of them that were cached.")] = None
    audio_output: Annotated[TokenPrice | None, Meta(description="Tokens of the answer that are sound.")] = None
    image_input: Annotated[TokenPrice | None, Meta(description="Tokens of the request that are images.")] = None
    image_cached: Annotated[TokenPrice | None, Meta(description="Those of them that were cached.")] = None
    image_output: Annotated[TokenPrice | None, Meta(description="Tokens of the answer that are images.")] = None
    characters: Annotated[TokenPrice | None, Meta(description="Characters of a text to be spoken.")] = None
    images: Annotated[ItemPrice | None, Meta(description="Each image that was made.")] = None
    searches: Annotated[ItemPrice | None, Meta(description="Each search that the provider has made.")] = None
    requests: Annotated[ItemPrice | None, Meta(description="Each answer, whatever else is in it.")] = None
    seconds: Annotated[Spend | None, Meta(description="Sound that was listened to, such as $0.36/h.")] = None

    def price(self) -> Price:
        """Return the price that this means."""
        given = msgspec.structs.asdict(self)
        seconds: Spend | None = given.pop("seconds")
        rates = {name: None if one is None else one.femtos for name, one in given.items()}
        if seconds is not None:
            rates["seconds"] = round(seconds.nanos * 10**6 / seconds.window)
        return Price(Rates(**rates), configured=True)
