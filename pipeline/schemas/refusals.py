"""How rules refuse: with the path of what is wrong."""

from __future__ import annotations

from typing import NoReturn

from ..errors import InvalidRequest


def refuse(path: str, message: str, code: str = "invalid_value") -> NoReturn:
    """Raise InvalidRequest for the field at ``path``."""
    raise InvalidRequest(f"{path}: {message}", param=path, code=code)


def require(present: object, path: str, owner: str) -> None:
    """Refuse unless ``present`` is something: the field at ``path`` is required by its owner."""
    if present is None:
        refuse(path, f"required {owner}, but missing", "missing_required_parameter")
