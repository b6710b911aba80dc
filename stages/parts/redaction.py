"""Keys out of what is kept: so that no file says what only its owner may know.

The rule. Taken for a secret, and replaced by as many asterisks, is

1. the key that the caller came with, wherever it stands, unless it is so short that it might be a word;
2. the text of a JSON field whose name says that it is one, such as ``api_key`` or ``client_secret``, also in JSON that
   stands inside a text, as the arguments of tool calls do;
3. what looks like a key: those of well-known providers by how they begin, ``Bearer`` and what follows, JSON web
   tokens, and private keys in PEM.

Bytes are looked at as they came: what is no JSON is searched like what is, and the rest of it stays as it was.
"""

from __future__ import annotations

import re
from functools import lru_cache

SHORT = 8
"""Characters of a caller's key below which it is no secret, and might be a word: clients without one send "none"."""

_KEY = re.compile(
    rb"(?<![A-Za-z0-9])(?:"
    rb"(?:sk|pk|rk|gsk|hf|r8|xai|pplx|nvapi|glpat|gh[oprsu]|github_pat|xox[abeoprs])[-_]|AIza|AKIA|ASIA|Bearer\s+|bearer\s+)"
    rb"[A-Za-z0-9._~+/=-]{16,}"
    rb"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    rb"|-----BEGIN[A-Z ]{1,40}PRIVATE KEY-----(?:(?!-----END).)*",
    re.DOTALL,
)
_OF_A_KEY = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+/=-")
_RUNS = bytes(0x6B if code in _OF_A_KEY else 0x20 for code in range(256))
_RUN = b"k" * 16

_NAME = re.compile(
    rb"api[_-]?key|password|passwd|passphrase|secret|credential|authorization"
    rb"|(?:access|account|private|signing)[_-]?key|(?:access|auth|bearer|id|refresh|session)[_-]?token",
    re.IGNORECASE,
)
# Of a field with a text. It may stand one level down, in JSON inside of a text: there each quote has a backslash, and a
# quote inside of the value three.
_HEAD = re.compile(rb'"([^"\\]{1,80})\\?"\s*:\s*(\\?)"')
_VALUE = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_INNER_VALUE = re.compile(rb'(?:[^"\\]|\\{4}|\\{3}"|\\{1,2}[^"\\])*')


@lru_cache(maxsize=256)
def _tells_a_secret(name: bytes) -> bool:
    return _NAME.search(name) is not None


class Redaction:
    """Takes secrets out of what is kept of one exchange.

    Args:
        credential: The caller's key, or None.
    """

    def __init__(self, credential: str | None) -> None:
        self._spellings: tuple[bytes, ...] = ()
        if credential is not None and len(credential) >= SHORT:
            plain = credential.encode("utf-8", "surrogatepass")
            in_json = plain.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            # The longest first: in what is left of it, a shorter one is not to be found any more.
            spellings = {plain, in_json, in_json.replace(b"/", b"\\/")}
            self._spellings = tuple(sorted(spellings, key=len, reverse=True))

    def of(self, data: bytes) -> bytes:
        """Return the bytes with asterisks in place of secrets; their number stays the same."""
        for spelling in self._spellings:
            if spelling in data:
                data = data.replace(spelling, b"*" * len(spelling))
        # Most bodies have neither, and to find that out takes a tenth of what looking for them takes.
        if any(_tells_a_secret(name) for name, _ in _HEAD.findall(data)):
            data = _without_values(data)
        if _RUN in data.translate(_RUNS):
            data = _KEY.sub(_starred, data)
        return data

    def of_text(self, text: str) -> str:
        """Return a text in the same way."""
        plain = text.encode("utf-8", "surrogatepass")
        kept = self.of(plain)
        return text if kept is plain or kept == plain else kept.decode("utf-8", "surrogatepass")


def _starred(found: re.Match[bytes]) -> bytes:
    return b"*" * len(found[0])


def _without_values(data: bytes) -> bytes:
    """Return JSON with asterisks for the texts of fields whose names say that they are secret."""
    kept = bytearray(data)
    for head in _HEAD.finditer(data):
        if _tells_a_secret(head[1]):
            value = (_INNER_VALUE if head[2] else _VALUE).match(data, head.end())
            if value is not None:
                kept[value.start() : value.end()] = b"*" * (value.end() - value.start())
    return bytes(kept)
