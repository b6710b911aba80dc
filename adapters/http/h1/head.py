"""The head of a request: llhttp reads it, and what llhttp lets through beyond the RFCs is refused here.

A head is parsed whole, by a parser that lives no longer than that: nothing of one request can leak into the next, and
an idle connection has none. Bodies are framed in `body`, from what the head says (RFC 9112, section 6.3).
"""

from __future__ import annotations

import re
from typing import NamedTuple

import httptools

from .errors import BadHttp
from .limits import Limits

Headers = list[tuple[bytes, bytes]]

END = b"\r\n\r\n"
TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_LINE = re.compile(rb"(%s) ([!-~]+) HTTP/([0-9])\.([0-9])" % TOKEN)
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}(?: |\Z)")
_STRAY = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)|\0")
_HOST = re.compile(rb"(?:[!$&'()*+,;=._~%0-9A-Za-z-]*|\[[0-9A-Fa-f:.%]+\])(?::[0-9]{0,5})?")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?]+)(.*)")


class Head(NamedTuple):
    """What a request's head says.

    Attributes:
        target: The path and query, `*`, or for CONNECT an authority. An absolute URL has been taken apart.
        minor: The version is HTTP/1.``minor``.
        headers: In order, names in lower case.
        length: Bytes of the body, or None if it is chunked.
        keep_alive: Whether the client would send another request on this connection.
        expects: Whether the client waits for ``100 Continue`` before it sends the body.
        upgrade: What the client would rather speak, in lower case; empty if nothing.
    """

    method: str
    target: bytes
    minor: int
    headers: Headers
    length: int | None
    keep_alive: bool
    expects: bool
    upgrade: bytes


UNREAD = Head("GET", b"/", 1, [], 0, False, False, b"")
"""Stands for a request that could not be read; only an error answers it."""


class _Fields:
    """Takes llhttp's calls."""

    __slots__ = ("headers", "on_header")

    def __init__(self) -> None:
        self.headers: Headers = []
        append = self.headers.append

        def on_header(name: bytes, value: bytes) -> None:
            append((name.lower(), value.rstrip(b" \t")))

        self.on_header = on_header


def check_part(data: bytes, limits: Limits) -> None:
    """Check what is there of an unfinished head, so that what can never be one is refused now and not after a wait.

    Raises:
        BadHttp: It can never be a good head.
    """
    line, ended, _ = data.partition(b"\r\n")
    if not ended:
        line = line.removesuffix(b"\r")
    if _METHOD.match(line) is None:
        raise BadHttp("this is no HTTP request: it does not begin with a method")
    _check_line_length(line, limits)
    if ended:
        _check_line(line)
    if (stray := _STRAY.search(data)) is not None:
        raise BadHttp(f"the head has a bare {_NAMES[stray[0]]} at byte {stray.start()}; lines end with CR LF")
    if len(data) >= limits.head:
        raise _too_large(limits)


_NAMES = {b"\n": "LF", b"\r": "CR", b"\0": "NUL"}


def parse_head(data: bytes, limits: Limits) -> Head:
    """Return what a whole head says.

    Args:
        data: From the request line to the empty line, both included.

    Raises:
        BadHttp: It is not as RFC 9112 wants it, or over a limit.
    """
    if len(data) > limits.head:
        raise _too_large(limits)
    line = data[: data.index(b"\r\n")]
    _check_line_length(line, limits)
    method, target, minor = _check_line(line)
    fields = _Fields()
    try:
        httptools.HttpRequestParser(fields).feed_data(data)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserInvalidMethodError as error:
        raise BadHttp(f"method {_show(method)} is not known here", status=501, code="not_implemented") from error
    except httptools.HttpParserInvalidURLError as error:
        raise BadHttp(f"the request target is wrong: {error}") from error
    except httptools.HttpParserError as error:
        raise _named(error, fields.headers) from error
    if len(fields.headers) > limits.fields:
        raise BadHttp(
            f"the head has {len(fields.headers)} headers, limit {limits.fields}", status=431, code="head_too_large"
        )
    return _read(method.decode("ascii"), target, minor, fields.headers)


