"""Variables in a configuration: what stands in the environment or in a file, and not in the text.

::

    ${NAME}             the variable; an error if it is not set
    ${NAME:-default}    the default if it is not set, or empty; may hold variables itself
    ${NAME:?message}    an error with this message if it is not set, or empty
    ${file:/a/path}     what the file holds, without its last line break
    $$                  a dollar sign, where one before a brace is meant as such

Any other dollar sign is itself. What a variable holds is never looked at for further variables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MAX_FILE = 1024 * 1024
MAX_DEPTH = 8
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class VariableError(ValueError):
    """A variable cannot be filled in.

    Attributes:
        code: ``missing-variable``, ``missing-file`` or ``wrong-variable``.
        hint: What to do about it, or empty.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


def read_secret_file(path: str) -> str:
    """Return the text of a file as secrets are mounted: at most 1 MiB of UTF-8.

    Raises:
        VariableError: It cannot be read, or is larger, or is not text.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        raise VariableError("missing-file", f"cannot read {path!r}: {reason}") from error
    if len(data) > MAX_FILE:
        raise VariableError("missing-file", f"{path!r} is larger than 1 MiB")
    try:
        return data.decode()
    except UnicodeDecodeError:
        # Not chained: that error carries the bytes.
        raise VariableError("missing-file", f"{path!r} is not text in UTF-8") from None


@dataclass(frozen=True, slots=True)
class Expanded:
    """Text with its variables filled in, and the names of those it was made of."""

    text: str = field(repr=False)
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variables:
    """Fills in variables from an environment, and from files through ``read``."""

    environ: Mapping[str, str] = field(repr=False)
    read: Callable[[str], str] = read_secret_file

    def expand(self, text: str) -> Expanded:
        """Return ``text`` with its variables filled in.

        Raises:
            VariableError: One is not set, or is not written as above.
        """
        names: list[str] = []
        return Expanded(self._expand(text, names, 0), tuple(dict.fromkeys(names)))

    def _expand(self, text: str, names: list[str], depth: int) -> str:
        if depth > MAX_DEPTH:
            raise VariableError("wrong-variable", f"defaults stand inside of each other more than {MAX_DEPTH} deep")
        parts: list[str] = []
        at = 0
        while (dollar := text.find("$", at)) >= 0:
            parts.append(text[at:dollar])
            follows = text[dollar + 1 : dollar + 2]
            if follows == "{":
                end = _closing(text, dollar + 2)
                parts.append(self._value(text[dollar + 2 : end], names, depth))
                at = end + 1
            else:
                parts.append("$")
                at = dollar + (2 if follows == "$" else 1)
        return "".join([*parts, text[at:]])

    def _value(self, inside: str, names: list[str], depth: int) -> str:
        if inside.startswith("file:"):
            path = inside.removeprefix("file:")
            names.append(path)
            return self.read(path).removesuffix("\n").removesuffix("\r")
        found = _NAME.match(inside)
        if found is None:
            raise VariableError("wrong-variable", "a variable has no name", "write $${ for the characters ${")
        name, rest = found.group(), inside[found.end() :]
        if rest and rest[:2] not in (":-", ":?"):
            raise VariableError(
                "wrong-variable",
                f"the name {name!r} of a variable goes on with {rest[:1]!r}",
                f"write ${{{name}}}, ${{{name}:-default}} or ${{{name}:?message}}",
            )
        names.append(name)
        value = self.environ.get(name)
        if value or (value is not None and not rest):
            return value
        if rest[:2] == ":-":
            return self._expand(rest[2:], names, depth + 1)
        if rest[:2] == ":?":
            raise VariableError("missing-variable", f"{name} is not set: {rest[2:] or 'it must be'}")
        hint = f"set it, or write ${{{name}:-}} if it may be missing"
        raise VariableError("missing-variable", f"{name} is not set", hint)


def _closing(text: str, start: int) -> int:
    """Return where the brace before ``start`` closes; defaults may hold pairs of braces."""
    depth = 1
    for at in range(start, len(text)):
        if text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if not depth:
                return at
    raise VariableError("wrong-variable", "a ${ has no closing }", "write $${ for the characters ${")
