"""Settings back to plain values, as a file would write them: with their units, and with their secrets hidden."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec

from .kinds import ItemPrice, Money, Rate, Secret, Spend, TokenPrice
from .sections import SINGLE_SECTIONS, GatewayConfig
from .shapes import Kind, Shape, fields_of
from .units import show_duration, show_size
from .url_secrets import HIDDEN, masked_url


def masked(config: GatewayConfig) -> dict[str, Any]:
    """Return the configuration in force as plain values, laid out as a file has them; secrets are ``***``."""
    return {
        **{name: masked_settings(getattr(config, name)) for name in SINGLE_SECTIONS},
        "providers": {name: masked_settings(settings) for name, settings in config.providers.items()},
        "models": {name: masked_settings(settings) for name, settings in config.models.items()},
        "prices": {name: masked_settings(settings) for name, settings in config.prices.items()},
        "pipeline": [name for name, _ in config.stages],
        **{name: masked_settings(settings) for name, settings in config.stages},
    }


def masked_settings(settings: msgspec.Struct) -> dict[str, Any]:
    """Return one settings object in the same way."""
    fields = fields_of(type(settings)).values()
    return {field.name: masked_value(field.shape, getattr(settings, field.attribute)) for field in fields}


def masked_value(shape: Shape | None, value: Any) -> Any:
    """Return a value as a file would write it, secrets hidden, also those in URLs.

    Args:
        shape: What the value is; without it, numbers have no unit.
    """
    match value:
        case None | bool():
            return value
        case Secret():
            return HIDDEN if value else ""
        case Rate() | Money() | Spend() | TokenPrice() | ItemPrice():
            return str(value)
        case Enum():
            return value.value
        case str():
            return masked_url(value)
        case msgspec.Struct():
            return masked_settings(value)
        case dict():
            element = shape.element if shape else None
            return {str(key): masked_value(element, item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            element = shape.element if shape else None
            return [masked_value(element, item) for item in value]
    if shape is not None and shape.kind is Kind.DURATION:
        return show_duration(value)
    if shape is not None and shape.kind is Kind.SIZE:
        return show_size(value)
    return value
