"""What the fields of a settings class accept, read off their annotations once.

Everything that knows settings is made from it: conversion, the JSON schema, the reference and the sample files. So a
field's annotation is the only place that says what it is.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta

from .kinds import ItemPrice, Money, Rate, Secret, Spend, TokenPrice


class Kind(StrEnum):
    """What a value is; the values are the words that people are shown."""

    TEXT = "text"
    SECRET = "secret"
    WHOLE = "whole number"
    NUMBER = "number"
    BOOLEAN = "true or false"
    DURATION = "duration"
    SIZE = "size"
    RATE = "rate"
    MONEY = "money"
    SPEND = "money in a time"
    TOKEN_PRICE = "money for a million"
    ITEM_PRICE = "money for one"
    CHOICE = "one of"
    LIST = "list"
    MAP = "map"
    SECTION = "section"
    EITHER = "either"
    ANYTHING = "anything"


@dataclass(frozen=True, slots=True)
class Shape:
    """What one value may be.

    Attributes:
        annotation: What msgspec checks a finished value against: the type with its limits. A secret is a ``str`` there,
            and a list or map has any elements, since they have shapes of their own.
        optional: Whether there may be no value.
        element: Of a list or map: what is in it.
        container: Of a list: the class it becomes.
        section: Of a section: its settings class.
        choices: Of a choice: the values, as a file writes them.
        either: The shapes of which one fits.
        limits: Bounds as (name, value), by msgspec's names: ge, gt, le, lt, min_length, max_length, pattern.
    """

    kind: Kind
    annotation: Any
    optional: bool = False
    element: Shape | None = None
    container: type = tuple
    section: type[msgspec.Struct] | None = None
    choices: tuple[Any, ...] = ()
    either: tuple[Shape, ...] = ()
    limits: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class FieldShape:
    """A field of a settings class. ``name`` is what a file writes, ``attribute`` what the code says."""

    name: str
    attribute: str
    shape: Shape
    description: str
    required: bool
    default: Any = None


_LEAVES: dict[Any, Kind] = {
    str: Kind.TEXT,
    Secret: Kind.SECRET,
    int: Kind.WHOLE,
    float: Kind.NUMBER,
    bool: Kind.BOOLEAN,
    Rate: Kind.RATE,
    Money: Kind.MONEY,
    Spend: Kind.SPEND,
    TokenPrice: Kind.TOKEN_PRICE,
    ItemPrice: Kind.ITEM_PRICE,
    Any: Kind.ANYTHING,
    object: Kind.ANYTHING,
}
_LIMITS = ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern")


@cache
def fields_of(settings: type[msgspec.Struct]) -> dict[str, FieldShape]:
    """Return the fields of a settings class by the name that a file writes.

    Raises:
        TypeError: A field is of a type that no file can hold: a mistake in the class.
    """
    found = {}
    for info in msgspec.structs.fields(settings):
        try:
            shape = shape_of(info.type)
        except TypeError as error:
            raise TypeError(f"{settings.__qualname__}.{info.name}: {error}") from error
        default = info.default
        if info.default_factory is not msgspec.NODEFAULT:
            default = info.default_factory()
        found[info.encode_name] = FieldShape(
            info.encode_name, info.name, shape, _description(info.type), info.required, default
        )
    return found


def fields_in(settings: type[msgspec.Struct], default: object) -> list[FieldShape]:
    """Return the fields of a section with the defaults that the section's own default gives them, if it has one."""
    fields = fields_of(settings).values()
    if not isinstance(default, settings):
        return list(fields)
    return [replace(field, required=False, default=getattr(default, field.attribute)) for field in fields]


def _description(annotation: Any) -> str:
    """Return the outermost description of an annotation, which may stand inside of an optional."""
    if get_origin(annotation) is Annotated:
        for meta in reversed(annotation.__metadata__):
            if isinstance(meta, Meta) and meta.description:
                return meta.description
    if get_origin(annotation) in (Union, types.UnionType):
        return next(filter(None, map(_description, get_args(annotation))), "")
    return ""


def shape_of(annotation: Any) -> Shape:
    """Return the shape of an annotation. Raises TypeError where no file can hold it."""
    metas: tuple[Meta, ...] = ()
    inner = annotation
    if get_origin(annotation) is Annotated:
        inner = get_args(annotation)[0]
        metas = tuple(meta for meta in annotation.__metadata__ if isinstance(meta, Meta))
    if get_origin(inner) in (Union, types.UnionType):
        return _union(get_args(inner), metas)
    limits = tuple((name, getattr(meta, name)) for meta in metas for name in _LIMITS if getattr(meta, name) is not None)
    unit = next((meta.extra["kind"] for meta in reversed(metas) if meta.extra and "kind" in meta.extra), "")
    kind = {"duration": Kind.DURATION, "size": Kind.SIZE}.get(unit)
    return _plain(kind, inner, annotation, limits)


def _plain(kind: Kind | None, inner: Any, annotation: Any, limits: tuple[tuple[str, Any], ...]) -> Shape:
    origin, args = get_origin(inner), get_args(inner)
    if kind is not None or (kind := _LEAVES.get(inner if isinstance(inner, type) or inner is Any else None)):
        if kind is Kind.SECRET:  # a type of ours, for which msgspec takes no limits
            annotation = Annotated[str, Meta(**dict(limits))]
        return Shape(kind, annotation, limits=limits)
    if origin is Literal:
        return Shape(Kind.CHOICE, annotation, choices=args)
    if origin in (list, set, frozenset) or (origin is tuple and args[1:] == (...,)):
        bounded: Any = Annotated[origin[(Any, ...) if origin is tuple else Any], Meta(**dict(limits))]
        return Shape(Kind.LIST, bounded, element=shape_of(args[0]), container=origin, limits=limits)
    if isinstance(origin, type) and issubclass(origin, Mapping) and args[0] is str:
        bounded = Annotated[dict[str, Any], Meta(**dict(limits))]
        return Shape(Kind.MAP, bounded, element=shape_of(args[1]), limits=limits)
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        return Shape(Kind.SECTION, annotation, section=inner)
    if isinstance(inner, type) and issubclass(inner, Enum):
        return Shape(Kind.CHOICE, annotation, choices=tuple(member.value for member in inner))
    raise TypeError(f"no configuration can hold a {inner!r}")


def _union(members: tuple[Any, ...], metas: tuple[Meta, ...]) -> Shape:
    """Return the shape of a union. Limits on the whole are those of its members: msgspec wants them there."""
    optional = type(None) in members
    shapes = []
    for member in members:
        if member is not type(None):
            shapes.append(shape_of(Annotated[(member, *metas)] if metas else member))
    if len(shapes) > 1:
        return Shape(Kind.EITHER, Any, optional, either=tuple(shapes))
    return replace(shapes[0], optional=optional or shapes[0].optional)
