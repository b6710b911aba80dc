"""What of a URL nobody may see: the user's part, and the values of its query, where keys travel too."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

HIDDEN = "***"
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<place>[^?#\s]*)(?P<rest>\S*)")
_VALUE = re.compile(r"(?P<name>[?&;#](?:[^=&;#]*=)?)[^&;#]+")


def masked_url(text: str) -> str:
    """Return a text with the secrets of the URLs in it hidden.

    What stands before the last @ is the user's part, even behind a slash: rather too much is hidden than the end of a
    password that nobody has encoded.
    """
    return _URL.sub(_masked, text) if "://" in text else text


def url_secrets(url: str) -> set[str]:
    """Return what may be secret in a URL: the password, or the user where there is none, and the query's values.

    Each as it is written and as it is meant, since messages may have either.
    """
    parts = _URL.fullmatch(url.strip())
    if parts is None:
        return set()
    user, _, password = parts["place"].rpartition("@")[0].partition(":")
    found = {password or user}
    for pair in re.split("[?&;#]", parts["rest"]):
        name, equals, value = pair.partition("=")
        found.add(value if equals else name)
    found |= {unquote(value) for value in found} | {unquote_plus(value) for value in found}
    return found - {""}


def _masked(parts: re.Match[str]) -> str:
    _, at, place = parts["place"].rpartition("@")
    shown = f"{HIDDEN}@{place}" if at else place
    return parts["scheme"] + shown + _VALUE.sub(rf"\g<name>{HIDDEN}", parts["rest"])