def _check_line_length(line: bytes, limits: Limits) -> None:
    if len(line) > limits.line:
        raise BadHttp(f"the request line is over {limits.line} bytes", status=414, code="request_line_too_long")


def _check_line(line: bytes) -> tuple[bytes, bytes, int]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise BadHttp("the request line is not of the form `METHOD target HTTP/1.1`")
    method, target, major, minor = match.groups()
    if major != b"1" or minor > b"1":
        version = f"HTTP/{major.decode()}.{minor.decode()}"
        raise BadHttp(f"{version} is not spoken here, only HTTP/1.1", status=505, code="http_version_not_supported")
    if b"#" in target:
        raise BadHttp("the request target has a fragment (#), which clients keep to themselves")
    return method, target, int(minor)


def _read(method: str, target: bytes, minor: int, headers: Headers) -> Head:
    length: int | None = 0
    connection = upgrade = b""
    host: bytes | None = None
    expects = False
    for name, value in headers:
        if name == b"host":
            if host is not None:
                raise BadHttp("the head has more than one Host")
            host = value
        elif name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            _check_coding(value, minor)
            length = None
        elif name == b"connection":
            connection += b"," + value.lower()
        elif name == b"expect":
            expects = _expects(value, minor)
        elif name == b"upgrade":
            upgrade = value.lower()
    if host is None:
        if minor == 1:
            raise BadHttp("the head has no Host, which HTTP/1.1 requires")
    elif _HOST.fullmatch(host) is None:
        raise BadHttp("Host is no host")
    options = [option.strip() for option in connection.split(b",")] if connection else ()
    keep_alive = b"close" not in options and (minor == 1 or b"keep-alive" in options)
    if b"upgrade" not in options or minor == 0:
        upgrade = b""
    if target[0] != 0x2F or method == "CONNECT":
        target = _origin_form(method, target, headers)
    return Head(method, target, minor, headers, length, keep_alive, expects and length != 0, upgrade)


def _check_coding(value: bytes, minor: int) -> None:
    if value.lower() != b"chunked":
        message = f"Transfer-Encoding {_show(value)} is not known here, only chunked"
        raise BadHttp(message, status=501, code="not_implemented")
    if minor == 0:
        raise BadHttp("HTTP/1.0 has no Transfer-Encoding")


def _expects(value: bytes, minor: int) -> bool:
    if value.lower() != b"100-continue":
        raise BadHttp(f"Expect: {_show(value)} cannot be met", status=417, code="expectation_failed")
    return minor == 1


def _origin_form(method: str, target: bytes, headers: Headers) -> bytes:
    """Return the path of a target in another form; the host of an absolute one replaces ``Host``."""
    if method == "CONNECT":
        if _HOST.fullmatch(target) is None:
            raise BadHttp("CONNECT takes host:port")
        return target
    if target == b"*":
        if method != "OPTIONS":
            raise BadHttp(f"the target * is for OPTIONS, not {method}")
        return target
    match = _ABSOLUTE.fullmatch(target)
    if match is None or _HOST.fullmatch(match[1]) is None:
        raise BadHttp("the request target is neither a path nor an http URL")
    headers[:] = [(b"host", match[1]), *(pair for pair in headers if pair[0] != b"host")]
    path = match[2]
    return path if path[:1] == b"/" else b"/" + path


def _named(error: httptools.HttpParserError, headers: Headers) -> BadHttp:
    after = f" after header {_show(headers[-1][0])}" if headers else ""
    return BadHttp(f"the head is wrong{after}: {error}")


def _too_large(limits: Limits) -> BadHttp:
    return BadHttp(f"head is over {limits.head // 1024} KiB, its limit", status=431, code="head_too_large")


def _show(value: bytes) -> str:
    return ascii(value[:40].decode("latin-1"))
